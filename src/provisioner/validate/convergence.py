"""Rounds of checks over time: look again until all is well, no longer than a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from provisioner.validate.model import Check, failed

FIRST_PAUSE_SECONDS: Final = 0.3
LONGEST_PAUSE_SECONDS: Final = 2.0
"""A BGP session is up within a few seconds of its config; later rounds need not load the routers."""
_GROWTH: Final = 1.5


def nothing_stops(checks: Sequence[Check]) -> bool:
    """Whether a push may be kept; nothing looked at is no reason to keep it."""
    return bool(checks) and not any(check.stops for check in checks)


def await_convergence(
    probe: Callable[[], Sequence[Check]],
    deadline_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Check, ...]:
    """Look until nothing stops a push or the deadline has passed; gives the last round, which is never empty.

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
        if nothing_stops(checks) or left <= 0:
            return checks or (failed("", "validation", "something to look at", "nothing"),)
        sleep(min(pause, left))
        pause = min(pause * _GROWTH, LONGEST_PAUSE_SECONDS)
