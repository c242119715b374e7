"""Lives through a stretch of an exporter's life in a process of its own, and writes it down.

Called with the file, and with the start, the end, the end of the whole story (Unix seconds), the seconds
between two scrapes, and whether deltas are asked for (0 or 1); prints how many samples there are.
"""

import sys
from pathlib import Path

from exporter import log
from tests.kit.lived import Life, live
from tests.kit.threads import run_threaded

log.set_up("error", "json")
begin, end, story, every = map(float, sys.argv[2:6])
life = Life(begin, end, story, every, deltas=sys.argv[6] == "1")
with Path(sys.argv[1]).open("w", encoding="utf-8") as file:
    samples = run_threaded(live(life, file))
    file.write("# EOF\n")
sys.stdout.write(f"{samples}\n")
