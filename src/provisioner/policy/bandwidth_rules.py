"""How fast a router may send: what its traffic control must say, and which packets it must know by their class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from frr_config.traffic import Limit, Share
from provisioner.plan.model import DeviceRole
from provisioner.policy.subject import Judged, Said
from provisioner.render.bandwidth import MEGABIT, OWN_CLASS, class_number

_MARK: Final = re.compile(r"\bmeta priority set\b")
_OF_SEGMENT: Final = re.compile(r'iifname "(\S+)" oifname "(\S+)" meta priority set 1:(\w+)$')
_OF_ROUTER: Final = f"meta priority set 1:{OWN_CLASS}"
_OWN_LEAST: Final = 100
"""The router's own packets are sure of a hundredth of a line at least: BFD is some hundred bytes a second."""


def held_to_rates(judged: Judged) -> Iterator[Said]:
    """Uplinks send at their contracted rate, segments have what the inventory says of them, and nothing else is held back."""
    asked = dict(_asked(judged))
    for interface, (rate, ceilings) in asked.items():
        limit = judged.part.limits.get(interface)
        if limit is None:
            yield f"interface {interface}", f"it sends without a limit, and {_mbps(rate)} are contracted"
        else:
            yield from _compared(limit, rate, ceilings)
    for interface in judged.own.limits:
        if interface not in asked:
            yield f"interface {interface}", "it has a limit that the inventory does not ask for"
    if judged.role is DeviceRole.EDGE or judged.location is None:
        yield from _classed(judged)


def _asked(judged: Judged) -> Iterator[tuple[str, tuple[int, Mapping[str, int]]]]:
    """Of each interface the rate, and what classes get at most."""
    service = judged.fleet.service
    segments = [(segment, interface, service.limit(segment)) for segment, interface in judged.segments()]
    is_edge = judged.role is DeviceRole.EDGE
    for uplink in judged.uplinks:
        line = uplink.access_line.up_mbps if is_edge else uplink.access_line.down_mbps
        ceilings = {
            class_number(segment): min(limit.up_mbps, line) * MEGABIT for segment, _, limit in segments if limit
        }
        yield judged.interface(uplink), (line * MEGABIT, {OWN_CLASS: line * MEGABIT, **ceilings})
    for _, interface, limit in segments:
        if limit is not None:
            yield interface, (limit.down_mbps * MEGABIT, {})


def _compared(limit: Limit, rate: int, ceilings: Mapping[str, int]) -> Iterator[Said]:
    about = f"interface {limit.interface}"
    if limit.other or limit.rate != rate:
        yield about, f"it sends {limit.other or _mbps(limit.rate)}, and {_mbps(rate)} are contracted"
    shares: dict[str, Share] = {share.number: share for share in limit.shares}
    for number, ceiling in ceilings.items():
        share = shares.pop(number, None)
        if share is None:
            yield about, f"it has no class {number}"
        elif share.ceil != ceiling:
            yield about, f"class {number} gets {_mbps(share.ceil)} at most, and the inventory says {_mbps(ceiling)}"
        elif number == OWN_CLASS and share.rate < limit.rate // _OWN_LEAST:
            yield about, f"the router itself is sure of {_mbps(share.rate)} alone: a full line would look dead"
    for number in shares:
        yield about, f"it has a class {number} that the inventory does not ask for"


def _classed(judged: Judged) -> Iterator[Said]:
    """Packets are of the class that is theirs, and of no other."""
    missing = {
        (interface, judged.interface(uplink), class_number(segment))
        for segment, interface in judged.segments()
        if judged.fleet.service.limit(segment) is not None
        for uplink in judged.uplinks
    }
    is_router_classed = False
    for chain, hooked, line in _marks(judged):
        match = _OF_SEGMENT.fullmatch(line)
        if hooked == "type filter hook output priority filter;" and line == _OF_ROUTER:
            is_router_classed = True
        elif (
            hooked != "type filter hook postrouting priority mangle;" or match is None or match.groups() not in missing
        ):
            yield f"chain {chain}", f"packets get a class that the inventory does not ask for: {line}"
        else:
            missing.remove((match[1], match[2], match[3]))
    if not is_router_classed:
        yield "chain output", "the router's own packets have no class: where a line is full, it would look dead"
    for interface, uplink, _ in sorted(missing):
        yield f"interface {interface}", f"its packets by {uplink} have no class, and so no limit"


def _marks(judged: Judged) -> Iterator[tuple[str, str, str]]:
    """The lines that give packets a class: the chain, how it is hooked in, and the line."""
    for table in judged.own.tables:
        for entry in table.entries:
            lines = [line.strip() for line in entry.lines] if entry.kind == "chain" else []
            hooked = lines[0].partition(" policy ")[0] if lines else ""
            for line in lines:
                if _MARK.search(line):
                    yield entry.name, hooked, line


def _mbps(bits: int) -> str:
    return f"{bits / MEGABIT:g} Mbit/s"
