"""The files of the dashboards: written, or compared with what the code makes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.boards import chat, exporter, overview, rooms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from grafana_foundation_sdk.models import dashboard as model

FOLDER = Path(__file__).resolve().parents[1] / "dashboards"

BOARDS: Mapping[str, Callable[[], model.Dashboard]] = {
    "overview": overview.board,
    "rooms": rooms.board,
    "chat": chat.board,
    "exporter": exporter.board,
}
"""What makes each board, by the name of its file."""


def text(name: str) -> str:
    """Make one board's file: the same bytes each time."""
    return json.dumps(BOARDS[name](), cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> None:
    """Write all boards."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in BOARDS:
        (folder / f"{name}.json").write_text(text(name), encoding="utf-8")


def drifted(folder: Path = FOLDER) -> list[str]:
    """Name the files that are missing, that nobody makes, or that are not what the code makes."""
    made = {f"{name}.json": text(name) for name in BOARDS}
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in made.keys() | found.keys() if made.get(name) != found.get(name))


def main(arguments: Sequence[str], *, folder: Path = FOLDER) -> int:
    """Write, or with `--check` compare; 1 when something drifted, 2 when the arguments are not understood."""
    if list(arguments) == ["--check"]:
        names = drifted(folder)
        for name in names:
            print(f"{name} is not what the code makes: run `make dashboards`", file=sys.stderr)
        return 1 if names else 0
    if arguments:
        print("usage: build.py [--check]", file=sys.stderr)
        return 2
    write(folder)
    return 0
