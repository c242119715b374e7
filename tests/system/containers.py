"""Builds images with buildah in a folder of the test, and runs them as a container engine would.

Knows buildah, namespaces and wheels, and nothing of what is in an image. No registry is asked: the base comes
from `make tools`, and the packages from where pip on this machine has them.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.programs import PROJECT, require_made, require_superuser, require_tool
from tests.system.processes import Process, start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DOCKERFILE: Final = PROJECT / "Dockerfile"
ARGUMENTS: Final = dict(
    re.findall(r"^ARG (\w+)=(\S*)$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
)
"""What the Dockerfile takes where nobody says another."""

BASE_NAME: Final = ARGUMENTS["BASE_NAME"]
PYTHON: Final = BASE_NAME.rpartition(":")[2].partition("-")[0]
"""The Python of the image, as 3.x."""

MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
"""The platforms that are released, and what wheels call them."""

HERE: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "amd64")
"""The platform of this machine."""

BASE_GLIBC: Final = 41
"""The minor version of the C library in the base's Debian (2.41)."""

# What a container engine gives a read-only container: its files, a few devices, its own processes, no rights.
CONTAINED: Final = """
root=$1 owner=$2; shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
while [ "$1" != -- ]; do
    mount --bind "${1%:*}" "$root${1##*:}"
    shift
done
shift
mount -t tmpfs -o mode=755 none "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
exec unshare --pid --fork --kill-child --root="$root" --mount-proc=/proc --wd=/ \
    setpriv --reuid="${owner%:*}" --regid="${owner#*:}" --clear-groups --no-new-privs --bounding-set=-all \
    --inh-caps=-all "$@"
"""


def download_wheels(folder: Path, architecture: str) -> Path:
    """Fetch the wheels of the image's locks for a platform, by their hashes; return their folder."""
    wheels = folder / architecture
    glibcs = [
        f"--platform=manylinux_2_{minor}_{MACHINES[architecture]}" for minor in range(BASE_GLIBC, 4, -1)
    ]
    old = [f"--platform=manylinux{old}_{MACHINES[architecture]}" for old in ("2014", "2010", "1")]
    locks = [f"--requirement={PROJECT / 'requirements' / lock}.txt" for lock in ("runtime", "build")]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}", *glibcs, *old]
    call([*command, *locks, f"--dest={wheels}"])
    return wheels


def call(command: Sequence[str | Path], *, folder: Path | None = None) -> str:
    """Return what a program says on standard output; an AssertionError with all it said when it fails."""
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, f"{command}\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}"
    return ran.stdout


@dataclass(frozen=True, slots=True)
class Container:
    """One that runs; `rights` is what it was started with besides its command."""

    process: Process
    rights: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def first(self) -> int:
        """Its process number 1, as this machine numbers it."""
        parent = self.process.popen.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        return int(children[0])

    def stop(self, *, patience: float = 15.0) -> int:
        """Ask process 1 to end by SIGTERM, insist after `patience` seconds; return its exit status.

        What started it does not pass signals on, and takes it along when killed.
        """
        if self.process.popen.poll() is None:
            with suppress(IndexError, ProcessLookupError):
                os.kill(self.first, signal.SIGTERM)
        return self.process.stop(patience=patience)

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a further command inside, with the same rights, as health checks are."""
        enter = ["nsenter", f"--target={self.first}", "--mount", "--pid", "--root", "--wd=/"]
        return subprocess.run(
            [*enter, *self.rights, *command],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@dataclass(frozen=True, slots=True)
class Workshop:
    """buildah, with storage of its own."""

    folder: Path

    def buildah(self, *arguments: str | Path, folder: Path | None = None) -> str:
        """Return what buildah says, started in that folder."""
        places: list[str | Path] = ["--root", self.folder / "storage", "--runroot", self.folder / "run"]
        command = [require_tool("buildah"), *places, "--storage-driver", "vfs", *arguments]
        return call(command, folder=folder)

    def bring_base(self) -> str:
        """Import what `make tools` made, under the base's name; return its digest."""
        name = BASE_NAME.rpartition("/")[2].replace(":", "-")
        index = require_made(PROJECT / ".tools" / "imagebase" / name / "index.json")
        # By a relative path: buildah makes a name of it, and not every folder would do as one.
        identity = self.buildah("pull", "--quiet", f"oci:{name}:base", folder=index.parent.parent).strip()
        self.buildah("tag", identity, BASE_NAME)
        (known,) = json.loads(index.read_text(encoding="utf-8"))["manifests"]
        return str(known["digest"])

    def build(self, context: Path, *flags: str | Path, tag: str) -> None:
        """Build what the Dockerfile in the context says, without a registry and with nothing remembered."""
        fixed = ("--pull-never", "--isolation", "chroot", "--no-cache", "--timestamp", "0")
        self.buildah("bud", *fixed, "--format", "docker", "--tag", tag, *flags, context)

    def mounted(self, tag: str) -> Path:
        """Return the folder with all files of the image."""
        return Path(self.buildah("mount", self.buildah("from", "--pull-never", tag).strip()).strip())

    def configuration(self, tag: str) -> dict[str, Any]:
        """Return the image's configuration: `config`, `history`, `rootfs`."""
        configuration: dict[str, Any] = json.loads(
            json.loads(self.buildah("inspect", "--type", "image", tag))["Config"]
        )
        return configuration

    def push(self, tag: str, folder: Path) -> dict[str, Any]:
        """Write the image to a folder as an OCI layout, as a registry would have it; return its manifest."""
        self.buildah("push", "--quiet", tag, f"oci:{folder}")
        (known,) = json.loads((folder / "index.json").read_text(encoding="utf-8"))["manifests"]
        blob = folder / "blobs" / known["digest"].replace(":", "/")
        return {"digest": known["digest"], **json.loads(blob.read_text(encoding="utf-8"))}


def in_memory(folder: Path, *, memory: Path = Path("/dev/shm"), needed: int = 4 << 30) -> Path:
    """Return a new folder in memory where there is room, or else the one on disk: images are many files."""
    if memory.is_dir() and shutil.disk_usage(memory).free >= needed:
        return Path(tempfile.mkdtemp(prefix="images-", dir=memory))
    return folder


def open_workshop(folder: Path) -> Workshop:
    """Return a workshop in that folder; skip (laptop) or fail (CI) where it cannot work."""
    require_superuser()
    require_tool("buildah", hint="Debian's package `buildah`")
    return Workshop(folder)


def run_contained(
    root: Path,
    *command: str,
    owner: str,
    environment: Mapping[str, str],
    log: Path,
    volumes: Sequence[str] = (),
) -> Container:
    """Start a command of an image as process 1: files read-only, no rights, as `owner` (`uid:gid`).

    A volume is `folder:place`, and can be written to by whom its folder belongs to.
    """
    user, _, group = owner.partition(":")
    rights = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs")
    shell: list[str | Path] = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-euc",
        CONTAINED,
        "sh",
    ]
    started = start([*shell, root, owner, *volumes, "--", *command], log=log, env=environment)
    return Container(started, rights, environment)
