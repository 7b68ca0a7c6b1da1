"""What a line of IOS's config means to a school, and how much its change could hurt."""

from __future__ import annotations

import re
from typing import Final

from provisioner.platforms.protocol import Area, Weight

_FILTERS, _MANAGEMENT_ACCESS, _BGP, _ADDRESSING, _OTHER = Area

_NO_WEIGHT: Final = re.compile(r"$|!|exit|end$|address-family |\| |\^C$|no shutdown$|class (?:type inspect )?\S+$")
"""Lines that say nothing by themselves: what they open or close has lines of its own."""

_KINDS: Final = tuple(
    (re.compile(f"(?:no )?{pattern}"), Weight(kind, adds, changes, removes, area))
    for pattern, kind, adds, changes, removes, area in (
        # pattern of the line, kind in words, weight when added, changed, removed, area; the first that fits wins
        (r"neighbor (?P<object>\S+) remote-as ", "BGP session with {}", 3, 60, 60, _BGP),
        (r"neighbor (?P<object>\S+) (?:prefix-list|route-map) ", "filter of the session with {}", 2, 40, 70, _FILTERS),
        (r"neighbor (?P<object>\S+) password ", "password of the session with {}", 2, 40, 60, _BGP),
        (r"neighbor (?P<object>\S+) shutdown", "shutdown of the session with {}", 60, 60, 10, _BGP),
        (
            r"neighbor (?P<object>\S+) (?:ttl-security|maximum-prefix) ",
            "guard of the session with {}",
            2,
            30,
            50,
            _FILTERS,
        ),
        (r"neighbor (?P<object>\S+) description ", "description of the session with {}", 1, 1, 1, _OTHER),
        (r"neighbor (?P<object>\S+) ", "parameters of the session with {}", 2, 25, 30, _BGP),
        (r"(?:ip|ipv6) prefix-list (?P<object>\S+) seq \d+ permit ", "entry of prefix-list {}", 5, 30, 40, _FILTERS),
        (r"(?:ip|ipv6) prefix-list (?P<object>\S+) ", "refusal in prefix-list {}", 5, 50, 60, _FILTERS),
        (r"route-map (?P<object>\S+) ", "route-map {}", 3, 40, 60, _FILTERS),
        (r"(?:match|set) ", "rule of a route-map or a class", 3, 30, 50, _FILTERS),
        (r"(?:ip|ipv6) access-list (?:standard |extended )?(?P<object>\S+)", "access list {}", 3, 40, 70, _FILTERS),
        (r"(?:sequence )?(?:\d+ )?deny ", "an entry that refuses", 15, 60, 70, _FILTERS),
        (r"(?:sequence )?(?:\d+ )?permit ", "an entry that lets through", 15, 40, 50, _FILTERS),
        (r"(?:ip access-group|ipv6 traffic-filter) (?P<object>\S+)", "filter {} of an interface", 10, 60, 80, _FILTERS),
        (r"(?:ip|ipv6) verify unicast", "protection against spoofed sources", 5, 60, 70, _FILTERS),
        (r"ip(?:v6)? source-route", "source routes", 60, 60, 60, _FILTERS),
        (r"zone-member security (?P<object>\S+)", "membership of zone {}", 20, 70, 80, _FILTERS),
        (r"zone-pair security (?P<object>\S+)", "what may be opened between zones ({})", 30, 50, 60, _FILTERS),
        (r"zone security (?P<object>\S+)", "zone {}", 3, 50, 60, _FILTERS),
        (r"service-policy type inspect ", "policy between zones", 15, 60, 60, _FILTERS),
        (r"(?:inspect|pass|drop)\b", "what becomes of a class between zones", 15, 60, 60, _FILTERS),
        (r"(?:class-map|policy-map|parameter-map) (?:type \S+ )?(?P<object>\S+)", "policy {}", 3, 40, 60, _FILTERS),
        (r"control-plane|police ", "protection of the control plane", 5, 40, 60, _FILTERS),
        (
            r"(?:username|enable|aaa|login|line |access-class|ipv6 access-class|transport|privilege|exec)\b",
            "management access",
            30,
            70,
            80,
            _MANAGEMENT_ACCESS,
        ),
        (r"ip (?:ssh|scp|http)\b", "management access", 30, 60, 70, _MANAGEMENT_ACCESS),
        (r"snmp-server ", "who reads counters", 10, 50, 60, _MANAGEMENT_ACCESS),
        (r"router bgp ", "BGP itself", 10, 90, 95, _BGP),
        (r"(?:network|redistribute|aggregate-address) (?P<object>\S+)", "announcement of {}", 4, 30, 50, _BGP),
        (r"bgp |ip bgp-community|maximum-paths|distance |timers ", "parameters of BGP", 4, 40, 50, _BGP),
        (r"bfd|interval min-tx ", "BFD", 2, 20, 30, _BGP),
        (r"(?:ip|ipv6) route (?P<object>\S+)", "static route to {}", 5, 20, 30, _ADDRESSING),
        (r"interface (?P<object>\S+)", "interface {}", 5, 40, 60, _ADDRESSING),
        (r"shutdown$", "shutdown of an interface", 60, 60, 10, _ADDRESSING),
        (r"(?:ip|ipv6) address (?P<object>.+)", "address {}", 5, 50, 50, _ADDRESSING),
        (r"encapsulation dot1Q ", "VLAN tag of an interface", 2, 60, 50, _ADDRESSING),
        (r"(?:ip |ipv6 )?mtu ", "MTU of an interface", 2, 30, 20, _ADDRESSING),
        (r"(?:ip|ipv6) tcp adjust-mss ", "segment size", 2, 10, 10, _ADDRESSING),
        (r"ip nat ", "address translation", 5, 40, 50, _FILTERS),
        (r"ipv6 nd ", "router advertisements", 2, 15, 20, _ADDRESSING),
        (r"(?:ip|ipv6) (?:redirects|unreachables|proxy-arp)", "protection against redirects", 10, 20, 20, _FILTERS),
        (r"ipv6 (?:unicast-routing|enable)", "IPv6 itself", 5, 60, 80, _ADDRESSING),
        (r"(?:service-policy|shape|bandwidth|fair-queue)\b", "how fast an interface may send", 10, 30, 20, _ADDRESSING),
        (r"ip (?:dhcp|helper-address)|default-router|dns-server|domain-name|lease ", "DHCP", 5, 20, 30, _ADDRESSING),
        (r"ip (?:dns|name-server|domain)", "names", 5, 20, 30, _ADDRESSING),
        (r"description ", "description of an interface", 1, 1, 1, _OTHER),
        (r"banner ", "what is shown before a login", 1, 1, 5, _OTHER),
        (r"ntp ", "who tells the time", 5, 20, 30, _OTHER),
        (
            r"archive|path |maximum |log config|logging |notify syslog|hidekeys",
            "logs and archived configs",
            3,
            20,
            40,
            _OTHER,
        ),
        (r"hostname ", "the router's name", 5, 20, 20, _OTHER),
        (r"ip address$", "a port without an address", 3, 20, 20, _ADDRESSING),
        (r"(?:ip bootp|cdp|lldp) ?", "services that nobody needs", 20, 20, 20, _OTHER),
        (r"(?:logging|log dropped-packets|stopbits)\b", "logs and lines", 3, 10, 20, _OTHER),
        (r"service ", "the system's settings", 3, 10, 20, _OTHER),
    )
)

OTHER: Final = Weight("something else", 20, 40, 50)
"""A line that no row knows: better too heavy than too light."""


def weigh(line: str) -> tuple[Weight, str] | None:
    """What a changed line weighs, and what it is about; None for one that says nothing by itself."""
    stripped = line.strip()
    if _NO_WEIGHT.match(stripped):
        return None
    for pattern, weight in _KINDS:
        match = pattern.match(stripped)
        if match is not None:
            return weight, weight.kind.format(match.groupdict().get("object") or "")
    return OTHER, OTHER.kind
