"""Lives through some hours of replicas in a process of its own, and writes them down.

Called with the file, the start (Unix seconds) and the number of scrapes; prints how many samples there are.
"""

import sys
from pathlib import Path

from exporter import log
from tests.kit.replicas import live
from tests.kit.threads import run_threaded

log.set_up("error", "json")
path = Path(sys.argv[1])
with path.open("w", encoding="utf-8") as file:
    telling = live(file, start=float(sys.argv[2]), scrapes=int(sys.argv[3]), ledger=path.with_suffix(""))
    samples = run_threaded(telling)
    file.write("# EOF\n")
sys.stdout.write(f"{samples}\n")
