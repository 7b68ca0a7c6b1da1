"""What of each device an audit is about: from subjects, as a push has them, to devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from provisioner.intent.model import Fleet
from provisioner.intent.types import PlatformName
from provisioner.plan.candidate import Intended
from provisioner.plan.model import DeviceRole, Target
from provisioner.plan.parts import BASE, Parts
from provisioner.plan.subject import Subject


@dataclass(frozen=True, slots=True)
class Scope:
    """One device of an audit.

    Attributes:
        device: The router's host name.
        role: Edge or aggregation.
        platform: Its operating system.
        location: An edge router's location; empty for an aggregation router.
        aggregation_points: An aggregation router's own, or those of an edge router's uplinks.
        subjects: Whose parts of it are looked at, each with the target that a push of that subject would have here.
    """

    device: str
    role: DeviceRole
    platform: PlatformName
    location: str
    aggregation_points: tuple[str, ...]
    subjects: tuple[tuple[Subject, Target], ...]

    @property
    def is_whole(self) -> bool:
        """Whether everything on it is looked at, also slices that the inventory does not know."""
        return any(target.includes_base for _, target in self.subjects)

    @property
    def codes(self) -> tuple[str, ...]:
        """The locations whose slices are looked at, on an aggregation router."""
        return tuple(code for _, target in self.subjects for code in target.slices)

    def owner(self, part: str) -> str:
        """Who owns a part, as findings name it: an edge router belongs to its location."""
        return self.location if part == BASE else part

    def intended(self, of: Callable[[Subject, Target], Intended]) -> Parts:
        """What the inventory says of every part that is looked at. Raises RenderError."""
        parts: dict[str, str | None] = {}
        for subject, target in self.subjects:
            intended = of(subject, target)
            if target.includes_base:
                parts[BASE] = intended.base
            parts.update(intended.slices)
        return parts


def scopes_of(fleet: Fleet, subjects: Iterable[Subject]) -> tuple[Scope, ...]:
    """The devices of these subjects, each once, in the order in which they come."""
    found: dict[str, list[tuple[Subject, Target]]] = {}
    for subject in subjects:
        for target in subject.targets:
            found.setdefault(target.device, []).append((subject, target))
    return tuple(_scope(fleet, device, tuple(each)) for device, each in found.items())


def _scope(fleet: Fleet, device: str, subjects: tuple[tuple[Subject, Target], ...]) -> Scope:
    subject, target = subjects[0]
    location = subject.location if target.role is DeviceRole.EDGE else None
    routers = [device] if location is None else [uplink.aggregation_router for uplink in location.uplinks]
    points = tuple(dict.fromkeys(fleet.aggregation_point_of(router).name for router in routers))
    return Scope(device, target.role, target.platform, location.code if location else "", points, subjects)
