"""In which order the devices of a subject change, so that a school keeps a working path throughout. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provisioner.intent.model import Location, Uplink
from provisioner.intent.types import UplinkRole
from provisioner.plan.model import DeviceRole, Plan
from provisioner.validate.model import Check

BOTH: Final = 2
"""Uplinks of a dual-homed location."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Devices that change together, and are validated before the next stage.

    Attributes:
        devices: In the order of their commits.
        uplink: The one uplink that this stage changes; None where it brings all that is left.
        held: The uplink that stays as it runs on the edge router; None where none does.
    """

    devices: tuple[str, ...]
    uplink: UplinkRole | None = None
    held: Uplink | None = None


def at_once(plan: Plan) -> tuple[Stage, ...]:
    """One stage with everything that changes."""
    return (Stage(tuple(diff.target.device for diff in plan.diffs if not diff.is_empty)),)


def stages(location: Location | None, plan: Plan, before: tuple[Check, ...]) -> tuple[Stage, ...]:
    """The stages of a push.

    A dual-homed location whose both uplinks change, and of which one carries traffic, changes one uplink at a time: first
    the one that the traffic does not need, with the edge router's end of it; then the other one with all the rest.
    Everything else is one stage. Aggregation routers go first, since their filters must stand before a session comes up.

    Args:
        location: What is pushed; None for the base of an aggregation router.
        plan: What is approved.
        before: What the service looked like before.
    """
    whole = at_once(plan)
    changing = whole[0].devices
    edge = next((diff.target.device for diff in plan.diffs if diff.target.role is DeviceRole.EDGE), "")
    if location is None or len(location.uplinks) < BOTH or edge not in changing:
        return whole
    landing = [uplink for uplink in location.uplinks if uplink.aggregation_router in changing]
    if len(landing) < BOTH:
        return whole
    carrying = [uplink for uplink in location.uplinks if _carries(uplink, edge, before)]
    if not carrying:
        return whole
    # With both up the traffic is on the primary.
    kept = min(carrying, key=lambda uplink: uplink.role is not UplinkRole.PRIMARY)
    first = next(uplink for uplink in location.uplinks if uplink is not kept)
    return (
        Stage((first.aggregation_router, edge), uplink=first.role, held=kept),
        Stage((kept.aggregation_router, edge)),
    )


def _carries(uplink: Uplink, edge: str, before: tuple[Check, ...]) -> bool:
    """Whether a session of the uplink was up: the check of one of its peers passed on the edge router."""
    peers = {str(uplink.aggregation_ipv4.ip), str(uplink.aggregation_ipv6.ip)}
    return any(check.passed and check.device == edge and peers & set(check.about) for check in before)
