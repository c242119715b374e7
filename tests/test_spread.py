"""How the tests are spread over processes: whole files, the long ones first, and nothing else moves."""

from __future__ import annotations

import re

import pytest

from tests.programs import PROJECT

FILES = {
    "test_a": "def test_one(): pass\ndef test_two(): pass",
    "test_b": "import pytest\ndef test_one(): pass\n@pytest.mark.soak\ndef test_two(): pass",
    "test_c": "def test_one(): pass",
    "test_d": "import pytest\npytestmark = pytest.mark.system\ndef test_one(): pass",
}
CONFTEST = f"""
import sys
sys.path.insert(0, {str(PROJECT)!r})
from tests.plugins.spread import pytest_collection_modifyitems
"""
INI = "[pytest]\nmarkers =\n    soak: long\n    system: runs programs"


def _order(pytester: pytest.Pytester, *flags: str) -> list[str]:
    pytester.makeini(INI)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(**FILES)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-v", *flags)
    result.assert_outcomes(passed=6)
    return re.findall(r"test_\w\.py::test_\w+(?= PASSED|\s*$)", "\n".join(result.outlines), re.MULTILINE)


def test_one_process_takes_the_tests_as_they_come(pytester: pytest.Pytester) -> None:
    """So that a run that is read is in the order of the files."""
    assert _order(pytester) == [
        "test_a.py::test_one",
        "test_a.py::test_two",
        "test_b.py::test_one",
        "test_b.py::test_two",
        "test_c.py::test_one",
        "test_d.py::test_one",
    ]


def test_several_begin_with_the_files_that_have_a_long_test(pytester: pytest.Pytester) -> None:
    """With all of such a file; what it is that two processes do at once is theirs."""
    begun = _order(pytester, "-n", "1", "--dist", "loadfile", "--no-loadscope-reorder")
    assert list(dict.fromkeys(each.partition(":")[0] for each in begun)) == [
        "test_b.py",
        "test_d.py",
        "test_a.py",
        "test_c.py",
    ]
