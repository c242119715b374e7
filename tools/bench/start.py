"""From the start of the process to the first good answer of `/-/ready`."""

import importlib.metadata
import re
import statistics
import venv
from pathlib import Path
from typing import Final

from tools.bench.figures import Case, Figure, seconds
from tools.bench.processes import ROOT, Cost, Exporter
from tools.bench.setting import Sizes, chat, daily, write_config

NOBODY: Final = "http://127.0.0.1:9"
READY_WITHIN: Final = 0.6


def measure_start(sizes: Sizes, folder: Path) -> Case:
    """The exporter runs with the packages of the runtime lock alone: the tools of the checks slow imports."""
    python = _runtime_environment(folder / "environment")
    config = write_config(folder, daily(NOBODY), chat(NOBODY))
    figures: list[Figure] = []
    for what, options in (("--demo", ("--demo",)), ("--config.file", ("--config.file", config))):
        starts = [_start(python, *options) for _ in range(1 + sizes.rounds)][1:]
        wall, cpu = (statistics.median(each) for each in zip(*((s.wall, s.cpu) for s in starts), strict=True))
        figures += [seconds(what, wall, most=READY_WITHIN), seconds(f"{what}, processor time", cpu)]
    return Case("start to ready", figures)


def _start(python: Path, *options: str) -> Cost:
    with Exporter(*options, python=python) as exporter:
        return exporter.start


def _runtime_environment(folder: Path) -> Path:
    """An environment with links to those installed packages that the runtime lock names; gives its Python."""
    venv.create(folder)
    site = next(folder.glob("lib/python*/site-packages"))
    lock = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE):
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # the lock names those of other systems and versions of Python, too
        tops = {Path(file).parts[0] for file in package.files or ()} - {"..", "__pycache__"}
        for top in tops:
            (site / top).symlink_to(Path(str(package.locate_file(top))))
    return folder / "bin/python"
