"""What was measured, beside the bound that it must hold; as a table for the terminal and for the docs."""

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from tabulate import tabulate

from tools.bench.processes import Cost

_MEGABYTE = 10**6


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `held` is None where nothing was promised."""

    what: str
    measured: str
    bound: str = ""
    held: bool | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What was measured in one situation."""

    title: str
    figures: Sequence[Figure]

    @property
    def held(self) -> bool:
        """Whether no bound was missed."""
        return all(figure.held is not False for figure in self.figures)


def seconds(what: str, value: float, *, most: float | None = None) -> Figure:
    """A time."""
    if value < 0.1 and most is None:
        return _figure(what, "{:.1f} ms", measured=1000 * value, most=None)
    return _figure(what, "{:.2f} s", measured=value, most=most)


def milliseconds(what: str, value: float, *, most: float | None = None) -> Figure:
    """A short time, given in seconds."""
    most = None if most is None else 1000 * most
    return _figure(what, "{:.1f} ms", measured=1000 * value, most=most)


def megabytes(what: str, size: float, *, most: float | None = None) -> Figure:
    """Memory, given in bytes."""
    most = None if most is None else most / _MEGABYTE
    return _figure(what, "{:.1f} MB", measured=size / _MEGABYTE, most=most)


def ratio(what: str, value: float, *, most: float | None = None) -> Figure:
    """So many times as much."""
    return _figure(what, "{:.2f}", measured=value, most=most)


def per_second(what: str, value: float, *, least: float) -> Figure:
    """So many a second, which must not be fewer."""
    return Figure(what, f"{value:,.0f} /s", f"≥ {least:,.0f} /s", value >= least)


def exactly(what: str, value: float, *, expected: float) -> Figure:
    """A number that must be that one."""
    return Figure(what, f"{value:,.0f}", f"exactly {expected:,.0f}", value == expected)


def peak(size: int, *, payload: int) -> Figure:
    """The most memory that a process ever held, beside its bound."""
    return megabytes("peak memory (3 × payload + 80 MB)", size, most=3 * payload + 80 * _MEGABYTE)


def beside_floor(what: str, pairs: Sequence[tuple[Cost, Cost]], *, most: float | None = None) -> list[Figure]:
    """The medians of exporter and floor, and the median of the ratios within each pair."""
    ours = statistics.median(mine.cpu for mine, _ in pairs)
    floor = statistics.median(its.cpu for _, its in pairs)
    quotient = statistics.median(mine.cpu / its.cpu for mine, its in pairs)
    return [
        seconds(f"{what}, processor time", ours),
        seconds(f"{what}, processor time of the floor", floor),
        ratio(f"{what}, ratio of the two", quotient, most=most),
    ]


def table(cases: Iterable[Case]) -> str:
    """Everything as a table in Markdown."""
    rows = [
        (title, figure.what, figure.measured, figure.bound, _WORDS[figure.held])
        for case in cases
        for title, figure in zip(chain([case.title], repeat("")), case.figures, strict=False)
    ]
    return tabulate(
        rows, ("case", "figure", "measured", "bound", ""), tablefmt="github", disable_numparse=True
    )


def machine() -> str:
    """What it was measured on, in general words."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()} on {platform.machine()}, {os.cpu_count()} processors"


_WORDS = {None: "", True: "held", False: "**missed**"}


def _figure(what: str, form: str, *, measured: float, most: float | None) -> Figure:
    if most is None:
        return Figure(what, form.format(measured))
    return Figure(what, form.format(measured), f"≤ {form.format(most)}", measured <= most)
