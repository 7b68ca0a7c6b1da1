"""Rounds of checks over time: look again until all is well, no longer than a deadline; and what a change has cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from provisioner.validate.model import Check, failed

FIRST_PAUSE_SECONDS: Final = 0.3
LONGEST_PAUSE_SECONDS: Final = 2.0
"""A BGP session is up within a few seconds of its config; later rounds need not load the routers."""
_GROWTH: Final = 1.5


def all_pass(checks: Sequence[Check]) -> bool:
    """Whether everything that was looked at is well; nothing looked at is not."""
    return bool(checks) and all(check.passed for check in checks)


def await_convergence(
    probe: Callable[[], Sequence[Check]],
    deadline_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Check, ...]:
    """Look until all is well or the deadline has passed; gives the last round, which is never empty.

    Args:
        probe: One round.
        deadline_seconds: How long a new round may begin; there is always one, and one after the last pause.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
    """
    ends = clock() + deadline_seconds
    pause = FIRST_PAUSE_SECONDS
    while True:
        checks = tuple(probe())
        left = ends - clock()
        if all_pass(checks) or left <= 0:
            return checks or (failed("", "validation", "something to look at", "nothing"),)
        sleep(min(pause, left))
        pause = min(pause * _GROWTH, LONGEST_PAUSE_SECONDS)


def before_and_after(before: Sequence[Check], after: Sequence[Check]) -> tuple[Check, ...]:
    """What worked before and does not work after, or was not looked at any more: one failed check for each.

    Args:
        before: A round from before a change.
        after: A round from after it.

    Returns:
        Failed checks in the order of `before`; empty where all that worked still does.
    """
    now = {(check.device, check.name): check for check in after}
    lost = []
    for check in before:
        follows = now.get((check.device, check.name))
        if check.passed and (follows is None or not follows.passed):
            found = "not looked at" if follows is None else follows.found
            lost.append(failed(check.device, check.name, f"{check.found}, as before", found))
    return tuple(lost)
