"""Where things are at a school of the lab, and what an attack must have shown."""

from __future__ import annotations

from provisioner.intent.model import Location

from .wire import Arena, Outcome


def segment_interface(location: Location, role: str) -> str:
    """The edge router's interface in a segment."""
    segment = next(each for each in location.segments if each.role == role)
    return location.segment_interface(segment)


def address(arena: Arena, location: Location, role: str, family: int) -> str:
    """The address of a segment's host."""
    host = arena.lab.host(location.code, role)
    return str(host.ipv4 if family == 4 else host.ipv6())


def internet(arena: Arena, family: int) -> str:
    """The address of the host beyond the core."""
    return str(arena.lab.internet.ipv4 if family == 4 else arena.lab.internet.ipv6())


def got_through_without_its_guard_alone(outcome: Outcome) -> bool:
    """The control, and the point."""
    assert outcome.without, "control: without the guard it gets through"
    return not outcome.guarded


def own_router(location: Location, role: str, family: int) -> str:
    """The edge router's address in a segment."""
    segment = next(each for each in location.segments if each.role == role)
    return str(segment.router_ipv4.ip if family == 4 else segment.router_ipv6.ip)
