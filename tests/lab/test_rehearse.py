"""A change is tried on the twin of what it touches: what it does to traffic is measured, what breaks is named, nothing is left."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.intent.model import Location
from provisioner.lab import lifecycle
from provisioner.lab.engine import Engine
from provisioner.lab.state import LabState, state_home
from provisioner.rehearsal.twin import held_name

from .conftest import ROOT, Provision, Schools
from .faults import COMMAND

INSTANT_SECONDS = 1.0
"""An outage that is none: an echo or two lost to this machine's mood."""
ONE_UPLINK_SECONDS = 3.0
"""As test_dual_homed: the time in which the other uplink takes over."""
LINE_MOVED_SECONDS = 45.0
"""A line that is led elsewhere: the push, BGP's connect timer, router advertisements."""
DEADLINE = ("--deadline", "30")

Report = Mapping[str, Any]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of the sample inventory and templates, one commit, on main."""
    for name in ("inventory", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    for command in (("init", "--quiet", "--initial-branch=main"), ("add", "."), (*identity, "commit", "-qm", "base")):
        subprocess.run(["git", "-C", tmp_path, *command], check=True)
    return tmp_path


def _labs() -> list[str]:
    """Labs of rehearsals of this test session of which anything is left."""
    engine = Engine()
    try:
        return [name for name in engine.labs() if name.startswith("rehearsal-") and LabState.of(name).exists]
    finally:
        engine.close()


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Checked after each test: a rehearsal takes its lab down however it ends."""
    yield
    left = _labs()
    for name in left:
        lifecycle.down(name, lambda _: None)
    assert left == []
    assert [path.name for path in state_home().iterdir() if "rehearsal-" in path.name] == []


def _edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before, f"{path.name} was to change"
    path.write_text(after, encoding="utf-8")


def _location_file(checkout: Path, location: Location) -> Path:
    return checkout / "inventory" / "locations" / f"{location.code}.yaml"


def _sources(checkout: Path) -> tuple[str, ...]:
    return ("--inventory", str(checkout / "inventory"), "--templates", str(checkout / "templates"))


