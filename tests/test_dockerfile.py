"""The Dockerfile as text: clean for hadolint, equal to what the project says elsewhere, nothing invented."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
import yaml

import exporter
from exporter.cli import main
from tests.programs import PROJECT, require_tool

TEXT: Final = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
CONFIG: Final = PROJECT / ".hadolint.yaml"
LABEL: Final = "org.opencontainers.image."

ARGUMENTS: Final = {
    name: value.strip('"') for name, value in re.findall(r"^ARG (\w+)=(.*)$", TEXT, re.MULTILINE)
}
"""What the build takes, with what holds where nobody says another."""

KINDS: Final = {
    "url": "url",
    "documentation": "url",
    "source": "url",
    "version": "semver",
    "revision": "hash",
    "created": "rfc3339",
}
"""What hadolint can say of a label's value, once it is there to be seen."""


def hadolint(text: str, *, config: Path = CONFIG) -> list[str]:
    """The codes of what hadolint finds."""
    program = require_tool("hadolint", tools=Path(sys.executable).parent, hint="`make test` installs it")
    ran = subprocess.run(
        [program, "--config", config, "--format", "json", "-"],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = json.loads(ran.stdout)
    assert bool(ran.returncode) == bool(found), ran.stderr
    return sorted({each["code"] for each in found})


def test_hadolint_finds_nothing_and_nothing_is_hidden_from_it() -> None:
    """Each rule counts, whatever its severity, and no comment switches one off."""
    assert hadolint(TEXT) == []
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    assert (config["failure-threshold"], config["disable-ignore-pragma"]) == ("style", True)
    assert config["strict-labels"] is True
    assert not config.keys() & {"ignored", "no-fail"}


@pytest.mark.parametrize(
    "broken, code",
    [
        (TEXT.replace("HEALTHCHECK NONE", ""), "DL3057"),
        (re.sub(r"(?m)^HEALTHCHECK --.*\n.*$", "", TEXT), "DL3057"),
        (TEXT.replace(f'{LABEL}vendor="${{VENDOR}}"', f'{LABEL}title="again"'), "DL3049"),
        (TEXT.replace(f"{LABEL}vendor=", "maintainer="), "DL3050"),
        (TEXT.replace('licenses="Apache-2.0"', 'licenses="Apache"'), "DL3054"),
        (re.sub(r"ENTRYPOINT \[(.*)\]", r"ENTRYPOINT \1", TEXT), "DL3025"),
        (TEXT.replace("--no-cache-dir", ""), "DL3042"),
        (f"{TEXT}USER root\n", "DL3002"),
    ],
)
def test_hadolint_would_find_what_it_is_there_for(broken: str, code: str) -> None:
    """The rules that are off by default are on, and the others are not lost by the configuration."""
    assert code in hadolint(broken)


def test_the_labels_of_a_release_are_of_their_kinds(tmp_path: Path) -> None:
    """With the arguments put in, hadolint reads versions, addresses and moments as what they are."""
    released = {
        **ARGUMENTS,
        "REVISION": "0123456789abcdef0123456789abcdef01234567",
        "BASE_DIGEST": f"sha256:{'0' * 64}",
    }
    head, at, label = TEXT.partition("LABEL ")
    filled = head + at + re.sub(r"\$\{(\w+)\}", lambda found: released[found[1]], label)
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    config["label-schema"] |= {f"{LABEL}{name}": kind for name, kind in KINDS.items()}
    strict = tmp_path / "hadolint.yaml"
    strict.write_text(yaml.safe_dump(config), encoding="utf-8")
    assert hadolint(filled, config=strict) == []
    assert hadolint(filled.replace(exporter.__version__, "newest"), config=strict) == ["DL3056"]


def test_what_the_build_takes_is_what_the_project_says() -> None:
    """The version is the package's, the Python one that is supported, the moment one that can be read."""
    assert ARGUMENTS["VERSION"] == exporter.__version__
    assert re.findall(r"^ARG VERSION=(.*)$", TEXT, re.MULTILINE) == [exporter.__version__] * 2
    assert datetime.fromisoformat(ARGUMENTS["CREATED"]).tzinfo is not None
    base = re.fullmatch(r"docker\.io/library/python:(3\.\d+)-slim-[a-z]+", ARGUMENTS["BASE_NAME"])
    assert base
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg", encoding="utf-8")
    assert f"Programming Language :: Python :: {base[1]}" in setup["metadata"]["classifiers"].splitlines()
    (address,) = (flag for flag in main.params if "--web.listen-address" in flag.opts)
    assert address.default == (f":{re.findall(r'^EXPOSE (.*)$', TEXT, re.MULTILINE)[0]}",)
    assert f'{LABEL}description="{setup["metadata"]["description"]}"' in TEXT
    assert f'{LABEL}licenses="{setup["metadata"]["license_expression"]}"' in TEXT


def test_no_digest_is_invented() -> None:
    """Which image a tag was is known to a release; until then, none is written down."""
    assert ARGUMENTS["BASE_DIGEST"] == ""
    assert re.findall(r"sha256:[0-9a-f]", TEXT) == []
    assert set(re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)) == {
        "${BASE_NAME}${BASE_DIGEST:+@${BASE_DIGEST}}"
    }


