"""Writes the dashboards; `--check` says which are not what the code makes. The root has to be on the path."""

import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
runpy.run_module("grafana.boards", run_name="__main__", alter_sys=True)
