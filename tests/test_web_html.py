"""Pages from templates, and what a browser is told about them."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from exporter.web.html import answer, render
from exporter.web.status import Links, Overview, page

PAGE = page(Overview("presence-exporter", "1.2.3"), Links())


@pytest.mark.parametrize("tag, directive", [("style", "style-src"), ("script", "script-src")])
def test_the_policy_names_what_stands_in_the_page(tag: str, directive: str) -> None:
    """By its hash, as a browser takes it: of all between the tags. Nothing else may run or apply."""
    [inside] = re.findall(f"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
    policy = dict(each.split(" ", 1) for each in answer(PAGE).headers["content-security-policy"].split("; "))

    assert policy[directive] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)


def test_an_answer_is_html_that_is_kept_nowhere() -> None:
    """Further headers are added to those that every page has."""
    headers = answer(PAGE, {"Refresh": "15"}).headers

    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["refresh"] == "15"


def test_a_value_that_is_missing_is_an_error() -> None:
    """Rather than a gap that nobody sees."""
    with pytest.raises(UndefinedError):
        render("status.html")
    with pytest.raises(TemplateNotFound):
        render("nothing.html")
