"""The policy rules on both sides of what changes: what the change breaks, what was broken before it, and what it mends. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from provisioner.compare.subjects import RenderedSide
from provisioner.intent.parallel import in_order
from provisioner.policy.acceptance import Acceptances
from provisioner.policy.fleet import Judge
from provisioner.policy.model import Finding

_SUBJECTS_PER_CHUNK: Final = 20

_Found = tuple[tuple[Finding, ...], tuple[Finding, ...]]
"""Of one subject: on the base side, on the head side."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What breaks a rule in what changes.

    Attributes:
        new: On the head side and not on the base side, or accepted there and no longer.
        standing: On both sides, word for word.
        mended: On the base side alone, and not accepted there.
    """

    new: tuple[Finding, ...] = ()
    standing: tuple[Finding, ...] = ()
    mended: tuple[Finding, ...] = ()


def verdicts(
    base: RenderedSide, head: RenderedSide, subjects: Sequence[str], today: date, *, processes: int = 1
) -> Verdicts:
    """Judge both sides of some subjects.

    A finding is the same one if it says the same of the same part of the same router. One that reads otherwise counts as
    new: what was open for one address and is now for another is for a person to look at.

    Args:
        base: The side that is compared with.
        head: The other side.
        subjects: Location codes, and aggregation routers for their bases.
        today: The day on which acceptances count, on both sides.
        processes: How many may work at once.

    Raises:
        RenderError: a side cannot be rendered.
    """
    sides = [_Side.of(side, today) for side in (base, head)]

    def work(some: Sequence[str]) -> list[_Found]:
        before, after = ([side.findings(subject) for subject in some] for side in sides)
        return list(zip(before, after, strict=True))

    return _told_apart(in_order(work, subjects, chunk=_SUBJECTS_PER_CHUNK, processes=processes))


@dataclass(frozen=True, slots=True)
class _Side:
    side: RenderedSide
    judge: Judge | None
    acceptances: Acceptances | None

    @classmethod
    def of(cls, side: RenderedSide, today: date) -> _Side:
        if side.fleet is None:
            return cls(side, None, None)
        return cls(side, Judge(side.fleet, side.rendering), Acceptances(side.fleet, today))

    def findings(self, subject: str) -> tuple[Finding, ...]:
        """Nothing of a subject that this side does not have."""
        if self.judge is None or self.acceptances is None:
            return ()
        location = self.side.location(subject)
        if location is not None:
            return self.acceptances.applied(self.judge.location(location))
        if subject in self.judge.fleet.aggregation_routers:
            return self.acceptances.applied(self.judge.base(subject))
        return ()


def _told_apart(found: Iterator[list[_Found]]) -> Verdicts:
    new: list[Finding] = []
    standing: list[Finding] = []
    mended: list[Finding] = []
    for before, after in (each for some in found for each in some):
        was, now = ({_said(finding): finding for finding in findings} for findings in (before, after))
        for said, finding in now.items():
            is_old = said in was and (was[said].stops or not finding.stops)
            (standing if is_old else new).append(finding)
        mended += [finding for said, finding in was.items() if finding.stops and said not in now]
    return Verdicts(tuple(new), tuple(standing), tuple(mended))


def _said(finding: Finding) -> tuple[str, ...]:
    return finding.rule, finding.device, finding.location, finding.about, finding.what
