"""What a line of FRR's, nftables' or the interfaces' config means to a school, and how much its change could hurt."""

from __future__ import annotations

import re
from typing import Final

from frr_config import plain
from provisioner.platforms.protocol import Area, Weight

_FILTERS, _MANAGEMENT_ACCESS, _BGP, _ADDRESSING, _OTHER = Area

_NO_WEIGHT: Final = re.compile(
    r"[!{}]*$|exit(-[a-z-]+)?$|end$|#|frr (version|defaults)|service integrated|auto \S+$|elements = \{?$|\}"
)
"""Lines that say nothing by themselves: what they open or close has lines of its own."""

_KINDS: Final = tuple(
    (re.compile(pattern), Weight(kind, adds, changes, removes, area))
    for pattern, kind, adds, changes, removes, area in (
        # pattern of the line, kind in words, weight when added, changed, removed, area; the first that fits wins
        (r"(?:no )?neighbor (?P<object>\S+) remote-as ", "BGP session with {}", 3, 60, 60, _BGP),
        (
            r"(?:no )?neighbor (?P<object>\S+) (?:prefix-list|route-map) ",
            "filter of the session with {}",
            2,
            40,
            70,
            _FILTERS,
        ),
        (r"(?:no )?neighbor (?P<object>\S+) password ", "password of the session with {}", 2, 40, 60, _BGP),
        (r"(?:no )?neighbor (?P<object>\S+) shutdown", "shutdown of the session with {}", 60, 60, 10, _BGP),
        (
            r"(?:no )?neighbor (?P<object>\S+) (?:local-role|ttl-security|maximum-prefix|soft-reconfiguration) ",
            "guard of the session with {}",
            2,
            30,
            50,
            _FILTERS,
        ),
        (r"(?:no )?neighbor (?P<object>\S+) description ", "description of the session with {}", 1, 1, 1, _OTHER),
        (r"(?:no )?neighbor (?P<object>\S+) ", "parameters of the session with {}", 2, 25, 30, _BGP),
        (r"(?:ip|ipv6) prefix-list (?P<object>\S+) seq \d+ permit ", "entry of prefix-list {}", 5, 30, 40, _FILTERS),
        (r"(?:ip|ipv6) prefix-list (?P<object>\S+) seq \d+ deny ", "refusal in prefix-list {}", 5, 50, 60, _FILTERS),
        (r"(?:ip|ipv6) prefix-list (?P<object>\S+) ", "prefix-list {}", 2, 2, 40, _FILTERS),
        (r"route-map (?P<object>\S+) ", "route-map {}", 3, 40, 60, _FILTERS),
        (r"(?:match|set|call|on-match|continue) ", "rule of a route-map", 3, 30, 50, _FILTERS),
        (
            r"bgp (?:as-path|community-list|large-community-list)|(?:ip |ipv6 )?access-list ",
            "list of a filter",
            5,
            40,
            60,
            _FILTERS,
        ),
        (r"rpki\b", "cache that validates origins", 3, 20, 40, _FILTERS),
        (r"(?:network|aggregate-address|redistribute) (?P<object>\S+)", "announcement of {}", 4, 30, 50, _BGP),
        (r"router bgp ", "BGP itself", 10, 90, 95, _BGP),
        (r"(?:no )?bgp |address-family |timers |maximum-paths|distance ", "parameters of BGP", 4, 40, 50, _BGP),
        (r"(?:ip|ipv6) route (?P<object>\S+)", "static route to {}", 5, 20, 30, _ADDRESSING),
        (r"(?:no )?ipv6 nd ", "router advertisements", 2, 15, 20, _ADDRESSING),
        (r"interface (?P<object>\S+)", "FRR's part of interface {}", 2, 10, 20, _ADDRESSING),
        (r"bfd$|profile |(?:transmit|receive)-interval|detect-multiplier", "BFD", 2, 20, 30, _BGP),
        (
            r"(?:no )?(?:hostname|domainname|ip forwarding|ipv6 forwarding)\b",
            "the system's settings in FRR",
            1,
            5,
            5,
            _OTHER,
        ),
        (r"log ", "logging", 1, 2, 5, _OTHER),
        (r"alias ", "description of an interface", 1, 1, 1, _OTHER),
        (r"iface (?P<object>\S+)", "interface {}", 5, 40, 60, _ADDRESSING),
        (r"link-down ", "shutdown of an interface", 60, 60, 10, _ADDRESSING),
        (r"mtu ", "MTU of an interface", 2, 30, 20, _ADDRESSING),
        (r"address (?P<object>\S+)", "address {}", 5, 50, 50, _ADDRESSING),
        (r"vlan-(?:raw-device|id) ", "VLAN tag of an interface", 2, 60, 50, _ADDRESSING),
        (r".*oifname .*accept", "what a segment may reach", 15, 30, 30, _FILTERS),
        (r".*(?:\"mgmt0\"|dport 22\b).*", "management access", 30, 70, 80, _MANAGEMENT_ACCESS),
        (r"type (?:filter|nat) hook .*policy drop", "a chain that drops by default", 5, 90, 95, _FILTERS),
        (r"type (?:filter|nat) hook .*", "a chain of the packet filter", 10, 60, 60, _FILTERS),
        (r"chain (?P<object>\S+)", "chain {}", 3, 30, 50, _FILTERS),
        (r"ip option \S+ exists drop|rt type ", "protection against source routes", 3, 60, 70, _FILTERS),
        (r".*redirect drop", "protection against redirects", 3, 40, 50, _FILTERS),
        (r".*limit rate over .* drop", "the rate of pings", 3, 20, 40, _FILTERS),
        (r".* != 255 tcp [ds]port 179 drop", "protection of sessions from afar", 3, 60, 70, _FILTERS),
        (r".*\bdrop\b.*", "a rule that drops", 15, 60, 70, _FILTERS),
        (r".*goto spoofed.*", "protection against spoofed sources", 3, 60, 70, _FILTERS),
        (r".*\bsnat\b.*", "address translation", 5, 40, 50, _FILTERS),
        (r"ip6? daddr .*accept", "what is delivered to the school", 3, 30, 50, _FILTERS),
        (r"ip6? saddr .*accept", "accepted sources", 8, 30, 50, _FILTERS),
        (r".*\"\S+\" : (?:goto|jump) .*", "traffic of an interface", 3, 40, 60, _FILTERS),
        (r"(?:.* )?meta priority set ", "the class in which packets leave", 2, 10, 10, _ADDRESSING),
        (r".*tcp option maxseg.*", "segment size", 2, 10, 10, _ADDRESSING),
        (r".*(?:accept|goto|jump|vmap).*", "a rule that accepts", 8, 40, 50, _FILTERS),
        (r".*log prefix.*", "logging", 1, 2, 5, _OTHER),
        (r"table |map |set |elements|type |flags ", "a table of the packet filter", 3, 60, 80, _FILTERS),
    )
)

