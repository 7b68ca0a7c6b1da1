"""A router whose wall clock is set while it is locked or a commit waits: nothing ends early, nothing stays.

Containers share their clock with the host, so it is Python on r1 that sees another one: every process that the driver or
its timer starts there. What they count on, the clock since boot, nobody can set on a real router either.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from napalm.base import exceptions as napalm_errors

from napalm_frr import FRRDriver

from .conftest import Pair, wait_for
from .test_config_live import changed, running

pytestmark = pytest.mark.lab

DAY_SECONDS = 86400
LIFETIME = 25
"""Seconds of a lock and of a revert timer: what is looked at before they end takes a busy machine ten."""

STEPPED = """\
import time

def _stepped(real=time.time):
    with open("/run/clock-step") as file:
        return real() + float(file.read())

time.time = _stepped
"""


@pytest.fixture
def clocked(pair: Pair) -> Iterator[Pair]:
    """r1 with a clock that `step` sets."""
    folder = pair.sh("r1", "python3 -c 'import site; print(site.getsitepackages()[0])'").strip()
    step(pair, 0)
    pair.sh(
        "r1",
        f"mkdir -p {folder}; printf %s '{STEPPED}' >{folder}/stepped.py; echo import stepped >{folder}/stepped.pth",
    )
    yield pair
    pair.sh("r1", f"rm {folder}/stepped.py {folder}/stepped.pth /run/clock-step")


def step(pair: Pair, seconds: int) -> None:
    pair.sh("r1", f"echo {seconds} >/run/clock-step.new; mv /run/clock-step.new /run/clock-step")


def seen(pair: Pair) -> float:
    return float(pair.sh("r1", "python3 -I -c 'import time; print(time.time())'"))


def other_can_load(pair: Pair, text: str) -> bool:
    with pair.driver(lock_owner="somebody else") as other:
        try:
            other.load_replace_candidate(config=text)
        except napalm_errors.LockError:
            return False
        return True


def test_the_step_is_seen_on_the_router(clocked: Pair) -> None:
    step(clocked, DAY_SECONDS)
    assert seen(clocked) - time.time() > DAY_SECONDS - 60


@pytest.mark.parametrize("seconds", [DAY_SECONDS, -DAY_SECONDS])
def test_a_lock_holds_as_long_as_it_should_whatever_the_wall_clock_says(
    clocked: Pair, router: FRRDriver, initial: str, seconds: int
) -> None:
    del router
    with clocked.driver(lock_owner="dead", lock_lifetime=LIFETIME) as dead:
        taken = time.monotonic()
        dead.load_replace_candidate(config=initial)
        step(clocked, seconds)
        assert not other_can_load(clocked, initial)
        assert time.monotonic() - taken < LIFETIME
        wait_for("the lock to expire", lambda: other_can_load(clocked, initial), 3 * LIFETIME)
        assert time.monotonic() - taken > LIFETIME


@pytest.mark.parametrize("seconds", [DAY_SECONDS, -DAY_SECONDS])
def test_the_revert_timer_fires_in_time_whatever_the_wall_clock_says(
    clocked: Pair, router: FRRDriver, initial: str, seconds: int
) -> None:
    router.load_replace_candidate(config=changed(initial))
    begun = time.monotonic()
    router.commit_config(revert_in=LIFETIME)
    step(clocked, seconds)
    assert not other_can_load(clocked, initial)
    assert router.has_pending_commit()
    assert "renamed" in running(router)
    wait_for("the timer", lambda: not router.has_pending_commit(), 3 * LIFETIME)
    assert time.monotonic() - begun > LIFETIME
    assert "renamed" not in running(router)


@pytest.mark.parametrize("seconds", [DAY_SECONDS, -DAY_SECONDS])
def test_a_commit_is_confirmed_whatever_the_wall_clock_says(
    clocked: Pair, router: FRRDriver, initial: str, seconds: int
) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=60)
    step(clocked, seconds)
    router.confirm_commit()
    assert not router.has_pending_commit()
    assert "renamed" in running(router)
