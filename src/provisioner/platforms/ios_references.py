"""What an IOS config names and does not have: IOS takes such a line in silence, and an undefined filter lets everything through."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from provisioner.platforms.ios_text import Line, canonical

_LIST4, _LIST6, _PREFIXES4, _PREFIXES6 = "access list", "IPv6 access list", "prefix-list", "IPv6 prefix-list"
_ROUTE_MAP, _CLASS, _POLICY, _ZONE = "route-map", "class-map", "policy-map", "zone"
_INSPECT_CLASS, _INSPECT_POLICY, _BFD, _INTERFACE, _VIEW = (
    "class-map of type inspect",
    "policy-map of type inspect",
    "bfd-template",
    "interface",
    "SNMP view",
)

_DEFINITIONS: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"ip access-list (?:standard|extended) (\S+)", _LIST4),
        (r"ipv6 access-list (\S+)", _LIST6),
        (r"access-list (\d+) ", _LIST4),
        (r"ip prefix-list (\S+) ", _PREFIXES4),
        (r"ipv6 prefix-list (\S+) ", _PREFIXES6),
        (r"route-map (\S+)", _ROUTE_MAP),
        (r"class-map type inspect (?:match-(?:any|all) )?(\S+)", _INSPECT_CLASS),
        (r"class-map (?:match-(?:any|all) )?(\S+)", _CLASS),
        (r"policy-map type inspect (\S+)", _INSPECT_POLICY),
        (r"policy-map (\S+)", _POLICY),
        (r"zone security (\S+)", _ZONE),
        (r"bfd-template \S+ (\S+)", _BFD),
        (r"interface (\S+)", _INTERFACE),
        (r"snmp-server view (\S+) ", _VIEW),
    )
)
_USES: Final = tuple(
    (re.compile(pattern), kinds)
    for pattern, *kinds in (
        (r"ip access-group (\S+) ", _LIST4),
        (r"ipv6 traffic-filter (\S+) ", _LIST6),
        (r"access-class (\S+) ", _LIST4),
        (r"ipv6 access-class (\S+) ", _LIST6),
        (r"match access-group name (\S+)", _LIST4, _LIST6),
        (r"ntp access-group \S+ (\S+)", _LIST4),
        (r"ip nat inside source list (\S+) ", _LIST4),
        (r"snmp-server group .* access (\S+)", _LIST4),
        (r"snmp-server group .* read (\S+)", _VIEW),
        (r"match ip address prefix-list (\S+)", _PREFIXES4),
        (r"match ipv6 address prefix-list (\S+)", _PREFIXES6),
        (r"match ip address (?!prefix-list )(\S+)", _LIST4),
        (r"match ipv6 address (?!prefix-list )(\S+)", _LIST6),
        (r"neighbor [0-9.]+ prefix-list (\S+) ", _PREFIXES4),
        (r"neighbor \S*:\S* prefix-list (\S+) ", _PREFIXES6),
        (r"neighbor \S+ route-map (\S+) ", _ROUTE_MAP),
        (r"class type inspect (\S+)", _INSPECT_CLASS),
        (r"class (?!type |class-default)(\S+)", _CLASS),
        (r"service-policy type inspect (\S+)", _INSPECT_POLICY),
        (r"service-policy (?:input |output )?(?!type |input |output )(\S+)", _POLICY),
        (r"zone-member security (\S+)", _ZONE),
        (r"zone-pair security \S+ source (?!self )(\S+)", _ZONE),
        (r"zone-pair security \S+ source \S+ destination (?!self$)(\S+)", _ZONE),
        (r"bfd map \S+ \S+ \S+ (\S+)", _BFD),
        (r"ip nat inside source list \S+ interface (\S+)", _INTERFACE),
        (r"(?:ntp source|logging source-interface|ip domain lookup source-interface) (\S+)", _INTERFACE),
    )
)


def undefined(text: str) -> tuple[str, ...]:
    """What a config names and does not have, each in words; empty where all is there. Raises PlatformError."""
    lines = tuple(_all(canonical(text)))
    known = {(kind, match[1]) for line in lines for pattern, kind in _DEFINITIONS if (match := pattern.match(line))}
    found = (
        f"{line!r}: there is no {' or '.join(kinds)} {match[1]}"
        for line in lines
        for pattern, kinds in _USES
        if (match := pattern.match(line)) and not any((kind, match[1]) in known for kind in kinds)
    )
    return tuple(dict.fromkeys(found))


def _all(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        yield line.text
        yield from _all(line.children)