def _rehearsed(
    provision: Provision, checkout: Path, *arguments: str
) -> tuple[int, Report, subprocess.CompletedProcess[str]]:
    done = provision("rehearse", *_sources(checkout), *DEADLINE, "--format", "json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done


def _ways(report: Report, code: str) -> list[Report]:
    """The segments and families of a school that the inventory lets through."""
    (location,) = (each for each in report["locations"] if each["code"] == code)
    ways = [way for way in location["traffic"] if way["meant"]]
    assert {way["family"] for way in ways} == {"ipv4", "ipv6"}
    assert all(way["requests"] > 20 for way in ways), "hardly anything was sent"
    return ways


def test_a_harmless_change_passes_and_no_segment_notices(
    provision: Provision, checkout: Path, schools: Schools
) -> None:
    school = schools.fibre
    _edit(_location_file(checkout, school), lambda text: text.replace("circuit_id: ", "circuit_id: XX-"))
    status, report, done = _rehearsed(provision, checkout, "--school", school.code)
    assert status == 0, done.stdout + done.stderr
    assert report["verdict"] == "passed"
    assert report["devices"] == [school.uplinks[0].aggregation_router, school.edge_router_name]
    assert all(way["before"] and way["after"] for way in _ways(report, school.code))
    assert report["longest_outage_seconds"] < INSTANT_SECONDS
    routes = report["locations"][0]["routes"]
    assert all(seen["before"] == seen["after"] for seen in routes)
    accepted = {prefix for seen in routes if "accepted" in seen["what"] for prefix in seen["after"]}
    assert accepted == {str(prefix) for prefix in (*school.prefixes.ipv4, *school.prefixes.ipv6)}


def test_a_template_that_takes_the_default_away_fails_and_says_so(
    provision: Provision, checkout: Path, schools: Schools
) -> None:
    school = schools.fibre
    _edit(
        checkout / "templates" / "frr" / "aggregation" / "slice" / "frr.j2",
        lambda text: text.replace("-out4 seq 5 permit 0.0.0.0/0", "-out4 seq 5 deny 0.0.0.0/0"),
    )
    # Nothing of the service comes back within any deadline, so a short one will do.
    status, report, done = _rehearsed(provision, checkout, "--school", school.code, "--deadline", "10")
    assert status == 2, done.stdout + done.stderr
    assert report["verdict"] == "failed"
    assert [outcome["result"] for outcome in report["outcomes"]] == ["rolled-back"]
    named = [check for outcome in report["outcomes"] for check in outcome["failed_checks"]]
    assert any("default" in check["name"] and check["device"] == school.edge_router_name for check in named), named
    assert school.code in report["trouble"][0]
    # What was rolled back is as it was; what it cost meanwhile is told.
    assert all(way["after"] for way in _ways(report, school.code))
    lost = [way["outage_seconds"] for way in _ways(report, school.code) if way["family"] == "ipv4"]
    assert min(lost) > INSTANT_SECONDS, lost


def test_new_passwords_on_both_uplinks_of_a_school_are_rehearsed_as_they_are_pushed(
    provision: Provision, checkout: Path, schools: Schools
) -> None:
    school = schools.dual
    _edit(_location_file(checkout, school), lambda text: re.sub(r"(password: \S+)", r"\1/next", text))
    status, report, done = _rehearsed(
        provision, checkout, "--school", school.code, "--max-outage", str(ONE_UPLINK_SECONDS)
    )
    assert status == 0, done.stdout + done.stderr
    assert len(report["devices"]) == 3
    assert len([seen for seen in report["locations"][0]["routes"] if seen["what"].startswith("accepted")]) == 4
    assert report["longest_outage_seconds"] < ONE_UPLINK_SECONDS


def test_a_school_that_moves_lands_on_the_other_router_and_its_line_with_it(
    provision: Provision, checkout: Path, schools: Schools
) -> None:
    school = schools.fibre
    uplink = school.uplinks[0]
    other = next(
        each.aggregation_router for each in schools.dual.uplinks if each.aggregation_router != uplink.aggregation_router
    )
    _edit(
        _location_file(checkout, school),
        lambda text: text.replace(
            f"aggregation_router: {uplink.aggregation_router}", f"aggregation_router: {other}"
        ).replace(f"vlan_id: {uplink.vlan_id}\n", "vlan_id: 3901\n"),
    )
    status, report, done = _rehearsed(provision, checkout, "--school", school.code)
    assert status == 0, done.stdout + done.stderr
    assert set(report["devices"]) == {uplink.aggregation_router, other, school.edge_router_name}
    assert any(other in note and "line" in note for note in report["notes"])
    accepted = {
        (seen["device"], bool(seen["before"]), bool(seen["after"]))
        for seen in report["locations"][0]["routes"]
        if seen["what"].startswith("accepted")
    }
    assert accepted == {(uplink.aggregation_router, True, False), (other, False, True)}
    assert 0 < report["longest_outage_seconds"] < LINE_MOVED_SECONDS


def _rehearsing(checkout: Path, school: Location) -> subprocess.Popen[str]:
    _edit(_location_file(checkout, school), lambda text: text.replace("circuit_id: ", "circuit_id: XX-"))
    return subprocess.Popen(
        [COMMAND, "rehearse", *_sources(checkout), *DEADLINE, "--school", school.code, "--verbose"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _signalled(process: subprocess.Popen[str], phase: str, number: signal.Signals) -> tuple[str, str]:
    """What it says from the phase on in which it gets the signal, on standard output and standard error."""
    assert process.stderr is not None
    try:
        assert any(phase in line for line in process.stderr), f"it never came to {phase}"
        assert _labs(), "there was nothing to take down yet"
        process.send_signal(number)
        return process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(
    ("phase", "number"), [("waiting for the routers to boot", signal.SIGTERM), ("validating", signal.SIGINT)]
)
def test_an_interruption_leaves_no_container(
    checkout: Path, schools: Schools, phase: str, number: signal.Signals
) -> None:
    process = _rehearsing(checkout, schools.fibre)
    stdout, stderr = _signalled(process, phase, number)
    assert process.returncode == 2, stderr
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    assert stdout == ""
    assert _labs() == []


def test_what_a_killed_rehearsal_left_the_next_one_takes_down(checkout: Path, schools: Schools) -> None:
    process = _rehearsing(checkout, schools.fibre)
    _signalled(process, "waiting for the routers to boot", signal.SIGKILL)
    assert len(_labs()) == 1
    with held_name(kept=False):
        assert _labs() == []
