"""The image: really built on Debian with the Python of its base, looked through, and run with no rights."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import stat
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx
import pytest
from packaging.utils import parse_wheel_filename

import exporter
from tests.programs import PROJECT
from tests.system.containers import (
    BASE_NAME,
    HERE,
    MACHINES,
    PYTHON,
    Container,
    Workshop,
    call,
    download_wheels,
    in_memory,
    open_workshop,
    run_contained,
)
from tests.system.processes import eventually, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.system

REVISION: Final = "0123456789abcdef0123456789abcdef01234567"
CANARY: Final = "index-of-nobody"
"""In pip's configuration, which nothing of the image may remember."""

COMMAND: Final = "/opt/presence-exporter/bin/presence-exporter"
PACKAGES: Final = f"opt/presence-exporter/lib/python{PYTHON}/site-packages"
MEGABYTE: Final = 1_000_000
LABEL: Final = "org.opencontainers.image."
LISTEN: Final = "PRESENCE_EXPORTER_WEB_LISTEN_ADDRESS"
BUILDERS_OWN: Final = "io.buildah.version"

BESIDE: Final = (
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "requirements/build.txt",
    "requirements/dev.in",
    "requirements/runtime.txt",
    "setup.cfg",
)
"""What the build needs besides the package."""

RELEASED: Final = {
    "HOME_PAGE": "https://exporter.example.net",
    "SOURCE": "https://git.example.net/exporter",
    "VENDOR": "Example Ltd",
    "AUTHORS": "Example <mail@example.net>",
    "VERSION": exporter.__version__,
    "REVISION": REVISION,
    "CREATED": "2026-01-02T03:04:05Z",
}


SETTINGS: Final = """
ledger: {{url: sqlite:////var/lib/presence-exporter/ledger.db}}
sources:
  - {{name: daily, kind: daily, base_url: "http://127.0.0.1:{port}/v1", api_key_file: daily}}
"""


class Contained(Protocol):
    """Starts a command of the image with no rights, as `owner` (`uid:gid`)."""

    def __call__(self, *command: str, owner: str = ..., volumes: Sequence[str] = ...) -> Container: ...


@dataclass(frozen=True, slots=True)
class Built:
    """The image, and where its files are."""

    workshop: Workshop
    tag: str
    root: Path
    base_digest: str
    recipe: tuple[str | Path, ...]

    @property
    def config(self) -> dict[str, Any]:
        """What it says of how it is run."""
        config: dict[str, Any] = self.workshop.configuration(self.tag)["config"]
        return config


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Give buildah with storage of this file's own, and remove it afterwards: it is large."""
    folder = in_memory(tmp_path_factory.mktemp("images"))
    try:
        yield open_workshop(folder)
    finally:
        call(["rm", "-rf", folder])


def test_images_are_kept_in_memory_only_where_there_is_room(tmp_path: Path) -> None:
    """A machine without so much memory builds on disk, more slowly."""
    assert in_memory(tmp_path, memory=tmp_path / "none") == tmp_path
    assert in_memory(tmp_path, memory=tmp_path, needed=1 << 60) == tmp_path
    assert in_memory(tmp_path / "disk", memory=tmp_path, needed=1).parent == tmp_path


@pytest.fixture(scope="module")
def wheels(workshop: Workshop) -> Path:
    """Fetch the packages once for all that is built, where images can be built at all."""
    return download_wheels(workshop.folder / "wheels", HERE)


