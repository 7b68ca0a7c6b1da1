"""How long traffic stood still, told from a stream of echo requests. Pure.

An outage lasts from the first request without an answer to the next one with an answer: it cannot have been longer by more
than one interval. What was sent shortly before the end and has no answer yet says nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from provisioner.lab.probing import Echo

ANSWER_SECONDS: Final = 1.0
"""An answer that takes longer is none: nobody waits for it, and no line in the lab is that long."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A span without traffic, in seconds of the clock of the echoes."""

    begins: float
    ends: float

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.ends - self.begins


def decided(echoes: Sequence[Echo]) -> Sequence[Echo]:
    """The echoes whose fate is known at the time of the last one: answered, or given up."""
    if not echoes:
        return echoes
    known = echoes[-1].sent - ANSWER_SECONDS
    return [echo for echo in echoes if echo.sent <= known or is_answered(echo)]


def is_answered(echo: Echo) -> bool:
    """Whether its answer came in time."""
    return echo.answered is not None and echo.answered - echo.sent <= ANSWER_SECONDS


def outages(echoes: Sequence[Echo]) -> tuple[Outage, ...]:
    """The spans in which no request was answered, in their order.

    Args:
        echoes: Of one stream, in the order in which they went out, each one's fate known.
    """
    found: list[Outage] = []
    begins: float | None = None
    for echo in echoes:
        if is_answered(echo):
            if begins is not None:
                found.append(Outage(begins, echo.sent))
            begins = None
        elif begins is None:
            begins = echo.sent
    if begins is not None and echoes:
        found.append(Outage(begins, echoes[-1].sent))
    return tuple(found)


def common(one: Iterable[Outage], other: Iterable[Outage]) -> tuple[Outage, ...]:
    """The spans that lie in outages of both: a segment with two hosts is out where neither gets through."""
    spans = (
        Outage(max(a.begins, b.begins), min(a.ends, b.ends)) for a, b in itertools.product(tuple(one), tuple(other))
    )
    return tuple(sorted((span for span in spans if span.seconds > 0), key=lambda span: span.begins))


def blind_seconds(echoes: Sequence[Echo]) -> float:
    """The longest time in which nothing was asked at all, which says how short an outage could go unseen."""
    return max((later.sent - earlier.sent for earlier, later in itertools.pairwise(echoes)), default=0.0)
