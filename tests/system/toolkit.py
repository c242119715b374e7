"""The toolkit's own server, and its own test files as Go's module cache has them; none is copied here.

Knows what `tools/toolkit` says on its standard output, and no rule of the format.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.programs import PROJECT, require_tool
from tests.system.processes import eventually, start

MODULE = "github.com/prometheus/exporter-toolkit"


def copy_test_files(folder: Path) -> None:
    """Copy the files that the toolkit tests itself with, certificates too, into a folder of the test."""
    said = subprocess.run(
        [require_tool("go"), "mod", "download", "-json", MODULE],
        cwd=PROJECT / "tools" / "toolkit",
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    for file in (Path(json.loads(said.stdout)["Dir"]) / "web" / "testdata").iterdir():
        shutil.copyfile(file, folder / file.name)


@contextmanager
def reference(files: Sequence[Path], *, log: Path) -> Iterator[dict[str, int | str]]:
    """Serve with each file; yield the port by the file's name, or the toolkit's reason not to serve."""
    process = start([require_tool("toolkit-reference"), *files], log=log)

    def told() -> dict[str, int | str] | None:
        lines = [json.loads(line) for line in process.stderr.splitlines() if line.startswith("{")]
        # One that serves may still fail, and is told twice then: the last word counts.
        found = {
            Path(line["file"]).name: int(line["address"].rpartition(":")[2])
            if "address" in line
            else line["error"]
            for line in lines
        }
        return found if len(found) == len(files) else None

    try:
        yield eventually(told, what="the toolkit tells of every file", seconds=60)
    finally:
        process.stop()
