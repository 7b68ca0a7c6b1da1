"""A change of more schools than are loaded one by one: the whole fleet is, and few of them are rehearsed. No lab is needed."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.compare.comparison import Request as Comparing
from provisioner.compare.comparison import compare
from provisioner.errors import LabError, UsageError
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.network.interrupts import Interruption
from provisioner.rehearsal.model import Rehearsal
from provisioner.rehearsal.run import FEW, rehearse
from provisioner.rehearsal.stage import Request, Teller
from provisioner.report.progress import progress_for

ROOT = Path(__file__).parents[3]
GENERATOR = runpy.run_path(str(ROOT / "benchmarks" / "generate.py"))
SCHOOLS = FEW + 20
IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")


@pytest.fixture(scope="module")
def _pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("many")
    GENERATOR["generate"](root / "inventory", locations=SCHOOLS)
    shutil.copytree(ROOT / "templates", root / "templates")
    for command in (("init", "--quiet", "--initial-branch=main"), ("add", "."), (*IDENTITY, "commit", "-qm", "base")):
        subprocess.run(["git", "-C", root, *command], check=True)
    return root


@pytest.fixture
def checkout(_pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, where nothing answers for Docker: whoever asks for it has gone as far as a lab."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Path(shutil.copytree(_pristine, tmp_path / "checkout"))


def _rehearsed(checkout: Path, whole: Callable[[], Fleet], *, most: int = 12) -> Rehearsal:
    inventory, templates = checkout / "inventory", checkout / "templates"
    comparison = compare(Comparing(inventory, templates), None)
    assert len(comparison.changes) > FEW
    request = Request(inventory, templates, None, actor="somebody@example", max_devices=most)
    with progress_for(verbose=False) as progress:
        teller = Teller(progress.phase, progress, lambda _: None)
        return rehearse(request, comparison, whole, teller, Interruption())


def _locations(checkout: Path) -> list[Path]:
    return sorted((checkout / "inventory" / "locations").iterdir())


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_one_template_line_for_all_comes_as_far_as_the_lab(checkout: Path) -> None:
    _edit(checkout / "templates/frr/edge/frr.j2", "timers connect 5", "timers connect 6")
    asked: list[Fleet] = []

    def whole() -> Fleet:
        asked.append(load_fleet(checkout / "inventory"))
        return asked[-1]

    with pytest.raises(LabError):
        _rehearsed(checkout, whole)
    assert len(asked) == 1


def test_each_school_changed_otherwise_is_refused_before_a_lab_is_asked_for(checkout: Path) -> None:
    for number, path in enumerate(_locations(checkout)):
        _edit(path, "vlan_id: 30\n", f"vlan_id: {1000 + number}\n")
    with pytest.raises(UsageError, match=f"{SCHOOLS} subjects change") as refused:
        _rehearsed(checkout, lambda: load_fleet(checkout / "inventory"))
    assert refused.value.number == "PV0150"


def test_files_that_are_gone_are_nothing_to_rehearse(checkout: Path) -> None:
    for path in _locations(checkout)[1:]:
        path.unlink()
    rehearsal = _rehearsed(checkout, lambda: load_fleet(checkout / "inventory"))
    assert rehearsal.locations == ()
    assert any("status: decommissioned" in note for note in rehearsal.notes)


def test_the_command_takes_the_same_way(checkout: Path) -> None:
    _edit(checkout / "templates/frr/edge/frr.j2", "timers connect 5", "timers connect 6")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("provision")), "rehearse"],
        cwd=checkout,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert "PV8000" in done.stderr
    assert "Traceback" not in done.stderr
