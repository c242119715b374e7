"""Every command of README.md and docs/ is run by a test, or it is said here why not.

Those of the exporter are parsed here, targets of make and addresses of the exporter are looked up. Any other
needs a row below; a new one fails until it has one.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.commandline import leaves, parsed
from tests.kit.shell import Command, commands
from tests.programs import PROJECT

PAGES: Final = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
FOUND: Final = [
    (page.relative_to(PROJECT).as_posix(), command)
    for page in PAGES
    for command in commands(page.read_text(encoding="utf-8"))
]

IMAGE: Final = "registry.example.org/presence-exporter"

RUN_BY: Final = {
    "python3 -m venv": "tests/system/test_packages.py::test_it_is_installed_from_the_lock_and_serves",
    "pip install": "tests/system/test_packages.py::test_it_is_installed_from_the_lock_and_serves",
    "export DAILY_API_KEY_FILE=": "tests/test_config_environment.py",
    "promtool tsdb create-blocks-from openmetrics": "tests/system/test_backfill.py",
    "mv blocks/": "tests/system/test_backfill.py",
    "docker run": "tests/system/test_image.py::test_it_serves_with_no_rights_and_ends_when_asked",
    "docker build -t": "tests/system/test_image.py::test_it_has_the_whole_package_compiled",
    "docker build --secret": "tests/system/test_image.py::test_nothing_of_the_build_is_left",
    "docker inspect": "tests/system/test_image.py::test_the_labels_say_what_is_in_it",
    "buildah bud": "tests/system/test_image.py::test_it_is_small_and_the_same_each_time",
    "helm install": "tests/system/test_chart.py::test_both_helms_make_the_same",
    "helm upgrade": "tests/system/test_chart.py::test_both_helms_make_the_same",
    "helm test": "tests/system/test_chart_contents.py::test_the_pod_of_helm_test_finds_an_exporter",
    "sqlite3 ledger.db": "tests/test_ledger_docs.py::test_the_backup_that_is_documented_has_all_of_it",
    "docker compose up": "tests/system/test_compose.py::test_facts_flow_through_and_an_alert_arrives",
    "amtool --alertmanager.url": (
        "tests/system/test_alertmanager_server.py::test_the_documented_command_silences_a_source_and_no_other"
    ),
    "install ": "tests/system/test_systemd.py::test_every_file_that_the_document_installs_is_there",
}
"""What a command begins with, and the test that runs it or what it stands for."""

NOT_RUN: Final = {
    "kubectl": "there is no cluster in the checks; commands of the exporter within it are parsed here",
    "helm rollback": "there is no cluster in the checks",
    "docker buildx": "there is no BuildKit in the checks; buildah builds the same file",
    "cosign": "there is nothing signed to verify before a release",
    "git": "it changes or looks through a repository, and what is checked may be an archive without one",
    "grep": "counts lines of a page",
    "systemctl": "the checks start no services of the machine; test_systemd.py starts the unit's command",
    "systemd-": "needs a running systemd and its key",
    "editor": "opens a file for a person",
    "mkdir": "makes a folder",
    "cd ": "goes there",
    "chmod": "of the files that the line before makes",
    "od ": "makes a password",
    "tr ": "makes a password",
    "printf": "writes a file",
}
"""What a command begins with, and why nothing runs it."""


def within(command: Command) -> tuple[str, ...] | None:
    """The words for our command line, also where another program is to run it; None where it is not asked."""
    words = command.words
    if command.program == "presence-exporter":
        return words
    if command.program == "docker" and IMAGE in words and "run" in words:
        return words[words.index(IMAGE) + 1 :]
    if "--" in words and words[words.index("--") + 1] == "presence-exporter":
        return words[words.index("--") + 2 :]
    return None


def row(command: Command) -> list[str]:
    """The rows that a command has."""
    return [start for start in (*RUN_BY, *NOT_RUN) if str(command).startswith(start)]


OURS: Final = [
    pytest.param(words, id=f"{page}: {command}") for page, command in FOUND if (words := within(command))
]
MADE: Final = sorted({word for _, command in FOUND if command.program == "make" for word in command.words})
ASKED: Final = sorted(
    {w for _, command in FOUND if command.program == "curl" for w in command.words if "://" in w}
)


def test_the_pages_have_commands() -> None:
    """Or nothing below would be checked."""
    assert len(FOUND) > 100
    assert {page for page, _ in FOUND} >= {"README.md", "docs/docker.md", "docs/runbooks/PresenceStale.md"}


@pytest.mark.parametrize("words", OURS)
def test_the_exporter_understands_its_commands(words: tuple[str, ...]) -> None:
    """Every flag and value; what prints and leaves is a flag of its own."""
    if words != ("--version",):
        parsed(*words)


def test_make_knows_its_targets() -> None:
    """Variables apart, which are given to them."""
    text = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    assert {word for word in MADE if "=" not in word} <= targets
    assert {word.partition("=")[0] for word in MADE if "=" in word} <= set(re.findall(r"\$\((\w+)\)", text))


def test_the_exporter_has_the_paths_that_are_asked() -> None:
    """On its own port."""
    table = (PROJECT / "docs" / "http.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"^\| `(/[^`]*)` \| [A-Z]", table, re.MULTILINE))
    assert {urlsplit(url).port for url in ASKED} == {10458}
    assert {urlsplit(url).path for url in ASKED} <= paths


def test_every_other_command_is_run_by_a_test_or_has_its_reason() -> None:
    """One row each, whichever page it is on."""
    known = {"presence-exporter", "make", "curl", ""}
    rows = {f"{page}: {command}": row(command) for page, command in FOUND if command.program not in known}
    assert {line: found for line, found in rows.items() if len(found) != 1} == {}


def test_every_row_is_needed() -> None:
    """A command that was taken out takes its row along."""
    used = {start for _, command in FOUND for start in row(command)}
    assert {*RUN_BY, *NOT_RUN} - used == set()


@pytest.mark.parametrize("test", sorted(set(RUN_BY.values())))
def test_the_named_tests_are_there(test: str) -> None:
    """The file, and the function where one is named."""
    file, _, function = test.partition("::")
    assert f"def {function}" in (PROJECT / file).read_text(encoding="utf-8")


def test_every_command_of_the_exporter_is_on_some_page() -> None:
    """In a block that can be copied, or in a sentence or table of a page."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in leaves() if name not in text] == []


def test_commands_are_taken_apart_as_a_shell_does() -> None:
    """Lines that go on, pipes and chains, assignments, comments, prompts; other languages are no commands."""
    page = (
        "```\nA=1 ./bin/one --flag \\\n    value # comment\nexport B=2\n```\n"
        "```console\n$ two | three && four\nsaid\n```\n   ```sh\n   five &&\n   six &\n   ```\n"
        "```yaml\nno: 1\n```\n```sh\nC=3\n```\n"
    )
    found = commands(page)
    assert [str(each) for each in found] == [
        "one --flag value",
        "export B=2",
        "two",
        "three",
        "four",
        "five",
        "six",
        "",
    ]
    assert [each.assigned for each in found if each.assigned] == [("A=1",), ("C=3",)]
