"""A line or a router goes away in the middle of a push: the school works, and nothing is stuck when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.intent.model import Location
from provisioner.lab.handle import Lab, eventually

from . import faults
from .conftest import Provision, Schools

TIMES = ("--deadline", "6", "--revert-in", "18")
TIMERS_SECONDS = 45
"""Until every revert timer has fired and has put its router back, on a busy machine."""
MANAGEMENT = "mgmt0"


@pytest.fixture
def school(schools: Schools) -> Location:
    return schools.fibre


@pytest.fixture
def change(tmp_path: Path, provisioned: Lab, provision: Provision, school: Location) -> Iterator[list[str]]:
    """Options of a push that changes both ends; after the test the school has the project's config and works."""
    yield ["--lab", provisioned.name, *faults.another_circuit(tmp_path, school), "--school", school.code, *TIMES]
    provisioned.mend_all()
    faults.nothing_is_stuck(provisioned, provision, school, TIMERS_SECONDS)
    faults.works(provisioned, school)


def router_of(school: Location, role: str) -> str:
    return school.edge_router_name if role == "edge" else school.uplinks[0].aggregation_router


def agreed(lab: Lab, school: Location) -> None:
    """Both ends have the same circuit id in their alias: both old, or both new."""

    def look() -> bool:
        uplink = school.uplinks[0]
        far = lab.router(uplink.aggregation_router).exec("ip", "-o", "link", "show", uplink.aggregation_interface)
        return (faults.OTHER_CIRCUIT in faults.alias(lab, school)) == (faults.OTHER_CIRCUIT in far.stdout)

    eventually(look, deadline_seconds=TIMERS_SECONDS, what="both ends have the same config")


@pytest.mark.parametrize("role", ["edge", "aggregation"])
@pytest.mark.parametrize("phase", ["committing", "validating"])
def test_a_router_that_cannot_be_reached_any_more_reverts_by_itself_and_the_other_one_is_put_back(
    provisioned: Lab, school: Location, change: list[str], role: str, phase: str
) -> None:
    router = router_of(school, role)
    with faults.Push(*change) as push:
        # Its management goes away, its uplink does not: the school's traffic is none of management's business.
        push.until(f"{phase} {router}" if phase != "validating" else phase)
        provisioned.cut(router, MANAGEMENT)
        faults.works(provisioned, school)
        done = push.finish(180)
    said = done.stdout + done.stderr
    provisioned.mend(router, MANAGEMENT)
    agreed(provisioned, school)
    assert done.returncode == 2, said
    assert router in said
    assert faults.OTHER_CIRCUIT not in faults.alias(provisioned, school)


@pytest.mark.parametrize("role", ["edge", "aggregation"])
@pytest.mark.parametrize("revert_in", ["90", "18"], ids=["back before its timer", "back after its timer"])
def test_a_confirm_whose_answer_is_lost_is_asked_for_and_both_ends_end_alike(
    provisioned: Lab, school: Location, change: list[str], role: str, revert_in: str
) -> None:
    router = router_of(school, role)
    with faults.Push(*change, "--revert-in", revert_in) as push:
        push.until(f"confirming {router}")
        provisioned.cut(router, MANAGEMENT)
        push.until(f"asking {router} whether its confirm arrived")
        faults.works(provisioned, school)
        if revert_in == "18":
            node = provisioned.router(router)
            eventually(
                lambda: "pending" not in faults.left_on(node),
                deadline_seconds=TIMERS_SECONDS,
                what="the timer has fired, unless the confirm arrived",
            )
        provisioned.mend(router, MANAGEMENT)
        done = push.finish(180)
    assert done.returncode in {0, 2}, done.stdout + done.stderr
    far = provisioned.router(school.uplinks[0].aggregation_router)
    aliases = far.exec("ip", "-o", "link", "show", school.uplinks[0].aggregation_interface).stdout
    new = done.returncode == 0
    assert (faults.OTHER_CIRCUIT in faults.alias(provisioned, school)) == new, done.stdout
    assert (faults.OTHER_CIRCUIT in aliases) == new, done.stdout
    if revert_in == "90":
        assert new, "a router that answers in time is confirmed, whether or not its first confirm arrived"


