"""The documentation as a site: built strictly without a network, and as the repository shows it."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
import yaml

from tests.kit.alertpages import alerts, anchors, read
from tests.kit.site import as_in_the_repository, pages, styled, taken
from tests.plugins.documentation import build
from tests.programs import PROJECT
from tools.site import hooks

if TYPE_CHECKING:
    import subprocess

DOCS: Final = PROJECT / "docs"
PAGES: Final = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
HOME: Final = "https://presence-exporter.example.org/"
CHILD: Final = """
INHERIT: {parent}
docs_dir: docs
site_dir: site
hooks: [{hooks}]
nav:
  - Start: index.md
"""


def address(page: str) -> str:
    """Where a page of `docs/` is in the site: a folder of its own, and an index is its folder's."""
    folder = re.sub(r"(^|/)(README|index)$", r"\1", page.removesuffix(".md"))
    return posixpath.join(folder, "index.html")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_in_the_site_what_it_is_in_the_repository(site: Path, page: str) -> None:
    """The same headings, lists, tables and code, though the parsers differ."""
    shown = taken((site / address(page)).read_text(encoding="utf-8"), within="article")
    meant = as_in_the_repository((DOCS / page).read_text(encoding="utf-8"))
    assert shown.parts == meant.parts
    assert shown.codes == meant.codes


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """No font, style, script or picture: neither by a page nor by a style sheet."""
    loaded = [each for page in pages(site).values() for each in page.loaded]
    loaded += [each for path in site.rglob("*.css") for each in styled(path.read_text(encoding="utf-8"))]
    assert len(loaded) > len(PAGES)
    assert [each for each in loaded if urlsplit(each).scheme or urlsplit(each).netloc] == []


def test_every_link_leads_somewhere(site: Path) -> None:
    """Within the site to a file, and to a heading that is there; on pages from outside `docs/` too."""
    known = pages(site)

    def leads(page: str, link: str) -> bool:
        path, anchor = urldefrag(link)
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(path))) if path else page
        file = posixpath.normpath(
            posixpath.join(target, "index.html") if (site / target).is_dir() else target
        )
        return (site / file).is_file() and (not anchor or anchor in known[file].anchors)

    # The page for what is not there is shown at any address, and so are its links.
    links = [(page, link) for page, found in known.items() for link in found.links if page != "404.html"]
    assert len(links) > 1000
    broken = [(page, link) for page, link in links if not urlsplit(link).scheme and not leads(page, link)]
    assert broken == []


@pytest.mark.parametrize("alert", [alert.name for alert in alerts()])
def test_an_alert_leads_to_its_runbook(site: Path, alert: str) -> None:
    """At the address that the rule gives, below the home page."""
    text = (PROJECT / "rules" / "presence.alerts.yml").read_text(encoding="utf-8")
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    [url] = [rule["annotations"]["runbook_url"] for rule in rules if rule["alert"] == alert]
    assert url.startswith(HOME)
    page = (site / url.removeprefix(HOME) / "index.html").read_text(encoding="utf-8")
    assert re.search(rf"<h1 [^>]*>{alert}<", page)


def test_what_the_pages_link_to_is_in_the_site(site: Path) -> None:
    """Rules, dashboards and examples, byte for byte; pages that lie elsewhere, as pages."""
    outside = site / hooks.OUTSIDE
    files = [path for path in outside.rglob("*") if path.is_file() and path.suffix != ".html"]
    assert {path.suffix for path in files} >= {".yml", ".json", ".tmpl"}
    for path in files:
        assert path.read_bytes() == (PROJECT / path.relative_to(outside)).read_bytes()
    assert (outside / "CONTRIBUTING" / "index.html").is_file()


def test_the_home_page_is_the_one_of_the_rules() -> None:
    """What a release puts in the place of one must be put in the place of both."""
    text = (PROJECT / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"site_url: {HOME}\n" in text


@pytest.mark.parametrize(
    "link", ["[a](nowhere.md)", "[a](#nothing)", "[a](/faq/)", "[a](../nowhere/)", "[a](other.md#nothing)"]
)
def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path, link: str) -> None:
    """A page, an anchor, an address that depends on where the site is, and what is not in the project."""
    assert _child(tmp_path, index=f"# A\n\n{link}\n", other="# B\n").returncode == 1


def test_a_page_that_nobody_finds_fails_the_build(tmp_path: Path) -> None:
    """Every page is in the navigation; a site of good pages is built."""
    assert _child(tmp_path, index="# A\n", lost="# B\n").returncode == 1
    (tmp_path / "docs" / "lost.md").unlink()
    assert build(config=tmp_path / "mkdocs.yml").returncode == 0


def _child(folder: Path, **texts: str) -> subprocess.CompletedProcess[str]:
    """Build a site of these pages with our settings; those but the first two are in no navigation."""
    (folder / "docs").mkdir()
    for name, text in texts.items():
        (folder / "docs" / f"{name}.md").write_text(text)
    child = CHILD.format(parent=PROJECT / "mkdocs.yml", hooks=Path(hooks.__file__).resolve())
    (folder / "mkdocs.yml").write_text(child + ("  - Other: other.md\n" if "other" in texts else ""))
    return build(config=folder / "mkdocs.yml")


def test_anchors_are_those_of_the_repository() -> None:
    """Also where two headings of a page say the same."""
    seen: dict[str, int] = {}
    headings = ["## `simulate`", "### `simulate`", "## `/debug/collections`", "text"]
    said = [hooks.translated(line, here="cli.md", seen=seen) for line in headings]
    assert [line.partition(" { ")[2] for line in said] == [
        "#simulate }",
        "#simulate-1 }",
        "#debugcollections }",
        "",
    ]


def test_lists_are_indented_as_the_parser_wants_them() -> None:
    """Blocks within them too, and a list begins after an empty line."""
    text = "Three:\n- a\n  more\n\n  ```sh\n  - no item\n  ```\n\n  1. b\n     - c\n- d\n\nend\n"
    assert hooks.indented(text) == (
        "Three:\n\n- a\n    more\n\n    ```sh\n    - no item\n    ```\n\n    1. b\n        - c\n- d\n\nend\n"
    )


def test_the_links_of_the_readme_lead_somewhere() -> None:
    """It is not in the site, which has a start of its own."""
    page = read(PROJECT / "README.md")
    targets = [link.partition("#") for link in page.links if not urlsplit(link).scheme]
    assert [name for name, _, _ in targets if not (PROJECT / name).exists()] == []
    assert [name for name, _, anchor in targets if anchor and anchor not in anchors(PROJECT / name)] == []


def test_the_readme_names_every_page() -> None:
    """Of those that are not found by a page of their own kind: runbooks apart."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert [page for page in PAGES if "/" not in page and f"docs/{page}" not in text] == []
