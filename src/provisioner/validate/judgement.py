"""What a round of checks means for a push: what must be taken back for, and what was so before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from provisioner.intent.model import Location, Uplink
from provisioner.intent.types import UplinkRole
from provisioner.validate.model import Check
from provisioner.validate.touch import is_touched


class Goal(StrEnum):
    """What a push is to lead to."""

    INTENDED = "intended"
    """What the inventory says."""
    BACK = "back"
    """What ran before; where the change contradicts the inventory, the change is right. Something must still carry."""
    GONE = "gone"
    """As BACK, to before there was a slice: nothing has to carry any more."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How checks are judged.

    Attributes:
        before: The checks of before the change.
        words: What the change is about, see `words_touched`.
        goal: What it is to lead to.
        peers: The far ends of the subject's own sessions.
    """

    before: Sequence[Check]
    words: frozenset[str]
    goal: Goal = Goal.INTENDED
    peers: frozenset[str] = frozenset()

    def of(self, checks: Iterable[Check]) -> tuple[Check, ...]:
        """The checks, those tolerated that failed before as well and that the change is not about.

        On the way back a check that the change is about is tolerated too: the inventory says what is being taken back.
        But where a session of the subject was well before, one must be after.
        """
        checks = tuple(checks)
        failed_before = {(check.device, check.name) for check in self.before if not check.passed}
        may_contradict = self.goal is not Goal.INTENDED and not (self.goal is Goal.BACK and self._is_cut_off(checks))
        judged = []
        for check in checks:
            touched = is_touched(check.about, self.words)
            was_so = (check.device, check.name) in failed_before and not touched
            is_meant = may_contradict and touched and bool(check.about)
            tolerated = not check.passed and (check.tolerated or was_so or is_meant)
            judged.append(replace(check, tolerated=tolerated))
        return tuple(judged)

    def _is_cut_off(self, checks: Sequence[Check]) -> bool:
        def carried(some: Iterable[Check]) -> bool:
            return any(check.passed for check in some if self.peers & set(check.about))

        return carried(self.before) and not carried(checks)

    def of_stage(self, checks: Iterable[Check], location: Location, changed: UplinkRole) -> tuple[Check, ...]:
        """The checks that can be true while one uplink alone has changed.

        These are the checks of that uplink, and all others that passed before: the other uplink carries the traffic.
        """
        passed_before = {(check.device, check.name) for check in self.before if check.passed}
        mine = {word for uplink in location.uplinks if uplink.role is changed for word in words_of(uplink)}
        others = {word for uplink in location.uplinks if uplink.role is not changed for word in words_of(uplink)}
        kept = []
        for check in self.of(checks):
            about = set(check.about)
            is_mine = bool(about & mine) and not about & others
            if is_mine or (check.device, check.name) in passed_before:
                kept.append(check)
        return tuple(kept)


def words_of(uplink: Uplink) -> frozenset[str]:
    """What checks of an uplink are about: its interfaces and the addresses of its ends."""
    ends = (uplink.edge_ipv4, uplink.edge_ipv6, uplink.aggregation_ipv4, uplink.aggregation_ipv6)
    addresses = {str(end) for end in ends} | {str(end.ip) for end in ends}
    return frozenset({uplink.edge_interface, uplink.aggregation_interface} | addresses)
