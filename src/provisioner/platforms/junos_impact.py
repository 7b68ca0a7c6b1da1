"""What a line of Junos' config, as `display set` lists it, means to a school, and how much its change could hurt."""

from __future__ import annotations

import re
from typing import Final

from provisioner.platforms.protocol import Area, Weight

_FILTERS, _MANAGEMENT_ACCESS, _BGP, _ADDRESSING, _OTHER = Area

_BEFORE: Final = r"set (?:groups \S+ )?"
_NEIGHBOR: Final = r"protocols bgp group \S+ neighbor (?P<object>\S+)"
_UNIT: Final = r"interfaces (?P<object>\S+) unit \d+"

_KINDS: Final = tuple(
    (re.compile(_BEFORE + pattern), Weight(kind, adds, changes, removes, area))
    for pattern, kind, adds, changes, removes, area in (
        # pattern of the line, kind in words, weight when added, changed, removed, area; the first that fits wins
        (rf"{_NEIGHBOR} authentication-key ", "password of the session with {}", 2, 40, 60, _BGP),
        (rf"{_NEIGHBOR} (?:import|export) ", "filter of the session with {}", 2, 40, 70, _FILTERS),
        (rf"{_NEIGHBOR} family \S+ unicast prefix-limit ", "guard of the session with {}", 2, 30, 50, _FILTERS),
        (rf"{_NEIGHBOR} description ", "description of the session with {}", 1, 1, 1, _OTHER),
        (rf"{_NEIGHBOR} shutdown", "shutdown of the session with {}", 60, 60, 10, _BGP),
        (rf"{_NEIGHBOR}\b", "parameters of the session with {}", 2, 25, 30, _BGP),
        (
            r"protocols bgp group (?P<object>\S+) (?:ttl|enforce-first-as)\b",
            "guard of sessions of {}",
            2,
            30,
            50,
            _FILTERS,
        ),
        (r"protocols bgp group (?P<object>\S+) peer-as ", "BGP sessions of {}", 3, 60, 60, _BGP),
        (r"protocols bgp defaults ", "what holds for sessions without a policy", 3, 60, 80, _FILTERS),
        (r"protocols bgp ", "parameters of BGP", 4, 40, 50, _BGP),
        (r"policy-options prefix-list BGP-NEIGHBORS[46] (?P<object>\S+)", "who may speak BGP: {}", 5, 50, 60, _FILTERS),
        (r"policy-options prefix-list (?P<object>\S+) ", "entry of prefix-list {}", 5, 30, 40, _FILTERS),
        (r"policy-options policy-statement (?P<object>\S+) ", "policy {}", 3, 40, 60, _FILTERS),
        (
            r"policy-options (?:as-path|as-path-group|community) (?P<object>\S+) ",
            "list {} of a filter",
            5,
            40,
            60,
            _FILTERS,
        ),
        (r"firewall family \S+ filter PROTECT-RE", "who may speak to the router", 30, 70, 80, _MANAGEMENT_ACCESS),
        (r"firewall family \S+ filter (?P<object>\S+) ", "packet filter {}", 8, 50, 60, _FILTERS),
        (r"firewall policer (?P<object>\S+) ", "how fast {} may send", 10, 30, 20, _ADDRESSING),
        (rf"{_UNIT} family \S+ filter ", "packet filter of interface {}", 5, 60, 70, _FILTERS),
        (rf"{_UNIT} family \S+ rpf-check", "protection against spoofed sources on {}", 3, 60, 70, _FILTERS),
        (rf"{_UNIT} family \S+ policer ", "how fast interface {} may send", 10, 30, 20, _ADDRESSING),
        (rf"{_UNIT} family \S+ address ", "address of interface {}", 5, 50, 50, _ADDRESSING),
        (rf"{_UNIT} (?:vlan-id|vlan-tags) ", "VLAN tag of interface {}", 2, 60, 50, _ADDRESSING),
        (r"interfaces (?P<object>\S+) .*\bdisable$", "shutdown of interface {}", 60, 60, 10, _ADDRESSING),
        (r"interfaces (?P<object>\S+) .*\bmtu ", "MTU of interface {}", 2, 30, 20, _ADDRESSING),
        (r"interfaces (?P<object>\S+) .*\bdescription ", "description of interface {}", 1, 1, 1, _OTHER),
        (r"interfaces (?P<object>\S+) ", "interface {}", 5, 40, 60, _ADDRESSING),
        (r"apply-groups (?P<object>\S+)", "group {}, whether it is applied", 10, 90, 95, _ADDRESSING),
        (r"routing-options validation ", "cache that validates origins", 3, 20, 40, _FILTERS),
        (
            r"routing-options forwarding-table unicast-reverse-path",
            "protection against spoofed sources",
            3,
            60,
            70,
            _FILTERS,
        ),
        (r"routing-options ", "routing", 5, 50, 60, _BGP),
        (r"system (?:services|login|root-authentication)\b", "who may log in", 10, 50, 60, _MANAGEMENT_ACCESS),
        (r"snmp ", "who reads counters", 10, 50, 60, _MANAGEMENT_ACCESS),
        (r"system (?:syslog|ntp|host-name)\b", "logging, time and name", 1, 5, 10, _OTHER),
    )
)

OTHER: Final = Weight("something else", 20, 40, 50)
"""A line that no row knows: better too heavy than too light."""


def weigh(line: str) -> tuple[Weight, str] | None:
    """What a changed line weighs, and what it is about; None for one that says nothing by itself."""
    stripped = line.strip()
    if not stripped or stripped.startswith("#"):
        return None
    for pattern, weight in _KINDS:
        match = pattern.match(stripped)
        if match is not None:
            return weight, weight.kind.format(match.groupdict().get("object") or "")
    return OTHER, OTHER.kind
