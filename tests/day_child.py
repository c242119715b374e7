"""Lives a simulated day in a process of its own, so that its memory is nobody else's; prints what it saw.

Called with the number of hours.
"""

import json
import sys
from dataclasses import asdict

from exporter import log
from tests.kit.day import lived
from tests.kit.threads import run_threaded

log.set_up("error", "json")
day = run_threaded(lived(float(sys.argv[1])))
seen = {
    "scrapes": day.scrapes,
    "failed": day.failed,
    "reloads": day.reloads,
    "moods": sorted(set(day.moods)),
    "hours": [asdict(each) for each in day.hours],
}
sys.stdout.write(json.dumps(seen))
