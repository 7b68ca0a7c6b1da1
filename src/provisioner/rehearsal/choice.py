"""Which of the subjects of a change are rehearsed: all where there is room, else one for each distinct change. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.compare.model import Comparison
from provisioner.errors import UsageError
from provisioner.intent.model import Fleet, Location
from provisioner.intent.select import ON_ROUTERS
from provisioner.intent.types import LocationStatus, PlatformName
from provisioner.lab.topology import obstacles


@dataclass(frozen=True, slots=True)
class Distinct:
    """The changes that a comparison found, by what they say and whom they meet.

    Attributes:
        subjects: Every subject that the lab can have, the heaviest first; with it what it undergoes, in words that are the
            same for two subjects where a rehearsal of one says what one of the other would.
        unfit: Subjects that the lab cannot have or that no push would touch, each with the reason.
    """

    subjects: Mapping[str, frozenset[str]]
    unfit: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, comparison: Comparison, fleet: Fleet) -> Distinct:
        """Of a comparison: each group of equal diffs and each kind of change, apart for schools with one and with two uplinks.

        With two uplinks a push keeps one of them: what passes there says nothing of a school that has but one.

        Args:
            comparison: What changes.
            fleet: The working tree's, with the locations that change.
        """
        unfit = {
            change.plan.subject: f"{diff.target.device} is of platform {diff.target.platform.value}"
            for change in comparison.changes
            for diff in change.plan.diffs
            if diff.target.platform is not PlatformName.FRR
        }
        for change in comparison.changes:
            why = hindrance((fleet,), change.plan.subject) or (
                _stays(fleet, change.plan.subject) if change.board else ""
            )
            if why:
                unfit.setdefault(change.plan.subject, why)
        groups: dict[str, list[str]] = {}
        for number, group in enumerate(comparison.groups):
            for subject in group.subjects:
                groups.setdefault(subject, []).append(f"change {number}")
        found = {
            change.plan.subject: frozenset(
                f"{what} {_homing(fleet, change.plan.subject)}"
                for what in (change.kind.value, *groups.get(change.plan.subject, ()))
            )
            for change in comparison.changes
            if change.plan.subject not in unfit
        }
        return cls(found, unfit)

    def representatives(self, most: int) -> tuple[str, ...]:
        """Few subjects that together undergo every change that any does.

        Args:
            most: Stop looking when there are more than so many.
        """
        left = frozenset[str]().union(*self.subjects.values())
        chosen: list[str] = []
        while left and len(chosen) <= most:
            # The first of those that show the most: `max` keeps the order, the heaviest impact first.
            best = max(self.subjects, key=lambda subject: len(self.subjects[subject] & left))
            chosen.append(best)
            left -= self.subjects[best]
        return tuple(chosen)


def _homing(fleet: Fleet, subject: str) -> str:
    location = fleet.locations.get(subject)
    return "" if location is None else f"at {len(location.uplinks)} uplinks"


def landing(fleets: Collection[Fleet], code: str) -> frozenset[str]:
    """The routers of a location on any side: its edge router, and those on which its uplinks land."""
    found = [fleet.locations[code] for fleet in fleets if code in fleet.locations]
    routers = {uplink.aggregation_router for location in found if _is_active(location) for uplink in location.uplinks}
    return frozenset(routers | {location.edge_router_name for location in found})


def devices(fleets: Collection[Fleet], names: Collection[str]) -> frozenset[str]:
    """The routers that a lab of these subjects has."""
    return frozenset[str]().union(*(landing(fleets, name) or {name} for name in names))


def hindrance(fleets: Collection[Fleet], code: str) -> str:
    """Why the lab cannot have a location, in words; empty where it can."""
    reasons: dict[str, None] = {}
    for fleet in fleets:
        location = fleet.locations.get(code)
        if location is not None and _is_active(location):
            reasons |= dict.fromkeys(obstacles(fleet, location))
    return "; ".join(reasons)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is rehearsed.

    Attributes:
        names: The subjects that are pushed, the heaviest first.
        carriers: Locations that carry traffic over a router whose base changes, and do not change themselves.
        notes: What is left out, and why.
    """

    names: tuple[str, ...]
    carriers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Everything that the lab must have."""
        return (*self.names, *self.carriers)


def fitting(head: Fleet, fleets: Collection[Fleet], names: Sequence[str]) -> Chosen:
    """Of some subjects those that the lab can have, and who carries traffic for them.

    Args:
        head: The working tree's fleet, with candidates for carrying traffic in it.
        fleets: Those of all sides.
        names: Subjects, the heaviest first.
    """
    chosen: list[str] = []
    carriers: dict[str, None] = {}
    notes: list[str] = []
    for name in names:
        why = _why_not(head, fleets, name)
        if why:
            notes.append(f"{name}: not rehearsed: {why}")
        else:
            chosen.append(name)
    for name in chosen:
        if name not in head.aggregation_routers:
            continue
        if any(name in landing(fleets, other) for other in (*chosen, *carriers)):
            continue
        carrier = next((code for code in head.locations if _carries(head, fleets, code, name)), None)
        if carrier is None:
            notes.append(f"{name}: no location that the lab can have lands on it, so no traffic was watched")
        else:
            carriers[carrier] = None
    return Chosen(tuple(chosen), tuple(carriers), tuple(notes))


def _why_not(head: Fleet, fleets: Collection[Fleet], name: str) -> str:
    if any(name in fleet.aggregation_routers for fleet in fleets):
        return "" if name in head.aggregation_routers else "no push takes its config away"
    return _stays(head, name) or hindrance(fleets, name)


def _stays(head: Fleet, code: str) -> str:
    """Why nothing is done on the routers of a location that is no longer in the inventory, in words; empty where something is."""
    location = head.locations.get(code)
    if location is None or location.status not in ON_ROUTERS:
        return "no push takes its slices away; status: decommissioned would"
    return ""


def _carries(head: Fleet, fleets: Collection[Fleet], code: str, router: str) -> bool:
    return _is_active(head.locations[code]) and router in landing((head,), code) and not hindrance(fleets, code)


def too_many(changing: int, needed: int, most: int) -> UsageError:
    """The refusal of a rehearsal that would need too many routers."""
    return UsageError(
        f"{changing} subjects change, and one of each distinct change takes {needed} routers or more: --max-devices is {most}",
        remedy="narrow it with --school, --board or --aggregation, or allow more",
        number="PV0150",
    )


def _is_active(location: Location) -> bool:
    return location.status is LocationStatus.ACTIVE
