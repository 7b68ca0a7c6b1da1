"""Waiting for convergence."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from provisioner.validate.convergence import LONGEST_PAUSE_SECONDS, await_convergence
from provisioner.validate.model import Check

GOOD = Check("r", "x", passed=True, expected="a", found="a")
BAD = Check("r", "y", passed=False, expected="a", found="b")


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def wait(rounds: Sequence[Sequence[Check]], deadline: float) -> tuple[tuple[Check, ...], Time, int]:
    time, asked = Time(), 0

    def probe() -> Sequence[Check]:
        nonlocal asked
        asked += 1
        return rounds[min(asked, len(rounds)) - 1]

    return await_convergence(probe, deadline, time.clock, time.sleep), time, asked


def test_what_is_well_at_once_is_not_waited_for() -> None:
    checks, time, asked = wait([[GOOD]], 60)
    assert (checks, time.pauses, asked) == ((GOOD,), [], 1)


def test_it_ends_with_the_first_round_in_which_all_is_well() -> None:
    checks, time, asked = wait([[BAD], [GOOD, BAD], [GOOD, GOOD], [BAD]], 60)
    assert checks == (GOOD, GOOD)
    assert (asked, len(time.pauses)) == (3, 2)


def test_it_looks_fast_at_first_and_slower_later() -> None:
    _, time, _ = wait([[BAD]], 60)
    assert time.pauses[0] == 0.3
    assert time.pauses[:-1] == sorted(time.pauses[:-1])
    assert max(time.pauses) == LONGEST_PAUSE_SECONDS


def test_at_the_deadline_the_last_round_is_told() -> None:
    checks, time, _ = wait([[GOOD, BAD]], 5)
    assert checks == (GOOD, BAD)
    assert time.now == 105.0


def test_there_is_a_last_look_at_the_deadline_itself() -> None:
    _, time, asked = wait([[BAD]], 5)
    assert asked == len(time.pauses) + 1


def test_no_time_at_all_is_one_look() -> None:
    assert wait([[BAD]], 0)[2] == 1


def test_nothing_looked_at_is_not_well() -> None:
    checks, _, asked = wait([[]], 2)
    assert asked > 1
    assert [check.passed for check in checks] == [False]


@given(st.floats(min_value=0, max_value=300), st.floats(min_value=0, max_value=5))
def test_it_never_waits_longer_than_the_deadline_and_one_round(deadline: float, round_seconds: float) -> None:
    time = Time()

    def probe() -> Sequence[Check]:
        time.now += round_seconds
        return [BAD]

    await_convergence(probe, deadline, time.clock, time.sleep)
    assert time.now - 100.0 <= deadline + 2 * round_seconds + 1e-6
