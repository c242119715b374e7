"""What a release is made by: workflows without holes, one version in all places, and what the steps call."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import exporter
from tests.programs import PROJECT, require_tool
from tests.system.containers import call
from tools.release import run

WORKFLOWS: Final = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
PAGE: Final = (PROJECT / "docs" / "release.md").read_text(encoding="utf-8")
DIGEST: Final = "sha256:" + "0123456789abcdef" * 4
TAG: Final = f"v{exporter.__version__}"

each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=[path.name for path in WORKFLOWS])


def steps(workflow: Path) -> list[dict[str, Any]]:
    """All steps of all jobs."""
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job.get("steps", ())]


@each_workflow
@pytest.mark.system
def test_actionlint_finds_nothing(workflow: Path) -> None:
    """Of the workflows' form, their expressions, and what they call."""
    call([require_tool("actionlint"), "-no-color", str(workflow)])


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    """What zizmor finds, without asking anybody."""
    program = shutil.which("zizmor", path=Path(sys.executable).parent)
    command = [str(program), "--offline", "--no-progress", "--persona", "pedantic", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_zizmor_finds_nothing() -> None:
    """No way in for what others write, no rights too many, nothing that is not pinned; two exceptions."""
    found = zizmor(PROJECT / ".github")
    assert found.returncode == 0, found.stdout
    ignored = [path.read_text(encoding="utf-8").count("zizmor: ignore") for path in WORKFLOWS]
    assert sum(ignored) == 2


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("persist-credentials: false", "persist-credentials: true"),
        ("permissions: {}", "permissions: write-all"),
        ('"$GITHUB_REF_NAME"', '"${{ github.ref_name }}"'),
        ("@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0", "@v7"),
    ],
)
def test_zizmor_would_find_a_hole(tmp_path: Path, right: str, wrong: str) -> None:
    """Each of those that the workflows avoid."""
    text = (PROJECT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "release.yml").write_text(text.replace(right, wrong))
    assert zizmor(tmp_path).returncode != 0


@each_workflow
def test_every_action_is_pinned_to_a_commit_and_says_its_version(workflow: Path) -> None:
    """A tag can be moved to other code; those of this repository are what was checked out."""
    lines = re.findall(r"uses: (.*)", workflow.read_text(encoding="utf-8"))
    assert lines
    for line in lines:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\S+ # zizmor: ignore\S+", line), line


def test_an_action_has_one_version() -> None:
    """In all workflows, so that a newer one is not forgotten in one of them."""
    pinned = {
        step["uses"] for workflow in WORKFLOWS for step in steps(workflow) if "@" in step.get("uses", "")
    }
    assert len({each.partition("@")[0] for each in pinned}) == len(pinned)


@each_workflow
def test_a_job_has_only_the_rights_that_it_names(workflow: Path) -> None:
    """None by default, each with its reason, and an end."""
    text = workflow.read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert job["permissions"]
        assert "timeout-minutes" in job or "uses" in job
    rights = re.findall(r"^ +(?:contents|id-token): (?:read|write)(.*)$", text, re.MULTILINE)
    assert all(reason.startswith(" # ") for reason in rights)


@each_workflow
def test_what_publishes_has_been_approved(workflow: Path) -> None:
    """Whoever has a secret or an identity waits for a person."""
    for job in yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values():
        powerful = "secrets." in str(job) or "id-token" in job["permissions"]
        assert (job.get("environment") == "release") == powerful


@each_workflow
def test_what_the_steps_call_is_there(workflow: Path) -> None:
    """Targets of make, and scripts that can be run."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) | {".tools/bin/helm4"}
    told = "\n".join(step.get("run", "") for step in steps(workflow))
    called = re.findall(r"^make (?:--silent )?(\S+)", told, re.MULTILINE)
    scripts = re.findall(r"^(\.ci/run|tools/\S+)", told, re.MULTILINE)
    assert called or scripts
    assert set(called) <= targets
    assert all(os.access(PROJECT / script, os.X_OK) for script in scripts)


def test_every_python_of_the_package_is_checked() -> None:
    """The matrix is what the package says of itself."""
    document = yaml.safe_load((PROJECT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    said = (PROJECT / "setup.cfg").read_text(encoding="utf-8")
    known = re.findall(r"Programming Language :: Python :: (3\.\d+)$", said, re.MULTILINE)
    assert document["jobs"]["test"]["strategy"]["matrix"]["python"] == known


def test_the_version_is_the_same_in_all_places() -> None:
    """Package, label of the image, chart, and the newest release of the changelog where there is one."""
    assert set(run.versions().values()) == {exporter.__version__}
    released = [
        name
        for name, (day, _) in run.sections((PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")).items()
        if day
    ]
    assert released[:1] in ([], [exporter.__version__])
    assert all(f"`{place}`" in PAGE for place in (*run.PLACES, "CHANGELOG.md"))


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A folder with what a release looks at, in which all is well."""
    for place in run.PLACES:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / place, tmp_path / place)
    changes = f"# Changelog\n\n## [Unreleased]\n\n## [{exporter.__version__}] - 2026-11-21\n\n- All of it.\n"
    (tmp_path / "CHANGELOG.md").write_text(changes)
    return tmp_path


