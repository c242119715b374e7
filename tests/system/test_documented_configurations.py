"""Configurations on pages without a test of their own are good: promtool and the exporter take them."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

import pytest

from tests.configuration import load
from tests.programs import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import Promtool

pytestmark = pytest.mark.system

PAGES: Final = ("README.md", "docs/getting-started.md", "docs/comparison.md", "docs/kubernetes.md")
BLOCKS: Final = [
    (page, textwrap.dedent(block))
    for page in PAGES
    for block in re.findall(
        r"^ *```yaml\n(.*?)^ *```$",
        (PROJECT / page).read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
]
PROMETHEUS: Final = [block for _, block in BLOCKS if "scrape_configs:" in block]
OURS: Final = [block for page, block in BLOCKS if page == "docs/comparison.md" and "sources:" in block]


def test_every_page_has_an_example_for_prometheus() -> None:
    """And the page for who comes from another exporter has ours."""
    assert {page for page, block in BLOCKS if "scrape_configs:" in block} == set(PAGES)
    assert len(OURS) == 1


@pytest.mark.parametrize("block", PROMETHEUS)
def test_promtool_takes_it(block: str, promtool: Promtool, tmp_path: Path) -> None:
    """As it stands, with nothing to warn of."""
    file = tmp_path / "prometheus.yml"
    file.write_text(block)
    said = promtool("check", "config", str(file))
    assert (said.returncode, said.stderr) == (0, "")
    assert "WARNING" not in said.stdout


@pytest.mark.parametrize("block", OURS)
def test_the_exporter_takes_it(block: str, tmp_path: Path) -> None:
    """With the file of the secret at a place of the test's own."""
    (tmp_path / "key").write_text("a-made-up-key\n")
    (tmp_path / "key").chmod(0o600)
    assert "/run/secrets/daily" in block
    assert load(block.replace("/run/secrets/daily", "key"), tmp_path).warnings == ()
