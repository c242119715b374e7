"""Writes docs/metrics.md, or says whether it is as it would be written (`--check`)."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tools.reference.metrics import WORDS, reference, words

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"


def main(arguments: Sequence[str], *, page: Path = PAGE) -> int:
    """Write `page`; with `--check` leave it alone, and return 1 where it differs from what the code says."""
    parser = argparse.ArgumentParser(prog="make reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where the page is out of date")
    check = parser.parse_args(arguments).check
    text = reference(words(WORDS.read_bytes()))
    if not check:
        page.write_text(text, encoding="utf-8")
    elif page.read_text(encoding="utf-8") != text:
        print(f"{page.name} is not what the code and {WORDS.name} say: run `make reference`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