@pytest.mark.parametrize("role", ["edge", "aggregation"])
def test_a_confirm_whose_answer_never_comes_is_told_and_the_next_run_brings_both_ends_together(
    provisioned: Lab, provision: Provision, school: Location, change: list[str], role: str
) -> None:
    """Nobody can know whether it arrived while the router cannot be reached; so it is said, and nothing is guessed."""
    router = router_of(school, role)
    with faults.Push(*change) as push:
        push.until(f"confirming {router}")
        provisioned.cut(router, MANAGEMENT)
        faults.works(provisioned, school)
        done = push.finish(180)
    provisioned.mend(router, MANAGEMENT)
    said = done.stdout + done.stderr
    if done.returncode:  # else the answer was quicker than the cut
        assert done.returncode == 2, said
        assert f"{router}" in said
        assert "unless its confirm arrived" in said
    faults.no_commit_waits(provisioned, school, TIMERS_SECONDS)
    back = provision("--lab", provisioned.name, "--school", school.code, "--yes", "--accept-drift")
    assert back.returncode == 0, back.stdout + back.stderr
    agreed(provisioned, school)


@pytest.mark.parametrize("role", ["edge", "aggregation"])
def test_sessions_cut_for_a_moment_between_commit_and_confirm_leave_both_ends_alike(
    provisioned: Lab, school: Location, change: list[str], role: str
) -> None:
    node = provisioned.router(router_of(school, role))
    with faults.Push(*change) as push:
        push.until("validating")
        node.exec("pkill", "-KILL", "-f", "sshd.*provision")
        done = push.finish(120)
    assert done.returncode in {0, 2}, done.stdout + done.stderr
    agreed(provisioned, school)
    new = faults.OTHER_CIRCUIT in faults.alias(provisioned, school)
    assert new == (done.returncode == 0), done.stdout


@pytest.mark.parametrize("role", ["edge", "aggregation"])
def test_a_router_that_loses_power_before_the_confirm_boots_the_old_config_and_the_other_one_follows(
    provisioned: Lab, school: Location, change: list[str], role: str
) -> None:
    router = router_of(school, role)
    with faults.Push(*change) as push:
        push.until("validating")
        provisioned.reboot(router)
        done = push.finish(180)
    assert done.returncode == 2, done.stdout + done.stderr
    agreed(provisioned, school)
    assert faults.OTHER_CIRCUIT not in faults.alias(provisioned, school)


def test_an_edge_router_that_loses_power_after_the_confirm_boots_the_new_config(
    provisioned: Lab, provision: Provision, school: Location, change: list[str]
) -> None:
    done = provision(*change, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    provisioned.reboot(school.edge_router_name)
    assert faults.OTHER_CIRCUIT in faults.alias(provisioned, school)
    faults.works(provisioned, school)
    look = provision(*change, "--dry-run")
    assert look.returncode == 0, look.stdout


def test_the_primary_uplink_of_a_dual_homed_school_goes_down_while_the_backup_is_changed(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    """What is changed and what carries are both away for a moment: the push is taken back, the backup carries."""
    school = schools.dual
    primary = next(uplink for uplink in school.uplinks if uplink.role == "primary")
    options = ["--lab", provisioned.name, *faults.another_circuit_everywhere(tmp_path, school), "--school", school.code]
    with faults.Push(*options, *TIMES) as push:
        push.until("validating the backup")
        provisioned.cut(school.edge_router_name, primary.edge_port)
        done = push.finish(180)
    faults.works(provisioned, school)
    provisioned.mend_all()
    assert done.returncode == 2, done.stdout + done.stderr
    faults.nothing_is_stuck(provisioned, provision, school, TIMERS_SECONDS)
    faults.works(provisioned, school)
