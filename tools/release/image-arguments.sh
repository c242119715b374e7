#!/usr/bin/env bash
# Prints what the image of a release is told of itself, as outputs of a step: `version`, `epoch` and `arguments`.
# The digest is that which the base's tag has now. `INSPECT` names another command that tells it, for tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

base=$(sed -n 's/^ARG BASE_NAME=//p' Dockerfile)
buildx="docker buildx imagetools inspect --format {{.Manifest.Digest}}"
read -ra inspect <<<"${INSPECT:-$buildx}"
digest=$("${inspect[@]}" "$base")
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "no digest of $base: $digest" >&2; exit 1; }

version=$(sed -n 's/^ARG VERSION=//p' Dockerfile)
epoch=$(git log -1 --format=%ct)
cat <<END
version=$version
epoch=$epoch
arguments<<END-OF-ARGUMENTS
BASE_DIGEST=$digest
VERSION=$version
REVISION=$(git rev-parse HEAD)
CREATED=$(date --utc --date="@$epoch" +%Y-%m-%dT%H:%M:%SZ)
END-OF-ARGUMENTS
END
