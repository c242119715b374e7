"""What the whole test run shares: strictness under CI=true, and how Hypothesis draws."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

from tests.campaigns import soaking

pytest_plugins = [
    "tests.plugins.strictness",
    "tests.plugins.spread",
    "tests.plugins.renewal",
    "tests.plugins.databases",
    "tests.plugins.documentation",
    "tests.plugins.packages",
]

# No deadline: the machine that runs the tests is shared, and time has tests of its own. A sample draws the
# same cases on every machine; the long run draws new ones and prints how to repeat a failure.
settings.register_profile("sample", deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile(
    "soak", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("soak" if soaking() else "sample")

# A shell has what it starts in the background ignore Ctrl-C, and so would every program that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # pragma: no cover - depends on who runs the tests
    signal.signal(signal.SIGINT, signal.default_int_handler)
