"""The way back from the last change of a location, as an ordinary subject with its own intended config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.errors import UsageError
from provisioner.intent.model import Fleet, Location
from provisioner.plan.candidate import Intended
from provisioner.plan.model import DeviceRole, PartChange, Target
from provisioner.plan.parts import BASE
from provisioner.plan.subject import Subject
from provisioner.secrets import PLACEHOLDER
from provisioner.validate.judgement import Goal

if TYPE_CHECKING:
    from provisioner.journal.entry import Change


@dataclass(frozen=True, slots=True)
class FromJournal:
    """What the targets of an undo are to be: what ran there before. Secrets are tokens, so their values are today's."""

    before: Mapping[str, Mapping[str, str | None]]

    def __call__(self, _subject: Subject, target: Target) -> Intended:
        """What ran on a target before the change."""
        parts = self.before[target.device]
        return Intended(parts.get(BASE), {code: parts[code] for code in target.slices})


def undo_of(change: Change, fleet: Fleet) -> tuple[Subject, FromJournal, Goal]:
    """The subject that takes a change of a location back, what its targets are to be, and what that leads to.

    Args:
        change: The last change of the location, from the journal.
        fleet: The inventory; the location must still be in it.

    Raises:
        UsageError: the change cannot be taken back.
    """
    location = fleet.locations[change.subject]
    taken_back = [part for part in change.changes if part.before != part.after]
    for part in taken_back:
        _insist_on_names(part)
    targets = (_target(part, location, fleet) for part in taken_back)
    # Aggregation routers first, as in every push.
    ordered = tuple(sorted(targets, key=lambda target: target.role is DeviceRole.EDGE))
    title = f"{location.name}, {location.municipality}: back to before run {change.run_id}"
    subject = Subject(location.code, title, ordered, location)
    before: dict[str, dict[str, str | None]] = {}
    for part in taken_back:
        before.setdefault(part.device, {})[part.owner] = part.before
    removes = any(part.before is None for part in taken_back)
    return subject, FromJournal(before), Goal.GONE if removes else Goal.BACK


def _insist_on_names(part: PartChange) -> None:
    if PLACEHOLDER in (part.before or ""):
        raise UsageError(
            "what ran before this change holds a secret that has no name in the inventory",
            where=part.device,
            remedy="take the change back in the inventory and provision that",
            number="PV0136",
        )


def _target(part: PartChange, location: Location, fleet: Fleet) -> Target:
    if part.owner == BASE:
        return Target(part.device, DeviceRole.EDGE, location.edge_router.platform, includes_base=True)
    platform = fleet.aggregation_router(part.device).platform
    return Target(part.device, DeviceRole.AGGREGATION, platform, slices=(part.owner,))
