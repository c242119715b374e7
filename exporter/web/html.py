"""Pages from templates: every value is escaped, a missing one is an error, and nothing foreign can run.

A page is one answer: its style and script stand in it, and its Content-Security-Policy names them by their
hashes. It knows no page. Whoever renders does so beside the loop: the first page of a kind takes a while.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse

from exporter.web import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment, Template

TEMPLATES: Final = Path(__file__).parent / "templates"
STYLE: Final = "style.css"
SCRIPT: Final = "countdown.js"


def render(template: str, /, **values: object) -> str:
    """The page; raises Jinja2's errors for a value that the template asks for and does not get."""
    return _template(template).render(values)


def answer(page: str, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """The page as an answer that can load nothing, be framed by nobody, and is kept nowhere."""
    return HTMLResponse(page, headers={**_headers(), **(headers or {})})


@cache
def _headers() -> Mapping[str, str]:
    policy = (
        "default-src 'none'",
        f"style-src '{_hash(STYLE)}'",
        f"script-src '{_hash(SCRIPT)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def _hash(name: str) -> str:
    return "sha256-" + b64encode(sha256(_text(name).encode()).digest()).decode()


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8").strip()


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    # Nobody should wait for these imports before /-/ready: most exporters are never looked at.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(style=_text(STYLE), script=_text(SCRIPT))
    for each in (words.span, words.ago, words.took, words.number, words.moment, words.short):
        made.filters[each.__name__] = each
    return made