@pytest.fixture(scope="module")
def built(workshop: Workshop, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the image as a release would, with pip's configuration as a secret."""
    configuration = tmp_path_factory.mktemp("pip") / "pip.conf"
    configuration.write_text(f"[global]\n# {CANARY}\nno-index = true\nfind-links = /mnt\n", encoding="utf-8")
    digest = workshop.bring_base()
    said = {**RELEASED, "BASE_DIGEST": digest}
    recipe: list[str | Path] = [
        "--secret",
        f"id=pip.conf,src={configuration}",
        "--volume",
        f"{wheels}:/mnt:ro",
    ]
    for name, value in said.items():
        recipe += ["--build-arg", f"{name}={value}"]
    workshop.build(PROJECT, *recipe, tag="presence:first")
    return Built(workshop, "presence:first", workshop.mounted("presence:first"), digest, tuple(recipe))


def files(root: Path) -> set[str]:
    """All names below a folder, links too, as POSIX paths from there."""
    return {
        os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - a hundred thousand names
        for folder, _, names in os.walk(root)
        for name in names
    }


def package_files() -> set[str]:
    """What the package has in this checkout, from its folder."""
    made = re.compile(r"__pycache__/|^REVISION$")
    return {name for name in files(PROJECT / "exporter") if not made.search(name)}


def copy_sources(folder: Path) -> Path:
    """Copy what is built, and what says how, as the checkout of somebody with other habits would have it."""
    for name in (f"exporter/{name}" for name in package_files()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, folder / name)
    shutil.copytree(PROJECT / "requirements", folder / "requirements")
    for name in (*BESIDE, "Dockerfile", ".dockerignore"):
        shutil.copyfile(PROJECT / name, folder / name)
    for path in folder.rglob("*"):
        path.chmod(0o770 if path.is_dir() else 0o660)
    return folder


def test_the_labels_say_what_is_in_it(built: Built) -> None:
    """The standard ones all, and no other; what a release says of itself is in them."""
    description = "Prometheus exporter for who is present: Daily video rooms and Rocket.Chat workspaces"
    labels = {name: value for name, value in built.config["Labels"].items() if name != BUILDERS_OWN}
    assert labels == {
        f"{LABEL}title": "presence-exporter",
        f"{LABEL}description": description,
        f"{LABEL}licenses": "Apache-2.0",
        f"{LABEL}url": RELEASED["HOME_PAGE"],
        f"{LABEL}documentation": RELEASED["HOME_PAGE"],
        f"{LABEL}source": RELEASED["SOURCE"],
        f"{LABEL}vendor": RELEASED["VENDOR"],
        f"{LABEL}authors": RELEASED["AUTHORS"],
        f"{LABEL}version": exporter.__version__,
        f"{LABEL}revision": REVISION,
        f"{LABEL}created": RELEASED["CREATED"],
        f"{LABEL}base.name": BASE_NAME,
        f"{LABEL}base.digest": built.base_digest,
    }


def test_it_says_how_to_run_it(built: Built) -> None:
    """A user without a name and without rights, our command without a shell, our health check, our port."""
    config = built.config
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == [COMMAND]
    assert config["Cmd"] in ([], None)
    assert config["Healthcheck"]["Test"] == ["CMD", COMMAND, "healthcheck"]
    assert config["ExposedPorts"] == {"10458/tcp": {}}
    assert not config["Volumes"]
    environment = dict(entry.split("=", 1) for entry in config["Env"])
    assert environment.keys() == {"LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    assert environment["PATH"].startswith("/opt/presence-exporter/bin:")


def test_it_has_the_whole_package_compiled(built: Built) -> None:
    """Every module is there with its bytecode, which is taken without a look at the file's moment."""
    package = built.root / PACKAGES / "exporter"
    assert {name for name in files(package) if "__pycache__" not in name} == package_files() | {"REVISION"}
    sources = [*package.rglob("*.py"), *(built.root / f"usr/local/lib/python{PYTHON}/asyncio").glob("*.py")]
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-{PYTHON.replace('.', '')}.pyc"
        assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", source


def test_it_has_nothing_that_installs_compiles_or_gives_rights(built: Built) -> None:
    """No pip in any form, no compiler, no setuid or setgid file; and what serves belongs to root alone."""
    names = files(built.root)
    tools = re.compile(
        r"/(pip[\d.]*|g?cc|cc1|c\+\+|ld|make|git|curl|wget)$|/ensurepip/|/pip(-[\d.]+\S*)?/|\.whl$"
    )
    assert [name for name in names if tools.search(f"/{name}")] == []
    for name in names:
        status = (built.root / name).lstat()
        assert stat.S_ISLNK(status.st_mode) or not status.st_mode & (stat.S_ISUID | stat.S_ISGID), name
        if name.startswith(("opt/", "usr/")) and not stat.S_ISLNK(status.st_mode):
            assert (status.st_uid, status.st_mode & 0o022) == (0, 0), name


def test_its_state_is_for_its_user_and_for_group_0(built: Built) -> None:
    """Platforms that give a container any user give it the group 0."""
    status = (built.root / "var/lib/presence-exporter").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (65532, 0, 0o770)
    assert stat.S_IMODE((built.root / "etc/presence-exporter").stat().st_mode) == 0o755


def test_nothing_of_the_build_is_left(built: Built) -> None:
    """No test, source archive, cache, VCS file, and no word of how pip was told where to ask."""
    places = ("opt/", "source/", "wheel", "root/", "tmp/", "var/tmp/", "etc/pip")
    ours = {name for name in files(built.root) if name.startswith(places)}
    assert [name for name in ours if not name.startswith(("opt/presence-exporter/", "root/."))] == []
    left = re.compile(
        r"(^|/)(\.git\w*|\.cache|\.env|Dockerfile|requirements|pip\.conf|direct_url\.json)(/|$)"
    )
    assert [name for name in ours if left.search(name) or name.startswith(f"{PACKAGES}/tests/")] == []
    assert CANARY not in json.dumps(built.workshop.configuration(built.tag))


def test_the_context_has_what_is_built_and_nothing_else(workshop: Workshop, tmp_path: Path) -> None:
    """Secrets, tests and version control stay outside, also where they lie within the package."""
    context = copy_sources(tmp_path / "context")
    wanted = {f"exporter/{name}" for name in package_files()} | set(BESIDE)
    for trap in (
        ".git/config",
        ".env",
        "secrets/daily",
        "tests/test_rooms.py",
        "ledger.db",
        ".venv/bin/python",
        "exporter/REVISION",
        "exporter/id_rsa",
        "exporter/web/.env",
        "exporter/web/server.key",
        "exporter/web/templates/token",
        "exporter/config/daily_api_key.txt",
        "exporter/__pycache__/app.cpython-311.pyc",
    ):
        (context / trap).parent.mkdir(parents=True, exist_ok=True)
        (context / trap).write_text("trap", encoding="utf-8")
    recipe = tmp_path / "Containerfile"
    recipe.write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    workshop.build(context, "--file", recipe, tag="context:all")
    assert files(workshop.mounted("context:all")) == wanted


def test_it_is_small_and_the_same_each_time(built: Built, tmp_path: Path) -> None:
    """A copy of the sources, built at another moment from another folder, is the same to the last bit."""
    context, pushed = copy_sources(tmp_path / "elsewhere"), built.workshop.folder / "pushed"
    pushed.mkdir()
    built.workshop.build(context, *built.recipe, tag="presence:second")
    first = built.workshop.push(built.tag, pushed / "first")
    second = built.workshop.push("presence:second", pushed / "second")
    assert first == second
    base, ours = (layer["size"] for layer in first["layers"])
    assert base + ours < 120 * MEGABYTE
    page = (PROJECT / "docs" / "docker.md").read_text(encoding="utf-8")
    told = [int(megabytes) for megabytes in re.findall(r", compressed \| (\d+) MB", page)]
    assert [ours / MEGABYTE, base / MEGABYTE] == pytest.approx(told, rel=0.2)
    remembered = (pushed / "first/blobs" / first["layers"][1]["digest"].replace(":", "/")).read_bytes()
    assert CANARY.encode() not in gzip.decompress(remembered)


@pytest.mark.parametrize("architecture", MACHINES)
def test_all_packages_have_wheels_for_each_platform(architecture: str, tmp_path: Path, wheels: Path) -> None:
    """Nothing has to be compiled: the whole lock is there for the image's Python and its Debian."""
    folder = wheels if architecture == HERE else download_wheels(tmp_path, architecture)
    pins = re.compile(r"^([a-z][\w.-]*)==([^\s;]+)( ; sys_platform == 'win32')?", re.MULTILINE)
    wanted = {
        (name.replace("_", "-"), version)
        for lock in ("runtime", "build")
        for name, version, elsewhere in pins.findall(
            (PROJECT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
        )
        if not elsewhere
    }
    found = [parse_wheel_filename(wheel.name) for wheel in folder.iterdir()]
    assert {(str(name), str(version)) for name, version, _, _ in found} == wanted
    machines = {tag.platform.rpartition("_2_")[2] for _, _, _, tags in found for tag in tags}
    assert any(name.endswith(MACHINES[architecture]) for name in machines)


@pytest.fixture
def contained(built: Built, tmp_path: Path) -> Iterator[Contained]:
    """Run commands of the image, on a port of their own, and stop them after the test."""
    environment = dict(entry.split("=", 1) for entry in built.config["Env"])
    count = iter(range(100))
    with ExitStack() as stack:

        def run(*command: str, owner: str = "65532:65532", volumes: Sequence[str] = ()) -> Container:
            running = run_contained(
                built.root,
                *command,
                owner=owner,
                environment={**environment, LISTEN: f"127.0.0.1:{free_port()}"},
                log=tmp_path / f"container-{next(count)}.log",
                volumes=volumes,
            )
            stack.callback(running.stop)
            return running

        yield run


def scraped(container: Container) -> str:
    """Its page of metrics, once it is ready; fails where a source of Daily's is not up."""
    url = f"http://{container.environment[LISTEN]}"
    container.process.wait_until_answers(f"{url}/-/ready")
    page = httpx.get(f"{url}/metrics", trust_env=False, timeout=60.0).text
    assert re.search(r'^presence_up\{source="(demo-)?daily"[^}]*\} 1(\.0)?$', page, re.MULTILINE), page
    return page


@pytest.mark.parametrize("owner", ["65532:65532", "1234567:0"])
def test_it_serves_with_no_rights_and_ends_when_asked(contained: Contained, built: Built, owner: str) -> None:
    """Nothing can be written, nobody has a name: it is scraped, it is healthy, it ends at SIGTERM."""
    container = contained(*built.config["Entrypoint"], "--demo", owner=owner)
    assert f'revision="{REVISION}"' in scraped(container)
    health = container.execute(*built.config["Healthcheck"]["Test"][1:])
    assert (health.returncode, health.stderr) == (0, "")
    refused = container.execute("sh", "-c", "touch /tmp/x || touch /var/lib/presence-exporter/x")
    assert refused.returncode != 0
    assert "Read-only file system" in refused.stderr
    assert container.stop(patience=5) == 0


@pytest.mark.parametrize("owner", [65532, 1234567])
def test_a_volume_is_all_that_the_ledger_needs(contained: Contained, tmp_path: Path, owner: int) -> None:
    """Configuration and key are read where they are mounted, and the ledger is the only thing written."""
    simulator = contained(COMMAND, "simulate", "--listen", f"127.0.0.1:{(port := free_port())}")
    eventually(lambda: "DAILY_API_KEY" in simulator.process.stderr, what="the simulated vendors listen")
    settings, state = tmp_path / "settings", tmp_path / "state"
    for folder in (settings, state):
        folder.mkdir(mode=0o700)
    (settings / "daily").write_text("demo-daily-key", encoding="utf-8")
    (settings / "config.yml").write_text(SETTINGS.format(port=port), encoding="utf-8")
    for path in (settings, state, *settings.iterdir()):
        os.chown(path, owner, 0)
    container = contained(
        COMMAND,
        "--config.file=/etc/presence-exporter/config.yml",
        owner=f"{owner}:0",
        volumes=[f"{settings}:/etc/presence-exporter", f"{state}:/var/lib/presence-exporter"],
    )
    scraped(container)
    assert container.stop() == 0
    assert (state / "ledger.db").stat().st_uid == owner
    assert {path.name for path in settings.iterdir()} == {"config.yml", "daily"}


def test_its_health_check_fails_where_nothing_serves(contained: Contained, built: Built) -> None:
    """A container engine then sees the status 1."""
    asked = contained(*built.config["Healthcheck"]["Test"][1:])
    assert asked.process.popen.wait(60) == 1
    assert "connection refused" in asked.process.stderr
