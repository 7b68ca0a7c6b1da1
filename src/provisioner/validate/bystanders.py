"""BGP sessions that a change is not about: those that were up before must be up after, and never have gone down between."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from provisioner.validate.model import Check
from provisioner.validate.readings import Readings

_CLOCK_SLACK_SECONDS: Final = 3.0
"""NAPALM tells uptimes in whole seconds, and reading them takes a moment."""
_TOGETHER: Final = 2
"""One session of another school that goes down is that school's own trouble; two at once are ours."""

UpSince = Mapping[str, float]
"""When each session that is up came up, by peer address; seconds on this machine's monotonic clock."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The sessions of a device that a change is not about.

    Attributes:
        device: The router.
        own: Peers of the subject itself; they are reported, and validated elsewhere.
        core: Peers that carry everything; one of them that was lost is enough.
        before: Sessions that were up before the change.
    """

    device: str
    own: frozenset[str]
    core: frozenset[str]
    before: UpSince


def up_since(readings: Readings, clock: Callable[[], float] = time.monotonic) -> UpSince:
    """The sessions of a device that are up. Raises whatever the driver raises."""
    now = clock()
    return {peer: now - float(entry["uptime"]) for peer, entry in readings.peers().items() if entry["is_up"]}


def check_bystanders(
    watched: Watched, now_up: UpSince, touched: Collection[str], clock: Callable[[], float] = time.monotonic
) -> tuple[Check, ...]:
    """What became of the sessions that were up before.

    Args:
        watched: Which ones.
        now_up: Those that are up now.
        touched: Peers that the change is about; nothing is expected of them here.
        clock: Monotonic seconds.

    Returns:
        One failed check per session that was lost, or one that passed for all. A single session of another location and
        the subject's own are tolerated: a line that fails at that moment is no reason to take a good change back.
    """
    kept = {peer: since for peer, since in watched.before.items() if peer not in touched}
    lost = {peer: found for peer, since in kept.items() if (found := _lost(since, now_up.get(peer), clock()))}
    if not kept:
        return ()
    if not lost:
        told = f"{len(kept)} up since before the change"
        return (Check(watched.device, "other BGP sessions", passed=True, expected=told, found=told, about=tuple(kept)),)
    others = [peer for peer in lost if peer not in watched.own]
    ours = len(others) >= _TOGETHER or bool(watched.core & set(others))
    return tuple(
        Check(
            watched.device,
            f"BGP session with {peer} stays up" + ("" if peer in watched.own else " (not of this change)"),
            passed=False,
            expected="up since before the change",
            found=found,
            about=(peer,),
            tolerated=peer in watched.own or not ours,
        )
        for peer, found in lost.items()
    )


def _lost(before: float, after: float | None, now: float) -> str:
    if after is None:
        return "down"
    return f"reset {max(0, now - after):.0f} s ago" if after - before > _CLOCK_SLACK_SECONDS else ""
