"""The orchestrator ends in the middle: killed, interrupted, stopped. The routers find their own way back, and nothing is stuck."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.intent.model import Location
from provisioner.lab.handle import Lab, eventually

from . import faults
from .conftest import Provision, Schools

REVERT_IN_SECONDS = 15
TIMES = ("--deadline", "5", "--revert-in", str(REVERT_IN_SECONDS))
TIMERS_SECONDS = 40
"""Until every revert timer has fired and has put its router back, on a busy machine."""


@pytest.fixture
def school(schools: Schools) -> Location:
    return schools.fibre


@pytest.fixture
def change(tmp_path: Path, provisioned: Lab, provision: Provision, school: Location) -> Iterator[list[str]]:
    """Options of a push that changes both ends; after the test the school has the project's config and works."""
    yield ["--lab", provisioned.name, *faults.another_circuit(tmp_path, school), "--school", school.code, *TIMES]
    faults.nothing_is_stuck(provisioned, provision, school, TIMERS_SECONDS)
    faults.works(provisioned, school)


def phases(school: Location) -> dict[str, str]:
    """Phases by what tests call them."""
    edge, aggregation = school.edge_router_name, school.uplinks[0].aggregation_router
    return {
        "comparing": "comparing (",
        "comparing again": "comparing again",
        "looking": "looking at the service",
        "committing the first": f"committing {aggregation}",
        "between the routers": f"committing {edge}",
        "validating": "validating",
        "logging in anew": "logging in anew",
        "confirming the first": f"confirming {aggregation}",
        "confirming the second": f"confirming {edge}",
        "reading back": "reading back",
    }


@pytest.mark.parametrize(
    "phase",
    [
        "comparing",
        "comparing again",
        "looking",
        "committing the first",
        "between the routers",
        "validating",
        "logging in anew",
        "confirming the first",
        "confirming the second",
        "reading back",
    ],
)
def test_killed_at_any_step_the_routers_agree_again_and_another_run_works(
    provisioned: Lab, provision: Provision, school: Location, change: list[str], phase: str
) -> None:
    with faults.Push(*change) as push:
        push.until(phases(school)[phase])
        push.kill()
    faults.no_commit_waits(provisioned, school, TIMERS_SECONDS)
    faults.works(provisioned, school)
    told = provision("history", "--lab", provisioned.name, "--school", school.code)
    assert "interrupted" in told.stdout, told.stdout
    # Whatever the moment, another run brings both ends to what it says, at once: the lock of a dead run keeps nobody out.
    again = provision(*change, "--yes", "--accept-drift")
    assert again.returncode == 0, again.stdout + again.stderr
    assert faults.OTHER_CIRCUIT in faults.alias(provisioned, school)


def test_killed_with_a_commit_under_way_the_next_one_is_told_who_and_until_when(
    provisioned: Lab, provision: Provision, school: Location, change: list[str]
) -> None:
    with faults.Push(*change) as push:
        push.until("committing")
        began = time.monotonic()
        push.until("validating")
        push.kill()
    refused = provision(*change, "--yes")
    # On a machine that is very busy the timers may have been quicker.
    if refused.returncode or time.monotonic() - began < REVERT_IN_SECONDS:
        said = refused.stdout + refused.stderr
        assert refused.returncode == 2, said
        assert re.search(r"(er-\w+|\w+-ar\d).*locked by \S+@\S+ .*since \d{4}-.*timer fires at \d{4}-", said), said
    eventually(
        lambda: faults.left_on(provisioned.router(school.edge_router_name)) == [],
        deadline_seconds=TIMERS_SECONDS,
        what="the edge router is free",
    )
    resumed = provision("--lab", provisioned.name, "--resume", "last", "--yes", *change[2:4], *TIMES)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert faults.OTHER_CIRCUIT in faults.alias(provisioned, school)


def test_killed_while_rolling_back_the_timers_finish_it(
    provisioned: Lab, provision: Provision, school: Location, change: list[str]
) -> None:
    before = faults.alias(provisioned, school)
    with faults.Push(*change) as push:
        push.until("validating")
        push.interrupt()
        push.until("rolling back")
        push.kill()
    eventually(
        lambda: faults.alias(provisioned, school) == before,
        deadline_seconds=TIMERS_SECONDS,
        what="the edge runs what it ran before",
    )


