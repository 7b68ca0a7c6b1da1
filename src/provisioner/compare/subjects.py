"""What becomes of one subject between the two sides: the plan that would bring a router from one to the other. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.compare.model import ChangeKind
from provisioner.compare.origins import Tracer
from provisioner.compare.scope import Scope
from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import LocationStatus, PlatformName
from provisioner.plan.diff import split_by_file
from provisioner.plan.model import DeviceDiff, DeviceRole, Plan, Target
from provisioner.plan.subject import base_subject
from provisioner.platforms import platform_for
from provisioner.render.parts import Rendering


@dataclass(frozen=True, slots=True)
class RenderedSide:
    """A fleet and what is rendered from it.

    Attributes:
        name: What diffs call it.
        fleet: As much of it as is compared; None where that side has no inventory yet.
        rendering: Its configs.
        changing: The same, but only the sections that can have changed where a location's own file did not.
        tracer: Tells where its lines come from; None where this program did not render it.
    """

    name: str
    fleet: Fleet | None
    rendering: Rendering
    changing: Rendering
    tracer: Tracer | None = None

    def location(self, code: str) -> Location | None:
        """A location that is on routers; None for one that is planned, decommissioned or not there."""
        location = None if self.fleet is None else self.fleet.locations.get(code)
        return location if location is not None and location.status is LocationStatus.ACTIVE else None

    def platform(self, router: str) -> PlatformName:
        """Of an aggregation router. Raises KeyError where there is none."""
        if self.fleet is None:
            raise KeyError(router)
        return self.fleet.aggregation_router(router).platform


def location_change(base: RenderedSide, head: RenderedSide, code: str, scope: Scope) -> tuple[ChangeKind, Plan] | None:
    """What becomes of a location; None where its config stays as it is.

    Args:
        base: The side that is compared with.
        head: The other side.
        code: The location.
        scope: What can have changed at all; what cannot is not rendered.

    Raises:
        RenderError: a side cannot be rendered.
        PlatformError: what was rendered cannot be read.
    """
    is_touched = scope.touches(code)
    new = head.location(code)
    old = base.location(code) if is_touched else new
    kind = _kind(old, new)
    if kind is None:
        return None
    subject = new or old
    assert subject is not None  # noqa: S101 - a kind has one side at least
    diffs: list[DeviceDiff] = []
    if scope.slices or is_touched:
        diffs += _slices(base, head, code, old, new, is_touched=is_touched)
    # The edge router of a location that goes is left alone, as a push leaves it: it may be unplugged already.
    if new is not None and (scope.edges or is_touched):
        platform = new.edge_router.platform
        target = Target(new.edge_router_name, DeviceRole.EDGE, platform, includes_base=True)
        sides = [side.rendering if is_touched else side.changing for side in (base, head)]
        before, after = ("" if it is None else side.edge(it) for side, it in zip(sides, (old, new), strict=True))
        diffs += _difference(base, head, target, platform, before, after)
    if not diffs:
        return None
    return kind, Plan(code, f"{subject.name}, {subject.municipality}", tuple(diffs))


def base_change(base: RenderedSide, head: RenderedSide, router: str) -> tuple[ChangeKind, Plan] | None:
    """What becomes of what belongs to no location on an aggregation router; None where it stays as it is. Raises as above."""
    sides = [side for side in (base, head) if side.fleet is not None and router in side.fleet.aggregation_routers]
    if not sides:
        return None
    fleet = sides[-1].fleet
    assert fleet is not None  # noqa: S101 - just looked at
    subject = base_subject(fleet, router)
    (target,) = subject.targets
    before, after = (side.rendering.base(router) if side in sides else "" for side in (base, head))
    diffs = tuple(_difference(base, head, target, target.platform, before, after))
    if not diffs:
        return None
    kind = ChangeKind.CHANGED if len(sides) > 1 else ChangeKind.ADDED if head in sides else ChangeKind.REMOVED
    return kind, Plan(router, subject.title, diffs)


def _kind(old: Location | None, new: Location | None) -> ChangeKind | None:
    if old is None or new is None:
        return ChangeKind.ADDED if new is not None else ChangeKind.REMOVED if old is not None else None
    return ChangeKind.CHANGED if _landing(old) == _landing(new) else ChangeKind.MOVED


def _landing(location: Location) -> dict[str, None]:
    """The aggregation routers of a location, each once, in the order of its uplinks."""
    return dict.fromkeys(uplink.aggregation_router for uplink in location.uplinks)


def _slices(
    base: RenderedSide, head: RenderedSide, code: str, old: Location | None, new: Location | None, *, is_touched: bool
) -> Iterator[DeviceDiff]:
    before, after = ({} if location is None else _landing(location) for location in (old, new))
    for router in {**after, **before}:
        texts = [
            (side.rendering if is_touched else side.changing).slice(location, router)
            if location is not None and router in landing
            else ""
            for side, location, landing in ((base, old, before), (head, new, after))
        ]
        side = head if router in after else base
        platform = side.platform(router)
        target = Target(router, DeviceRole.AGGREGATION, platform, slices=(code,))
        if not all(texts):
            # What comes or goes is told as the router sees it: with the base around it, which stays.
            under = side.rendering.base(router)
            texts = [platform_for(platform).splice(under, code, text) if text else under for text in texts]
        yield from _difference(base, head, target, platform, *texts)


def _difference(
    base: RenderedSide, head: RenderedSide, target: Target, platform: PlatformName, before: str, after: str
) -> Iterator[DeviceDiff]:
    if before != after:
        text = platform_for(platform).difference(before, after, (base.name, head.name))
        if text:
            yield DeviceDiff(target, split_by_file(text))
