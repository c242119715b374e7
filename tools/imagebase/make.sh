#!/usr/bin/env bash
# Makes a stand-in for the base image of the Dockerfile, from Debian's packages alone, as an OCI layout:
# the same Debian, without documentation and translations as its slim images are, and Debian's Python of the
# same minor version moved to /usr/local, where the official Python images have theirs, with pip beside it.
# It is for the tests of the image, which must build without a registry; what is released is made of the real one.
# Usage: make.sh NAME FOLDER, with the name as in the Dockerfile (…/python:X.Y-slim-SUITE). Needs root.
set -euo pipefail

name=$1 folder=$2
[[ $name =~ :([0-9]+\.[0-9]+)-slim-([a-z]+)$ ]] || { echo "$name is no python:X.Y-slim-SUITE" >&2; exit 1; }
python=${BASH_REMATCH[1]} suite=${BASH_REMATCH[2]}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

debootstrap --force-check-gpg --variant=minbase \
    --include="ca-certificates,netbase,tzdata,python$python,python$python-venv" \
    "$suite" "$root" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }

# Debian's slim images leave out what only people read.
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/log/* \
    "$root"/var/cache/ldconfig/* "$root"/usr/share/{doc,man,info,locale,lintian,groff}/*

# Debian looks for packages in dist-packages, the official images in site-packages: one folder by two names.
library=$root/usr/local/lib/python$python
rm -rf "$library"
mv "$root/usr/lib/python$python" "$library"
mv "$root/usr/bin/python$python" "$root/usr/local/bin/"
ln -s "python$python" "$root/usr/local/bin/python3"
ln -s python3 "$root/usr/local/bin/python"
find "$library" -depth -name __pycache__ -exec rm -rf {} +
mkdir -p "$library/site-packages"
ln -s site-packages "$library/dist-packages"

inside() {
    PYTHONDONTWRITEBYTECODE=1 chroot "$root" "$@"
}

# The official images bring pip, also as the wheel that makes environments.
wheel=$(echo "$root"/usr/share/python-wheels/pip-*.whl)
mkdir -p "$library/ensurepip/_bundled"
inside /usr/local/bin/python3 -m zipfile -e "${wheel#"$root"}" "/usr/local/lib/python$python/site-packages"
mv "$wheel" "$library/ensurepip/_bundled/"
rm -rf "$root/usr/share/python-wheels"
printf '#!/usr/local/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n' \
    >"$root/usr/local/bin/pip"
chmod 755 "$root/usr/local/bin/pip"
inside /usr/local/bin/pip --version >/dev/null

buildah() {
    command buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}
container=$(buildah from scratch)
buildah add --quiet "$container" "$root" / >/dev/null
buildah config --cmd python3 --env LANG=C.UTF-8 \
    --env PATH=/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
buildah commit --quiet --rm "$container" "oci:$folder:base" >/dev/null
