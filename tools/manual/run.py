"""The door of `make man`: runs the package beside it, which needs the project's root on the path."""

import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])
runpy.run_module("tools.manual", run_name="__main__", alter_sys=True)
