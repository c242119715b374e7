"""Which commit is running, found without asking git."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from exporter.commands.revision import UNKNOWN, revision
from tests.programs import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40


def checkout(folder: Path, files: dict[str, str]) -> Path:
    """A package in a checkout with these files; gives the package's folder."""
    package = folder / "exporter"
    package.mkdir()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    "files, found",
    [
        ({"exporter/REVISION": f"{COMMIT}\n"}, COMMIT),
        ({"exporter/REVISION": "0123456"}, "0123456"),
        ({"exporter/REVISION": COMMIT, ".git/HEAD": OTHER}, COMMIT),
        ({".git/HEAD": f"{COMMIT}\n"}, COMMIT),
        ({".git/HEAD": "ref: refs/heads/a/b\n", ".git/refs/heads/a/b": f"{COMMIT}\n"}, COMMIT),
        (
            {
                ".git/HEAD": "ref: refs/heads/a\n",
                ".git/packed-refs": f"# peeled\n{OTHER} refs/heads/ab\n{COMMIT} refs/heads/a\n",
            },
            COMMIT,
        ),
        ({".git/HEAD": "ref: refs/heads/a\n", ".git/packed-refs": f"{OTHER} refs/heads/b\n"}, UNKNOWN),
        ({".git/HEAD": "ref: refs/heads/new\n"}, UNKNOWN),
        ({".git/HEAD": "ref: ../../secret\n"}, UNKNOWN),
        ({".git": "gitdir: elsewhere\n"}, UNKNOWN),
        ({"exporter/REVISION": "not a revision"}, UNKNOWN),
        ({"exporter/REVISION": "\u00e9"}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_the_revision_is_that_of_the_build_or_of_the_checkout(
    tmp_path: Path, files: dict[str, str], found: str
) -> None:
    """A file that the build wrote goes before the checkout; nothing else is ever shown."""
    assert revision(checkout(tmp_path, files)) == found


def test_in_this_checkout_it_is_what_git_says() -> None:
    """Nothing where the tests run from an archive; somebody may commit between two questions."""

    def asked() -> str:
        ran = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        return ran.stdout.strip() if (PROJECT / ".git").exists() and ran.returncode == 0 else UNKNOWN

    before, found = asked(), revision()
    assert found in {before, asked()}
