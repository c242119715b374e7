"""All cases, one after the other, and the table of what they found; exit code 1 where a bound was missed."""

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from tools.bench.chat import measure_chat
from tools.bench.dashboards import measure_dashboards
from tools.bench.figures import Case, machine, table
from tools.bench.ledger import measure_ledger
from tools.bench.processes import ROOT, BenchError
from tools.bench.rooms import measure_many_rooms, measure_rooms
from tools.bench.setting import TINY, Sizes
from tools.bench.sources import measure_sources
from tools.bench.start import measure_start
from tools.bench.steady import measure_steady

CASES: Final[dict[str, Callable[[Sizes, Path], Case]]] = {
    "rooms": measure_rooms,
    "many-rooms": measure_many_rooms,
    "chat": measure_chat,
    "sources": measure_sources,
    "ledger": measure_ledger,
    "start": measure_start,
    "steady": measure_steady,
    "dashboards": measure_dashboards,
}

DOCS: Final = ROOT / "docs/performance.md"
_PLACE: Final = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; 0 where every bound held, 1 where one was missed, 2 where nothing worked."""
    parser = argparse.ArgumentParser(
        prog="run.py", description="Measures speed and memory against the floor."
    )
    parser.add_argument("--only", action="append", choices=CASES, help="may be repeated; all by default")
    parser.add_argument(
        "--write-docs", action="store_true", help=f"renew the table in {DOCS.relative_to(ROOT)}"
    )
    parser.add_argument("--tiny", action="store_true", help="see that everything runs, and judge nothing")
    asked = parser.parse_args(arguments)
    if sys.platform != "linux":
        print("processor time and memory of other processes are read as Linux gives them", file=sys.stderr)
        return 2
    try:
        found = list(_measured(asked.only or CASES, TINY if asked.tiny else Sizes()))
    except BenchError as fault:
        print(fault, file=sys.stderr)
        return 2
    report = f"{machine()}\n\n{table(found)}\n"
    print(report)
    if asked.write_docs:
        write_into(DOCS, report)
    return 0 if asked.tiny else verdict(found)


def verdict(cases: Iterable[Case]) -> int:
    """The exit code: 1 where a bound was missed."""
    return 0 if all(case.held for case in cases) else 1


def write_into(document: Path, report: str) -> None:
    """Put the report where the document has a place for it, instead of the one before."""
    text = document.read_text(encoding="utf-8")
    document.write_text(_PLACE.sub(lambda _: f"\n{report}\n", text), encoding="utf-8")


def _measured(cases: Iterable[str], sizes: Sizes) -> Iterable[Case]:
    for name in cases:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            yield CASES[name](sizes, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
