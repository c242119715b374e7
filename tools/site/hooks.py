"""What MkDocs is told of our Markdown, which is written for whoever reads it in the repository.

Links that leave `docs/` work in the site as well: what they name, and whatever that names in turn, is put
below `source/`, pages as pages and files as files. Headings get the anchors that they have in the repository,
and lists the four columns that MkDocs's parser wants. Knows no page by name.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mkdocs.structure.files import File, InclusionLevel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = "docs"
OUTSIDE: Final = "source"
"""The folder of the site for what is not in `docs/`."""

COLUMNS: Final = 4

_FENCE: Final = re.compile(r" *(```+)")
_LINK: Final = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(?=[)#])")
_ITEM: Final = re.compile(r"(?:[-*]|\d+\.) +(?=\S)")
_HEADING: Final = re.compile(r"(#{1,6}) (.*)")
_ROW: Final = re.compile(r" *\|")
_CODE: Final = re.compile(r"`[^`]+`")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is linked to and lies outside `docs/`, and what that links to."""
    waiting = [path for file in files.documentation_pages() for path in _linked(f"{DOCS}/{file.src_uri}")]
    known: set[str] = set()
    while waiting:
        path = waiting.pop()
        if place(path) in known or path.startswith(f"{DOCS}/"):
            continue
        known.add(place(path))
        files.append(_added(path, config))
        waiting += _linked(path)
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Say the page as the site wants it: links, anchors, bars in tables, lists."""
    here = page.file.src_uri
    seen: dict[str, int] = {}
    lines = [line if fenced else translated(line, here=here, seen=seen) for line, fenced in fences(markdown)]
    return indented("\n".join(lines))


def translated(line: str, *, here: str, seen: dict[str, int]) -> str:
    """Say one line of prose; `seen` counts the anchors of the page so far."""
    line = _LINK.sub(lambda found: _moved(found[1], here=here), line)
    if _ROW.match(line):
        # The parser keeps the backslash of a bar in code, and needs none there.
        line = _CODE.sub(lambda code: code[0].replace("\\|", "|"), line)
    return _with_anchor(line, seen)


def fences(text: str) -> Iterator[tuple[str, bool]]:
    """Give each line, and whether it is in a fenced block or one of its fences."""
    end = ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if end:
            yield line, True
            end = "" if line.strip() == end else end
        else:
            end = fence[1] if fence else ""
            yield line, bool(fence)


def indented(text: str) -> str:
    """Indent what is in lists by four columns each, and begin each list after an empty line.

    In the repository the width of the marker counts: two columns after a dash, three after a number.
    """
    out: list[str] = []
    levels: list[int] = []
    for line, fenced in fences(text):
        column = len(line) - len(line.lstrip())
        while line.strip() and levels and column < levels[-1] and not (fenced and not _FENCE.match(line)):
            levels.pop()
        rest = line[levels[-1] if levels else 0 :]
        item = None if fenced else _ITEM.match(rest)
        if item and out and out[-1].strip() and not _goes_on(out[-1], depth=len(levels)):
            out.append("")
        out.append((" " * COLUMNS * len(levels) + rest).rstrip())
        if item:
            levels.append((levels[-1] if levels else 0) + item.end())
    return "\n".join(out) + "\n"


def place(path: str) -> str:
    """Where the site has what the repository has at `path`, as MkDocs names its sources."""
    if path.startswith(f"{DOCS}/"):
        return path.removeprefix(f"{DOCS}/")
    return f"{OUTSIDE}/{path}/README.md" if (ROOT / path).is_dir() else f"{OUTSIDE}/{path}"


def origin(uri: str) -> str:
    """Where the repository has what the site has: the other way round."""
    return uri.removeprefix(f"{OUTSIDE}/") if uri.startswith(f"{OUTSIDE}/") else f"{DOCS}/{uri}"


def slug(heading: str) -> str:
    """The anchor of a heading, as it is in the repository."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _goes_on(previous: str, *, depth: int) -> bool:
    """Whether an item may follow that line at once: it belongs to the same list, or opens the one around."""
    column = len(previous) - len(previous.lstrip())
    return column > COLUMNS * depth or bool(_ITEM.match(previous.lstrip()))


def _with_anchor(line: str, seen: dict[str, int]) -> str:
    heading = _HEADING.fullmatch(line)
    if not heading:
        return line
    name = slug(heading[2])
    count = seen.get(name, 0)
    seen[name] = count + 1
    return f"{line} {{ #{name}-{count} }}" if count else f"{line} {{ #{name} }}"


def _moved(link: str, *, here: str) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(origin(here)), link))
    return posixpath.relpath(place(target), posixpath.dirname(here) or ".")


def _linked(path: str) -> list[str]:
    """What a page or a folder names, as paths of the repository; what is not there is for MkDocs to tell."""
    where = ROOT / path
    if where.is_dir():
        names = [f"{path}/README.md"] if (where / "README.md").is_file() else _listed(path)
    elif where.suffix == ".md":
        lines = (line for line, fenced in fences(where.read_text(encoding="utf-8")) if not fenced)
        folder = posixpath.dirname(path)
        names = [posixpath.normpath(f"{folder}/{link}") for line in lines for link in _LINK.findall(line)]
    else:
        names = []
    return [name.removeprefix("/") for name in names if (ROOT / name.removeprefix("/")).exists()]


def _listed(path: str) -> list[str]:
    shown = (each for each in sorted((ROOT / path).iterdir()) if each.name[0] not in "._")
    return [each.relative_to(ROOT).as_posix() for each in shown]


def _added(path: str, config: MkDocsConfig) -> File:
    where = ROOT / path
    if not where.is_dir():
        return _generated(config, uri=place(path), file=where)
    if (where / "README.md").is_file():
        return _generated(config, uri=place(path), file=where / "README.md")
    rows = [f"- [{posixpath.basename(name)}]({posixpath.relpath(name, path)})" for name in _listed(path)]
    text = "\n".join([f"# {path}", "", *rows, ""])
    return File.generated(config, place(path), content=text, inclusion=InclusionLevel.NOT_IN_NAV)


def _generated(config: MkDocsConfig, *, uri: str, file: Path) -> File:
    return File.generated(config, uri, abs_src_path=str(file), inclusion=InclusionLevel.NOT_IN_NAV)
