"""`provision rehearse` before there is a lab: what it takes, what it refuses, what there is nothing to do for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.compare.comparison import Request, compare
from provisioner.intent.load import load_fleet
from provisioner.rehearsal.choice import Distinct

ROOT = Path(__file__).parents[3]
COMMAND = str(Path(sys.executable).with_name("provision"))
SINGLE, DUAL, PLANNED = "16PK00", "06EN00", "24YD00"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of the sample inventory and templates, one commit, on main."""
    for name in ("inventory", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    for command in (("init", "--quiet", "--initial-branch=main"), ("add", "."), (*identity, "commit", "-qm", "base")):
        subprocess.run(["git", "-C", tmp_path, *command], check=True)
    return tmp_path


def _rehearse(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Where nothing answers for Docker: whoever asks for it has gone too far."""
    environment = os.environ | {"DOCKER_HOST": "unix:///nowhere/docker.sock", "XDG_STATE_HOME": str(checkout / "state")}
    return subprocess.run(
        [COMMAND, "rehearse", *arguments],
        cwd=checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _all_schools_change(checkout: Path) -> None:
    _edit(checkout / "templates" / "frr" / "edge" / "frr.j2", "timers connect 5", "timers connect 6")


def test_where_nothing_changes_there_is_nothing_to_rehearse(checkout: Path) -> None:
    done = _rehearse(checkout)
    assert (done.returncode, done.stderr.count("\n")) == (0, done.stderr.count("compare:"))
    assert "nothing to rehearse" in done.stdout


def test_a_comment_is_nothing_to_rehearse(checkout: Path) -> None:
    _edit(checkout / "inventory" / "locations" / f"{SINGLE}.yaml", "name: ", "# a word\nname: ")
    done = _rehearse(checkout, "--format", "markdown")
    assert done.returncode == 0
    assert "## Rehearsal" in done.stdout
    assert "nothing to rehearse" in done.stdout


def test_a_school_of_another_selection_is_not_rehearsed(checkout: Path) -> None:
    _edit(checkout / "inventory" / "locations" / f"{SINGLE}.yaml", "circuit_id: ", "circuit_id: XX-")
    assert "nothing to rehearse" in _rehearse(checkout, "--school", DUAL).stdout


def test_too_many_distinct_changes_are_refused_before_a_container_is_made(checkout: Path) -> None:
    for code in (SINGLE, DUAL, "03BK00"):
        _edit(checkout / "inventory" / "locations" / f"{code}.yaml", "circuit_id: ", f"circuit_id: {code}-")
    done = _rehearse(checkout, "--max-devices", "2")
    assert done.returncode == 2
    assert "--max-devices is 2" in done.stderr
    assert "PV0150" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (checkout / "state" / "provision" / "lab").exists()


def test_without_docker_it_says_so_in_one_line(checkout: Path) -> None:
    _edit(checkout / "inventory" / "locations" / f"{SINGLE}.yaml", "circuit_id: ", "circuit_id: XX-")
    done = _rehearse(checkout)
    assert done.returncode == 2
    assert "PV8000" in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_repository_there_is_nothing_to_compare_with(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    done = _rehearse(checkout)
    assert done.returncode == 2
    assert "PV0140" in done.stderr


def test_a_school_with_two_uplinks_does_not_stand_for_one_that_has_one(checkout: Path) -> None:
    _all_schools_change(checkout)
    comparison = compare(Request(checkout / "inventory", checkout / "templates"), None)
    fleet = load_fleet(checkout / "inventory")
    chosen = Distinct.of(comparison, fleet).representatives(12)
    assert len(comparison.changes) > 12
    assert {len(fleet.locations[code].uplinks) for code in chosen} == {1, 2}
    assert len(chosen) < 12