OTHER: Final = Weight("something else", 20, 40, 50)
"""A line that no row knows: better too heavy than too light."""


_LIMITS: Final = Weight("how fast an interface may send", 10, 30, 20, _ADDRESSING)

_OF_FILE: Final = {
    plain.TRAFFIC: _LIMITS,
    **{
        path: Weight(plain.BY_PATH[path].title, 10, 50, 60, _MANAGEMENT_ACCESS)
        for path in (plain.SSHD, plain.USERS, plain.PASSWORDS, plain.SUDOERS, plain.SNMPD)
    },
    plain.BANNER: Weight(plain.BY_PATH[plain.BANNER].title, 1, 1, 5, _OTHER),
}


def weigh(line: str, file: str = "") -> tuple[Weight, str] | None:
    """What a changed line weighs, and what it is about; None for one that says nothing by itself."""
    stripped = line.strip()
    if file in plain.BY_PATH:
        if not stripped or (stripped.startswith("#") and not stripped.startswith(plain.NOTE)):
            return None
        title = plain.BY_PATH[file].title
        weight = _OF_FILE.get(file, Weight(title, 5, 20, 30, _OTHER))
        return weight, weight.kind
    if _NO_WEIGHT.match(stripped):
        return None
    for pattern, weight in _KINDS:
        match = pattern.match(stripped)
        if match is not None:
            about = match.groupdict().get("object") or ""
            return weight, weight.kind.format(about)
    return OTHER, OTHER.kind
