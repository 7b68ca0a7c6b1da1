"""The routes of a school as the lab's routers have them, asked of FRR itself: not through the driver that is being rehearsed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from provisioner.intent.model import Location
from provisioner.lab.handle import Lab
from provisioner.rehearsal.model import Routes

Seen = Mapping[tuple[str, str], tuple[str, ...]]
"""By router and what was looked at: prefixes, or the ways of a default."""

_DEFAULTS = {4: ("ip", "0.0.0.0/0"), 6: ("ipv6", "::/0")}


def look(lab: Lab, locations: Iterable[Location]) -> Seen:
    """What is accepted from a school and where its default leads, now.

    Args:
        lab: Where it is looked at.
        locations: The school as each side knows it.
    """
    locations = tuple(locations)
    seen: dict[tuple[str, str], tuple[str, ...]] = {}
    for location in locations:
        for uplink in location.uplinks:
            for family, peer in ((4, uplink.edge_ipv4.ip), (6, uplink.edge_ipv6.ip)):
                what = f"accepted from {location.code} over IPv{family}"
                key = (uplink.aggregation_router, what)
                found = _accepted(lab, uplink.aggregation_router, family, str(peer))
                seen[key] = tuple(dict.fromkeys((*seen.get(key, ()), *found)))
    for location in locations[:1]:
        for family in _DEFAULTS:
            seen[location.edge_router_name, f"IPv{family} default"] = _default(lab, location.edge_router_name, family)
    return seen


def compared(before: Seen, after: Seen) -> tuple[Routes, ...]:
    """What was seen at two times, side by side."""
    keys = dict.fromkeys((*before, *after))
    return tuple(
        Routes(device, what, before.get((device, what), ()), after.get((device, what), ())) for device, what in keys
    )


def _accepted(lab: Lab, router: str, family: int, peer: str) -> tuple[str, ...]:
    shown = _answer(lab, router, f"show bgp ipv{family} unicast neighbors {peer} routes json")
    routes = shown.get("routes")
    return tuple(sorted(routes)) if isinstance(routes, dict) else ()


def _default(lab: Lab, router: str, family: int) -> tuple[str, ...]:
    command, prefix = _DEFAULTS[family]
    entries = _answer(lab, router, f"show {command} route {prefix} json").get(prefix)
    ways: dict[str, None] = {}
    for entry in entries if isinstance(entries, list) else ():
        if entry.get("selected"):
            for hop in entry.get("nexthops", ()):
                if hop.get("fib"):
                    ways[f"via {hop.get('interfaceName', '?')}"] = None
    return tuple(ways)


def _answer(lab: Lab, router: str, command: str) -> Mapping[str, object]:
    """Of a router that has no such neighbor: nothing."""
    done = lab.router(router).exec("vtysh", "-c", command)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
