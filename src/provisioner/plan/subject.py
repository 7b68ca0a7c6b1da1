"""From a selection to subjects: which devices one transaction changes, which part of each, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import LocationStatus
from provisioner.plan.model import DeviceRole, Target


@dataclass(frozen=True, slots=True)
class Subject:
    """What one transaction provisions.

    Attributes:
        name: A location code, or an aggregation router's name for its base.
        title: The subject as a person knows it.
        targets: Its devices in the order in which they are committed.
        location: The location; None where the subject is the base of an aggregation router.
    """

    name: str
    title: str
    targets: tuple[Target, ...]
    location: Location | None = None


def location_subject(fleet: Fleet, location: Location) -> Subject:
    """A location: its slice on each aggregation router first, then its edge router.

    The aggregation end comes first because its filters must stand before the school's session can come up against it.
    Of a decommissioned location the slices alone are left to take away: its edge router may be unplugged already, and
    without a slice nothing carries its traffic.
    """
    aggregation = tuple(
        Target(
            device=uplink.aggregation_router,
            role=DeviceRole.AGGREGATION,
            platform=fleet.aggregation_router(uplink.aggregation_router).platform,
            slices=(location.code,),
        )
        for uplink in location.uplinks
    )
    title = f"{location.name}, {location.municipality}"
    if location.status is LocationStatus.DECOMMISSIONED:
        return Subject(location.code, f"{title} (decommissioned)", aggregation, location)
    edge = Target(
        device=location.edge_router_name,
        role=DeviceRole.EDGE,
        platform=location.edge_router.platform,
        includes_base=True,
    )
    return Subject(location.code, title, (*aggregation, edge), location)


def base_subject(fleet: Fleet, router_name: str) -> Subject:
    """The base of an aggregation router: what belongs to no location."""
    point = fleet.aggregation_point_of(router_name)
    target = Target(
        device=router_name,
        role=DeviceRole.AGGREGATION,
        platform=fleet.aggregation_router(router_name).platform,
        includes_base=True,
    )
    return Subject(router_name, f"base of aggregation router {router_name}, {point.city}", (target,))
