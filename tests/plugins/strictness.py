"""Under CI=true a test that did not run, or whose failure was expected, makes the run a failure.

Knows pytest's reports only. A skip is a courtesy to a laptop without the programs; on the machine that
decides about a change it would be a hole that nobody sees. Where the tests run in several processes, the one
that starts them sees every report, but not what a filter left out: that the others tell it at their end.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HOLES: Final = "presence_holes"

SOAK_ONLY = "soak"
"""The marker expression of `make soak`, whose purpose is to leave all other tests out."""


def under_ci(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether this run decides about a change."""
    return environment.get("CI", "").lower() in {"true", "1"}


def pytest_configure(config: pytest.Config) -> None:
    """Be strict where it counts."""
    if under_ci():
        config.pluginmanager.register(Strictness())


class Strictness:
    """Collects every test that proved nothing, and fails the run when there is one."""

    def __init__(self) -> None:
        self._holes: dict[str, str] = {}

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note what a filter of the command line left out."""
        for item in items:
            if item.config.option.markexpr != SOAK_ONLY:
                self._holes[item.nodeid] = "deselected"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a whole file that skips itself."""
        if report.skipped:
            self._holes[report.nodeid] = f"skipped: {_reason(report)}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a skip, an expected failure, and an expected failure that did not come."""
        if hasattr(report, "wasxfail"):
            self._holes[report.nodeid] = f"xfail: {report.wasxfail}"
        elif report.skipped:
            self._holes[report.nodeid] = f"skipped: {_reason(report)}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what one of several processes has noted."""
        self._holes.update(getattr(node, "workeroutput", {}).get(_HOLES, {}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a run that looks good into a failed one; one of several processes says what it noted."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_HOLES] = self._holes
        if self._holes and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List what was missed."""
        if not self._holes:
            return
        terminalreporter.section("not proved, and CI=true", red=True)
        for nodeid, why in sorted(self._holes.items()):
            terminalreporter.write_line(f"{nodeid} - {why}")


def _reason(report: pytest.CollectReport | pytest.TestReport) -> str:
    place_and_reason = report.longrepr
    return place_and_reason[2] if isinstance(place_and_reason, tuple) else str(place_and_reason)
