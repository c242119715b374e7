"""Makes Prometheus's blocks: of pages of an exporter's life, and of recording rules over them.

Knows promtool and its files; what is in them is the business of whoever asks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from tests.commandline import process_environment
from tests.programs import PROJECT, require_tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.kit.lived import Life

PATIENCE: Final = 600.0


def lived(folder: Path, lives: Sequence[Life]) -> tuple[list[Path], int]:
    """Live these lives at once, each in a process of its own; gives files and the number of samples."""
    files = [folder / f"life-{number}.om" for number in range(len(lives))]
    children = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.lived_child"),
                *map(str, (file, life.start, life.end, life.story, life.every, int(life.deltas))),
            ],
            cwd=PROJECT,
            env=unmeasured(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for file, life in zip(files, lives, strict=True)
    ]
    said = [child.communicate(timeout=PATIENCE) for child in children]
    assert [child.returncode for child in children] == [0] * len(lives), [err[-2000:] for _, err in said]
    return files, sum(int(out) for out, _ in said)


def lived_by_replicas(file: Path, *, start: float, scrapes: int) -> int:
    """Live through so many scrapes of replicas, in a process of its own; gives the number of samples."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.replicas_child", str(file), str(start), str(scrapes)],
        cwd=PROJECT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return int(told.stdout)


def unmeasured() -> dict[str, str]:
    """The environment of a process that lives: other tests measure what it runs, and it is fast so."""
    return {
        name: value for name, value in process_environment(None).items() if not name.startswith("COVERAGE")
    }


def store(files: Sequence[Path], data: Path) -> None:
    """Make blocks of OpenMetrics; few and long ones, since promtool reads the whole file for each."""
    for file in files:
        _promtool("create-blocks-from", "openmetrics", "--max-block-duration=240h", str(file), str(data))


def record(
    rules: Sequence[Mapping[str, Any]], data: Path, *, url: str, span: tuple[float, float], every: float
) -> None:
    """Make blocks of what these rules would have recorded, asking the server at `url`.

    None may need what another one of them records: the server does not know it yet.
    """
    file = data.with_name("rules-to-record.json")
    file.write_text(json.dumps({"groups": [{"name": "past", "interval": f"{every:g}s", "rules": rules}]}))
    start, end = (str(int(moment)) for moment in span)
    output = f"--output-dir={data}"
    _promtool(
        "create-blocks-from", "rules", f"--url={url}", f"--start={start}", f"--end={end}", output, str(file)
    )


def _promtool(*arguments: str) -> None:
    made = subprocess.run(
        [require_tool("promtool"), "tsdb", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "NO_PROXY": "*"},
    )
    assert made.returncode == 0, made.stderr
