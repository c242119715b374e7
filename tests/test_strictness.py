"""The run's own strictness: what counts as a test that proved nothing."""

from __future__ import annotations

import pytest

from tests.plugins.strictness import Strictness, under_ci
from tests.programs import PROJECT

PASSING = "def test_works(): pass\n"


def _run(pytester: pytest.Pytester, source: str, *flags: str, strict: bool = True) -> pytest.RunResult:
    pytester.makepyfile(source)
    plugins = [Strictness()] if strict else []
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *flags, plugins=plugins)


def test_a_run_without_holes_stays_good(pytester: pytest.Pytester) -> None:
    """A run in which every test ran and passed is left alone."""
    result = _run(pytester, PASSING)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*not proved*")


@pytest.mark.parametrize(
    "source,line",
    [
        (
            "import pytest\n@pytest.mark.skip(reason='no server')\ndef test_x(): pass",
            "*::test_x - skipped: *no server",
        ),
        ("import pytest\ndef test_x(): pytest.skip('not today')", "*::test_x - skipped: *not today"),
        ("import pytest\npytest.skip('whole file', allow_module_level=True)", "*.py - skipped: *whole file"),
        (
            "import pytest\n@pytest.mark.xfail(reason='bug 1')\ndef test_x(): raise OSError",
            "*::test_x - xfail: bug 1",
        ),
        (
            "import pytest\n@pytest.mark.xfail(reason='mended', strict=False)\ndef test_x(): pass",
            "*::test_x - xfail: mended",
        ),
        (
            "import pytest\n@pytest.mark.parametrize('case', [])\ndef test_x(case): pass",
            "*::test_x* - skipped: *empty parameter set*",
        ),
    ],
    ids=["mark", "call", "module", "xfail", "xpass", "no cases"],
)
def test_a_test_that_proved_nothing_fails_the_run(pytester: pytest.Pytester, source: str, line: str) -> None:
    """Whatever is skipped or expected to fail is listed with its reason, and the run fails."""
    result = _run(pytester, source)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*not proved, and CI=true*", line])


def test_deselection_fails_the_run(pytester: pytest.Pytester) -> None:
    """A filter on the command line cannot make a run good."""
    result = _run(pytester, PASSING + "def test_broken(): raise OSError\n", "-k", "works")
    result.assert_outcomes(passed=1, deselected=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*::test_broken - deselected"])


STRICT = f"""
import sys
sys.path.insert(0, {str(PROJECT)!r})
from tests.plugins.strictness import Strictness

def pytest_configure(config):
    config.pluginmanager.register(Strictness())
"""


def _run_in_another(pytester: pytest.Pytester, *flags: str, **sources: str) -> pytest.RunResult:
    pytester.makeconftest(STRICT)
    pytester.makepyfile(**sources)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-n", "1", *flags)


def test_another_process_hides_no_hole(pytester: pytest.Pytester) -> None:
    """What it left out, skipped or expected to fail is listed by the one that started it."""
    result = _run_in_another(
        pytester,
        "--deselect=test_left.py::test_out",
        test_left=PASSING + "def test_out(): raise OSError\n",
        test_skipped="import pytest\ndef test_x(): pytest.skip('not today')\n",
        test_module="import pytest\npytest.skip('whole file', allow_module_level=True)\n",
        test_xfail="import pytest\n@pytest.mark.xfail(reason='bug 1')\ndef test_x(): raise OSError\n",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*not proved, and CI=true*",
            "test_left.py::test_out - deselected",
            "test_module.py - skipped: *whole file",
            "test_skipped.py::test_x - skipped: *not today",
            "test_xfail.py::test_x - xfail: bug 1",
        ]
    )


def test_what_another_process_left_out_fails_the_run(pytester: pytest.Pytester) -> None:
    """Also where nothing else is wrong with it."""
    source = PASSING + "def test_broken(): raise OSError\n"
    result = _run_in_another(pytester, "-k", "works", test_one=source)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_another_process_that_ran_all_is_good(pytester: pytest.Pytester) -> None:
    """It makes no difference where the tests ran."""
    result = _run_in_another(pytester, test_one=PASSING, test_other=PASSING)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK


def test_the_long_run_may_leave_all_others_out(pytester: pytest.Pytester) -> None:
    """`-m soak` chooses the campaigns by design, so what it leaves out is no hole."""
    pytester.makeini("[pytest]\nmarkers = soak: long")
    source = f"import pytest\n{PASSING}@pytest.mark.soak\ndef test_long(): pass\n"
    result = _run(pytester, source, "-m", "soak")
    result.assert_outcomes(passed=1, deselected=1)
    assert result.ret == pytest.ExitCode.OK


def test_a_failure_stays_a_failure(pytester: pytest.Pytester) -> None:
    """Strictness never hides why a run had already failed."""
    result = _run(pytester, "import pytest\nraise OSError('broken file')")
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_a_laptop_may_skip(pytester: pytest.Pytester) -> None:
    """Without the plugin a skip is what pytest says it is."""
    result = _run(pytester, "import pytest\ndef test_x(): pytest.skip('no go')", strict=False)
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    "value,strict", [("true", True), ("True", True), ("1", True), ("false", False), ("", False)]
)
def test_ci_is_told_by_its_variable(value: str, strict: bool) -> None:
    """The usual spellings of CI=true switch strictness on, and nothing else does."""
    assert under_ci({"CI": value}) is strict
    assert under_ci({}) is False