def test_what_is_ready_can_be_released(released: Path) -> None:
    """One version everywhere, a day and a text in the changelog, nothing left over."""
    assert run.wrong(TAG, root=released) == []


@pytest.mark.parametrize(
    "place, right, wrong",
    [
        ("CHANGELOG.md", " - 2026-11-21", ""),
        ("CHANGELOG.md", "- All of it.", ""),
        ("CHANGELOG.md", "[Unreleased]\n", "[Unreleased]\n\n- More.\n"),
        ("Dockerfile", f"VERSION={exporter.__version__}", "VERSION=99"),
        ("exporter/__init__.py", "__version__", "_version"),
    ],
)
def test_what_is_not_ready_is_told(released: Path, place: str, right: str, wrong: str) -> None:
    """With the file that it stands in."""
    text = (released / place).read_text(encoding="utf-8")
    assert right in text
    (released / place).write_text(text.replace(right, wrong))
    [said] = run.wrong(TAG, root=released)
    assert said.startswith(place)


def test_a_tag_is_v_and_the_version_and_all_is_committed(released: Path) -> None:
    """Another tag, and what git does not know yet, are refused."""
    assert "release-1 is not v and a version" in run.wrong("release-1", root=released)[0]
    assert len(run.wrong("v99.0.0", root=released)) == len(run.PLACES) + 1
    assert run.wrong(TAG, root=released, changed=" M README.md") == ["not committed:\n M README.md"]


def test_the_commands_say_it(capsys: pytest.CaptureFixture[str]) -> None:
    """By status and by words; notes of what is not released are none."""
    assert run.main(["notes", "Unreleased"]) == 0
    assert "### Added" in capsys.readouterr().out
    assert run.main(["notes", "v99.0.0"]) == 1
    assert run.main(["check", "v99.0.0"]) == 1
    assert "exporter/__init__.py has" in capsys.readouterr().out
    assert run.main([]) == 2


def arguments(folder: Path, *, said: str) -> subprocess.CompletedProcess[str]:
    """What the image is told in a repository of one commit, when the registry says this of the base."""
    script = folder / "tools" / "release" / "image-arguments.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(PROJECT / "tools" / "release" / script.name, script)
    shutil.copy(PROJECT / "Dockerfile", folder)
    git: list[str | Path] = [require_tool("git", hint="Debian's package `git`"), "-C", folder]
    call([*git, "init", "--quiet"])
    call([*git, "add", "--all"])
    someone = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    call([*git, *someone, "-c", "commit.gpgsign=false", "commit", "--quiet", "--message=All"])
    inspect = folder / "inspect"
    inspect.write_text(f"#!/bin/sh\necho '{said}'\n")
    inspect.chmod(0o755)
    environment = {**os.environ, "INSPECT": str(inspect)}
    return subprocess.run([script], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.system
def test_the_image_is_told_what_it_is_made_of(tmp_path: Path) -> None:
    """As outputs of a step, in arguments that the Dockerfile has."""
    told = arguments(tmp_path, said=DIGEST)
    assert told.returncode == 0, told.stderr
    assert f"version={exporter.__version__}\n" in told.stdout
    given = dict(re.findall(r"^([A-Z_]+)=(\S+)$", told.stdout, re.MULTILINE))
    assert given.keys() == {"BASE_DIGEST", "VERSION", "REVISION", "CREATED"}
    assert given["BASE_DIGEST"] == DIGEST
    assert re.fullmatch(r"[0-9a-f]{40}", given["REVISION"])
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    assert all(re.search(rf"^ARG {name}\b", dockerfile, re.MULTILINE) for name in given)


@pytest.mark.system
def test_without_a_digest_of_the_base_there_is_no_image(tmp_path: Path) -> None:
    """Rather than one of whatever the tag is by then."""
    told = arguments(tmp_path, said="latest")
    assert (told.returncode, told.stdout) == (1, "")
    assert "no digest of docker.io/library/python" in told.stderr


def test_what_no_test_here_can_show_is_said() -> None:
    """Each publishing job has its row among what is not yet seen."""
    unseen = PAGE.partition("## Not yet seen")[2].partition("\n## ")[0]
    for word in ("ci.yml", "PyPI", "image", "signatures", "chart", "page of the release", "pip-audit"):
        assert word in unseen, word
