"""YAML without its guesses: what a scalar is, is for its reader to say."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.config.document import FASTEST, Mapping, Scalar, Sequence, parse
from exporter.config.place import Place, Reading
from exporter.config.schema import ROOT
from exporter.errors import ConfigError
from tests.configuration import daily, load, rocketchat
from tests.test_config_messages import DOCUMENTS, FAULTS


def place(**environ: str) -> Place:
    """The whole of a file that is nowhere."""
    return Place(Reading(name="config.yml", folder=Path("/nowhere"), environ=environ))


@pytest.mark.parametrize(
    "text", ["off", "no", "0123", "1_000", "1:30", "2026-01-01", "0x1F", "1e3", "True", ".inf"]
)
def test_a_scalar_stays_the_text_in_the_file(text: str) -> None:
    """No word, number or date of YAML 1.1 is turned into something else."""
    node = parse(f"key: {text}", place())
    assert isinstance(node, Mapping)
    assert node.pairs[0][1] == Scalar(text, plain=True, line=1)


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_only_three_plain_texts_are_nothing(text: str) -> None:
    """A missing value, `~` and `null` are empty; in quotes they are texts."""
    assert Scalar(text, plain=True, line=1).empty is True
    assert Scalar(text, plain=False, line=1).empty is False


def test_an_alias_stands_for_the_value_of_its_anchor(tmp_path: Path) -> None:
    """What two sources share can be written once."""
    text = (
        "sources:\n"
        "  - {name: a, kind: daily, api_key: k, http: &shared {proxy: none}}\n"
        "  - {name: b, kind: daily, api_key: k, http: *shared}\n"
    )
    first, second = load(text, tmp_path).config.sources
    assert first.http.proxy == "none"
    assert second.http == first.http


def test_a_document_knows_its_lines() -> None:
    """Every node tells the line on which it begins, counted from 1."""
    node = parse("# remark\na:\n  - b\n", place())
    assert isinstance(node, Mapping)
    key, value = node.pairs[0]
    assert isinstance(value, Sequence)
    assert (node.line, key.line, value.line, value.items[0].line) == (2, 2, 3, 3)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Editors that put one before the text do no harm."""
    assert len(load("\ufeff" + daily(), tmp_path).config.sources) == 1


@pytest.mark.parametrize("text", [*DOCUMENTS, daily(), rocketchat()])
def test_the_loader_in_python_agrees_with_the_one_in_c(text: str) -> None:
    """Where PyYAML came without its C library, documents and messages are the same."""
    assert FASTEST is not yaml.SafeLoader
    outcomes = []
    for loader in (FASTEST, yaml.SafeLoader):
        try:
            outcomes.append(repr(ROOT.read(parse(text, place(), loader=loader), place())))
        except ConfigError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


FRAGMENTS = st.sampled_from(
    [
        *FAULTS,
        "a",
        ": ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!x ",
        '"',
        "'",
        "|",
        "%",
        "\t",
        "é",
        "\u2028",
    ]
)


@given(st.lists(FRAGMENTS, max_size=12).map("".join) | st.text(max_size=80))
@example(daily())
@example("%TAG ! !x\n--- a")
@example("%YAML 9.9\n--- a")
def test_no_text_does_more_than_fail_with_one_line(text: str) -> None:
    """Whatever stands in the file, the outcome is a configuration or one printable line."""
    at = place(EMPTY="", BLANK="a b")
    try:
        config = ROOT.read(parse(text, at), at)
    except ConfigError as error:
        outcome = str(error)
    else:
        outcome = f"{len(config.sources)} sources"
    assert outcome.isprintable()
    assert outcome != "0 sources"