def test_killed_while_it_asks_nothing_has_happened(
    provisioned: Lab, provision: Provision, school: Location, change: list[str]
) -> None:
    before = faults.alias(provisioned, school)
    shown = faults.killed_at_the_question(change)
    assert "Push this to" in shown
    assert faults.alias(provisioned, school) == before
    again = provision("--lab", provisioned.name, "--school", school.code, "--yes")
    assert (again.returncode, "nothing to do" in again.stdout) == (0, True), again.stdout + again.stderr


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        ("comparing", signal.SIGINT),
        ("between the routers", signal.SIGINT),
        ("validating", signal.SIGINT),
        ("validating", signal.SIGTERM),
        ("validating", signal.SIGHUP),
    ],
)
def test_interrupted_it_puts_everything_back_and_says_so(
    provisioned: Lab, school: Location, change: list[str], phase: str, number: signal.Signals
) -> None:
    before = faults.alias(provisioned, school)
    with faults.Push(*change) as push:
        push.until(phases(school)[phase])
        push.signal(number)
        done = push.finish()
    assert done.returncode == 2
    assert "interrupted" in done.stdout
    assert ("nothing was changed" if phase == "comparing" else "rolled back") in done.stdout
    assert faults.alias(provisioned, school) == before
    for router in faults.routers_of(school):
        assert not {"pending", "lock"} & set(faults.left_on(provisioned.router(router))), router


def test_interrupted_while_confirming_both_ends_are_confirmed_first(
    provisioned: Lab, school: Location, change: list[str]
) -> None:
    """One end confirmed and the other put back would cut the school off."""
    with faults.Push(*change) as push:
        push.until(phases(school)["confirming the first"])
        push.interrupt()
        done = push.finish()
    assert done.returncode == 2
    assert "confirmed" in done.stdout
    assert faults.OTHER_CIRCUIT in faults.alias(provisioned, school)


def test_interrupted_twice_it_leaves_the_rest_to_the_timers_and_says_when_they_fire(
    provisioned: Lab, school: Location, change: list[str]
) -> None:
    before = faults.alias(provisioned, school)
    edge = school.edge_router_name
    with faults.Push(*change) as push:
        push.until("validating")
        provisioned.cut(edge, "mgmt0")  # else it may be put back before anybody presses a second time
        push.interrupt()
        push.until(f"rolling back {edge}")
        push.interrupt()
        done = push.finish(20)
    provisioned.mend(edge, "mgmt0")
    assert done.returncode == 2
    assert "interrupted" in done.stdout
    assert re.search(rf"{edge}.*its own timer puts it back at \d\d:\d\d:\d\d", done.stdout), done.stdout
    eventually(
        lambda: faults.alias(provisioned, school) == before,
        deadline_seconds=TIMERS_SECONDS,
        what="the edge runs what it ran before",
    )


def test_stopped_for_longer_than_the_timers_it_tells_the_truth_afterwards(
    provisioned: Lab, school: Location, change: list[str]
) -> None:
    before = faults.alias(provisioned, school)
    with faults.Push(*change) as push:
        push.until("validating")
        push.signal(signal.SIGSTOP)
        eventually(
            lambda: faults.alias(provisioned, school) == before,
            deadline_seconds=TIMERS_SECONDS,
            what="the edge router's timer has put it back",
        )
        push.signal(signal.SIGCONT)
        done = push.finish()
    assert done.returncode == 2, done.stdout
    assert "confirmed;" not in done.stdout
    assert faults.alias(provisioned, school) == before


@pytest.mark.parametrize("phase", ["validating the", "validating ("])
def test_a_dual_homed_push_killed_in_either_stage_reverts_on_all_three_routers(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path, phase: str
) -> None:
    school = schools.dual
    options = ["--lab", provisioned.name, *faults.another_circuit_everywhere(tmp_path, school), "--school", school.code]
    before = faults.alias(provisioned, school)
    with faults.Push(*options, *TIMES) as push:
        push.until(phase)
        push.kill()
    faults.works(provisioned, school)
    faults.no_commit_waits(provisioned, school, TIMERS_SECONDS + 10)
    assert faults.alias(provisioned, school) == before
    # The lock of a router that was not come to yet is nobody's: the next run on this machine sees that, and takes it.
    back = provision("--lab", provisioned.name, "--school", school.code, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    faults.nothing_is_stuck(provisioned, provision, school)
    faults.works(provisioned, school)
