"""What a release asks before it is made: `check TAG` whether it can be, `notes` what it says of itself.

Reads the files of the checkout it is in; asks nobody else, and changes nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

PLACES: Final = {
    "exporter/__init__.py": r'^__version__ = "([^"]+)"$',
    "Dockerfile": r"^ARG VERSION=(\S+)$",
    "helm/presence-exporter/Chart.yaml": r'^appVersion: "([^"]+)"$',
    "compose.yaml": r"^  image: registry\.example\.org/presence-exporter:(\S+)$",
}
"""Where the version stands, and how."""

_SECTION: Final = re.compile(r"^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)


def versions(root: Path = ROOT) -> dict[str, str]:
    """The version by each place; empty where it is not to be found."""
    found = {place: re.search(words, _text(root / place), re.MULTILINE) for place, words in PLACES.items()}
    return {place: match[1] if match else "" for place, match in found.items()}


def sections(changelog: str) -> dict[str, tuple[str, str]]:
    """The changelog by version: the day, empty for what is not released, and the text."""
    heads = list(_SECTION.finditer(changelog))
    ends = [head.start() for head in heads[1:]] + [len(changelog)]
    return {
        head[1]: (head[2] or "", changelog[head.end() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    }


def wrong(tag: str, *, root: Path = ROOT, changed: str = "") -> list[str]:
    """All that stands against a release with this tag; `changed` is what git says of uncommitted files."""
    version = tag.removeprefix("v")
    found = []
    if not re.fullmatch(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?", tag):
        found.append(f"{tag} is not v and a version, as v1.2.3")
    found += [f"{place} has {said or 'none'}" for place, said in versions(root).items() if said != version]
    known = sections(_text(root / "CHANGELOG.md"))
    day, text = known.get(version, ("", ""))
    if not day or not text:
        found.append(f"CHANGELOG.md has no section [{version}] with a day and a text")
    if known.get("Unreleased", ("", ""))[1]:
        found.append("CHANGELOG.md still has something that is not released")
    if changed:
        found.append(f"not committed:\n{changed}")
    return found


def main(arguments: list[str]) -> int:
    """Run one of the two commands; 2 for anything else."""
    match arguments:
        case ["check", tag]:
            found = wrong(tag, changed=_changed())
            print("\n".join(found) or f"{tag} can be released")
            return 1 if found else 0
        case ["notes", tag]:
            _, text = sections(_text(ROOT / "CHANGELOG.md")).get(tag.removeprefix("v"), ("", ""))
            print(text)
            return 0 if text else 1
        case _:
            print("usage: run.py check TAG | notes TAG", file=sys.stderr)
            return 2


def _changed() -> str:
    command = ["git", "-C", str(ROOT), "status", "--porcelain"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
