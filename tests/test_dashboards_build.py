"""The dashboards' files are what their code makes, and what makes them keeps its own rules."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from grafana.boards import files, layout, panels, queries, tables
from tests.dashboardlint.reading import asking
from tests.programs import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from grafana_foundation_sdk.models import dashboard as model

PROVISIONING = PROJECT / "grafana" / "provisioning"


@pytest.mark.parametrize("name", files.BOARDS)
def test_the_file_is_what_the_code_makes(name: str) -> None:
    """Byte by byte: whoever changes the code runs `make dashboards`."""
    assert (files.FOLDER / f"{name}.json").read_text(encoding="utf-8") == files.text(name)


@pytest.mark.parametrize("name", files.BOARDS)
def test_a_board_is_made_the_same_each_time(name: str) -> None:
    """Nothing of the first making is left in the second."""
    assert files.text(name) == files.text(name)


@pytest.mark.parametrize("name", files.BOARDS)
def test_json_comes_back_as_it_went(name: str) -> None:
    """No key is there twice, and no number or sign changes when the file is read and written."""
    text = files.text(name)

    assert json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n" == text


@pytest.mark.parametrize("name", files.BOARDS)
def test_no_panel_is_without_its_letters(name: str) -> None:
    """Queries are A, B and so on, in the order in which they stand."""
    for panel in asking(json.loads(files.text(name))):
        letters = [query["refId"] for query in panel["targets"]]

        assert letters == [chr(ord("A") + index) for index in range(len(letters))]


def test_drift_is_named(tmp_path: Path) -> None:
    """A file that was changed, one that is gone and one that nobody makes are told."""
    files.write(tmp_path)
    assert files.drifted(tmp_path) == []

    (tmp_path / "overview.json").write_text("{}", encoding="utf-8")
    (tmp_path / "chat.json").unlink()
    (tmp_path / "older.json").write_text("{}", encoding="utf-8")

    assert files.drifted(tmp_path) == ["chat.json", "older.json", "overview.json"]


def test_writing_makes_the_folder_and_checking_finds_it_good(tmp_path: Path) -> None:
    """And an argument that is not understood is said so, before anything is written."""
    folder = tmp_path / "new"

    assert files.main(["--chek"], folder=folder) == 2
    assert not folder.exists()
    assert files.main(["--check"], folder=folder) == 1
    assert files.main([], folder=folder) == 0
    assert files.main(["--check"], folder=folder) == 0
    assert sorted(path.stem for path in folder.iterdir()) == sorted(files.BOARDS)


def test_the_build_runs_from_anywhere(tmp_path: Path) -> None:
    """The script finds its parts, and no warning of the kit comes through."""
    script = PROJECT / "grafana" / "build.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), "--check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _panel(title: str) -> model.Panel:
    about = panels.About(title=title, question="How many?", absent="nobody knows.")
    return panels.number(about, queries.now("max by (job, source) (presence_up{@source})"))


def test_panels_stand_in_lines_below_each_other() -> None:
    """A closed section takes the room of its title alone, and keeps its panels to itself."""
    sections = [
        layout.section("", layout.line(3, _panel("a"), _panel("b"))),
        layout.section("Closed?", layout.line(8, _panel("c")), collapsed=True),
        layout.section("Open?", layout.line(5, _panel("d"), _panel("e"), widths=(18, 6))),
    ]

    arranged = layout.arrange(sections)

    places = {each.title: _place(each) for each in arranged}
    assert places == {
        "a": (0, 0, 12, 3),
        "b": (12, 0, 12, 3),
        "Closed?": (0, 3, 24, 1),
        "Open?": (0, 4, 24, 1),
        "d": (0, 5, 18, 5),
        "e": (18, 5, 6, 5),
    }
    [closed] = [each for each in arranged if each.title == "Closed?"]
    [inside] = closed.panels  # type: ignore[union-attr]
    assert (inside.title, _place(inside)) == ("c", (0, 4, 24, 8))
    assert [each.id_val for each in (*arranged[:3], inside, *arranged[3:])] == [1, 2, 3, 4, 5, 6, 7]


def _place(each: model.Panel | model.RowPanel) -> tuple[int, int, int, int]:
    assert each.grid_pos is not None
    return each.grid_pos.x, each.grid_pos.y, each.grid_pos.w, each.grid_pos.h


@pytest.mark.parametrize("widths", [(12,), (12, 13)], ids=["too few", "too wide"])
def test_panels_that_do_not_fit_are_refused(widths: tuple[int, ...]) -> None:
    """A board that would overlap is not made at all."""
    with pytest.raises(ValueError, match="cannot stand"):
        layout.arrange([layout.section("", layout.line(3, _panel("a"), _panel("b"), widths=widths))])


def test_a_query_has_the_selectors_of_the_variables_on_one_line() -> None:
    """Whatever else it selects stays beside them."""
    query = queries.now('sum by (room)\n  (presence_room_participants{@room, room!="x"})')

    assert query.expr == (
        'sum by (room) (presence_room_participants{job=~"$job", instance=~"$instance", source=~"$source", '
        'room=~"$room", room!="x"})'
    )


def test_a_link_to_a_board_keeps_the_time_and_takes_the_row() -> None:
    """The data source, the job and the instance stay; the row says which source it is."""
    assert tables.link_to("presence-rooms", source="Source") == (
        "/d/presence-rooms?${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
        '&var-source=${__data.fields["Source"]:percentencode}'
    )


def _provisioned(path: str) -> Any:
    return yaml.safe_load((PROVISIONING / path).read_text(encoding="utf-8"))


def test_provisioned_boards_cannot_be_lost_or_overwritten() -> None:
    """Folders come from the files, and the path is the one that the documentation names."""
    [provider] = _provisioned("dashboards/presence.yml")["providers"]

    assert provider["type"] == "file"
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)
    assert provider["options"]["foldersFromFilesStructure"] is True
    assert "folder" not in provider
    assert f"{provider['options']['path']}/Presence" in (PROJECT / "grafana" / "README.md").read_text("utf-8")


def test_the_provisioned_data_source_has_an_address_for_ever_and_no_secret() -> None:
    """So that whatever names it by its uid goes on finding it."""
    [source] = _provisioned("datasources/prometheus.yml")["datasources"]

    assert (source["type"], source["uid"]) == ("prometheus", "presence-prometheus")
    assert not {"password", "secureJsonData", "basicAuthPassword"} & source.keys()


def test_the_documentation_names_every_board_with_its_uid() -> None:
    """A board that is added or renamed is found here."""
    told = (PROJECT / "grafana" / "README.md").read_text(encoding="utf-8")

    for name in files.BOARDS:
        board = json.loads(files.text(name))
        assert f"| [{board['title']}](dashboards/{name}.json) | `{board['uid']}` |" in told
