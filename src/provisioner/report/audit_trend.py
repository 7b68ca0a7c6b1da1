"""The nights of the past as strips of bars, one for each status and each severity, and the same as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from provisioner.audit.model import Night, Severity, Status
from provisioner.report.audit_text import STATUS_WORDS
from provisioner.report.wording import counted

NIGHTS: Final = 90
HEIGHT: Final = 100
"""Of a strip, in units of its own; the page stretches it."""

_MOST_SLOTS: Final = 2 * NIGHTS
"""Nights without an audit leave a gap; where there are more of them than audits the bars stand side by side."""

_LEAST_BAR: Final = 4
"""One of ten thousand can still be seen."""

_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Bar:
    """One night of a strip.

    Attributes:
        slot: How far from the left.
        height: Of `HEIGHT`.
        told: Shown when it is pointed at.
    """

    slot: int
    height: int
    told: str


@dataclass(frozen=True, slots=True)
class Strip:
    """How one number went from night to night, on a scale of its own.

    Attributes:
        name: What is counted.
        key: Which status or severity; it has its own colour.
        last: The number of the last night.
        change: Since the night before, with its sign; empty where it is the same or there is none.
        most: The highest, which is the height of the strip.
        slots: How many nights wide it is.
        bars: One for each night on which it was above zero.
        told: The strip in words.
    """

    name: str
    key: str
    last: int
    change: str
    most: int
    slots: int
    bars: tuple[Bar, ...]
    told: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Strips over the same nights.

    Attributes:
        first: The day of the first.
        last: The day of the last.
        nights: How many audits.
        severities: Findings, the worst first; those that there ever were.
        statuses: Devices, the worst first; those that there ever were.
    """

    first: str
    last: str
    nights: int
    severities: tuple[Strip, ...]
    statuses: tuple[Strip, ...]


def strips(nights: Sequence[Night]) -> Trend | None:
    """The trend; None where there is but one audit, or none."""
    nights = nights[-NIGHTS:]
    if len(nights) <= 1:
        return None
    slots = _slots(nights)

    severities = (
        _strip(each.word, each.word, nights, slots, [night.severities.get(each, 0) for night in nights])
        for each in reversed(Severity)
    )
    statuses = (
        _strip(STATUS_WORDS[each], each.value, nights, slots, [night.statuses.get(each, 0) for night in nights])
        for each in reversed(Status)
    )
    return Trend(
        f"{nights[0].at:%-d %b %Y}",
        f"{nights[-1].at:%-d %b %Y}",
        len(nights),
        tuple(each for each in severities if each.most),
        tuple(each for each in statuses if each.most),
    )


def table(nights: Sequence[Night]) -> tuple[list[str], list[list[str]]]:
    """The same numbers: the names of the columns, and a row for each night, the last one first."""
    header = ["audit", *(each.word for each in reversed(Severity)), *(STATUS_WORDS[each] for each in reversed(Status))]
    rows = [
        [
            f"{night.at:%Y-%m-%d %H:%M}",
            *(str(night.severities.get(each, 0)) for each in reversed(Severity)),
            *(str(night.statuses.get(each, 0)) for each in reversed(Status)),
        ]
        for night in reversed(nights[-NIGHTS:])
    ]
    return header, rows


def _slots(nights: Sequence[Night]) -> list[int]:
    slots = [0]
    for before, night in pairwise(nights):
        days = round((night.at - before.at).total_seconds() / _DAY_SECONDS)
        slots.append(slots[-1] + max(1, days))
    return slots if slots[-1] < _MOST_SLOTS else list(range(len(nights)))


def _strip(name: str, key: str, nights: Sequence[Night], slots: Sequence[int], numbers: Sequence[int]) -> Strip:
    most = max(numbers)
    bars = tuple(
        Bar(slot, max(_LEAST_BAR, round(HEIGHT * number / most)), f"{night.at:%-d %b}: {number} {name}")
        for night, slot, number in zip(nights, slots, numbers, strict=True)
        if number
    )
    change = numbers[-1] - numbers[-2]
    peak = nights[numbers.index(most)].at
    told = (
        f"{name}: {numbers[-1]} now, {numbers[-2]} the audit before, "
        f"at most {most} on {peak:%-d %b %Y}, over {counted(len(nights), 'audit')}"
    )
    return Strip(name, key, numbers[-1], f"{change:+}" if change else "", most, slots[-1] + 1, bars, told)