def test_no_secret_is_an_argument_or_a_variable() -> None:
    """Both are in the history of an image for everybody to read."""
    names = re.findall(r"^(?:ARG|ENV|   ) (\w+)=", TEXT, re.MULTILINE)
    assert {"PATH", "VERSION", "PYTHONUNBUFFERED"} <= set(names)
    assert [name for name in names if re.search("KEY|TOKEN|SECRET|PASSWORD|INDEX|CERT", name)] == []


def test_what_builds_the_wheel_is_pinned_as_the_checks_have_it() -> None:
    """One list of what the build needs, in three places; versions and hashes are those of the dev lock."""
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"][
        "requires"
    ]
    folder = PROJECT / "requirements"
    lines = (folder / "build.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == wanted
    build, dev = ((folder / f"{lock}.txt").read_text(encoding="utf-8") for lock in ("build", "dev"))
    pins = re.findall(r"^[a-z][\w.-]*==\S+ \\\n(?:\s+--hash=sha256:\w+(?: \\)?\n)+", build, re.MULTILINE)
    assert len(pins) >= len(wanted)
    assert [pin for pin in pins if pin not in dev] == []


def test_each_package_may_enter_the_build() -> None:
    """A new package is a new line of the allow-list: without it the image would lack the package."""
    allowed = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    packages = (path.parent.relative_to(PROJECT) for path in (PROJECT / "exporter").rglob("__init__.py"))
    assert {line for line in allowed if line.endswith("*.py")} == {f"!{package}/*.py" for package in packages}
    assert [line for line in allowed if line[:1] not in "#!"] == ["*"]


def test_the_page_has_each_argument_with_its_default_and_its_labels() -> None:
    """docs/docker.md tells what the Dockerfile does."""
    page = (PROJECT / "docs" / "docker.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]+)`)?[^|]* \| ([^|]+) \|$", page, re.MULTILINE)
    assert {name: default for name, default, _ in rows} == ARGUMENTS
    labels = re.findall(r'image\.([\w.]+)="\$\{(\w+)\}"', TEXT)
    assert {name: re.findall(r"`([\w.]+)`", said) for name, _, said in rows} == {
        name: [label for label, argument in labels if argument == name] for name in ARGUMENTS
    }
    fixed = set(re.findall(r'image\.([\w.]+)="[^$]', TEXT))
    assert "`title`, `description` and `licenses` are fixed." in page
    assert fixed == {"title", "description", "licenses"}
    assert ARGUMENTS["BASE_NAME"].rpartition("/")[2] in page.partition("## Run it")[0]
