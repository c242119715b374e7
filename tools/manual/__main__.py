"""Writes man/ and completions/, or says whether they are as they would be written (`--check`)."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tools.manual.completions import completions
from tools.manual.page import page

PROJECT: Final = Path(__file__).resolve().parents[2]
EXIT_CODES: Final = PROJECT / "docs" / "cli.md"


def files() -> dict[str, str]:
    """Every file that is written, by its path in the project."""
    return {
        "man/presence-exporter.1": page(EXIT_CODES.read_text(encoding="utf-8")),
        **{f"completions/{name}": text for name, text in completions().items()},
    }


def main(arguments: Sequence[str], *, folder: Path = PROJECT) -> int:
    """Write below `folder`; with `--check` write nothing, and return 1 where a file differs."""
    parser = argparse.ArgumentParser(prog="make man", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where a file is out of date")
    check = parser.parse_args(arguments).check
    stale = 0
    for name, text in files().items():
        path = folder / name
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{name} is not what the command line says: run `make man`", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
