"""Conditions of rules in words that a school's ICT coordinator reads. What is not known is shown as it is written. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from provisioner.policy.packetfilter import Decision, Match

_PORTS: Final = {
    22: "SSH",
    53: "DNS",
    67: "DHCP",
    123: "NTP",
    161: "SNMP",
    179: "BGP",
    514: "syslog",
    546: "DHCPv6",
    547: "DHCPv6",
    3784: "BFD",
    4784: "BFD",
}
"""IANA Service Name and Transport Protocol Port Number Registry; BFD by RFC 5881 and RFC 5883."""

_WORDS: Final = {
    "tcp dport": "TCP port {ports}",
    "udp dport": "UDP port {ports}",
    "tcp sport": "from TCP port {ports}",
    "udp sport": "from UDP port {ports}",
    "icmp type": "ICMP {values}",
    "icmpv6 type": "ICMPv6 {values}",
    "protocol": "{values} of any port",
    "ip saddr": "from {values}",
    "ip6 saddr": "from {values}",
    "ip daddr": "to {values}",
    "ip6 daddr": "to {values}",
    "iifname": "coming in by {values}",
    "oifname": "going out by {values}",
    "ip ttl": "with TTL {values}",
    "ip6 hoplimit": "with hop limit {values}",
    "tcp flags": "with the TCP flag {values}",
    "ct state": "of a connection that is {values}",
    "meta nfproto": "{values}",
}
"""What each condition of nftables asks, in the order in which a sentence tells it."""

_ORDER: Final = {on: number for number, on in enumerate(_WORDS)}
_HOPS: Final = frozenset({"ip ttl", "ip6 hoplimit"})

_LIMIT: Final = re.compile(r"limit rate (over )?(\S+)")
_NEAR: Final = range(255, 256)
"""RFC 5082 section 3: whoever sends with the highest TTL and arrives with it is on the link."""


def conditions(decision: Decision) -> tuple[str, ...]:
    """The conditions of a decision, each in words: what it is first, then from where and to where, then how."""
    is_said = any(match.on.endswith(("dport", "sport", "type")) for match in decision.conditions)
    # A port says which protocol it is of.
    matches = [match for match in decision.conditions if match.on != "protocol" or not is_said]
    matches.sort(key=lambda match: _ORDER.get(match.on, len(_ORDER)))
    rule = decision.via[-1][1] if decision.via else decision.rule
    return tuple(_worded(match, rule) for match in matches)


def _worded(match: Match, rule: str) -> str:
    if match.on == "limit":
        found = _LIMIT.search(rule)
        return f"{'above' if found and found[1] else 'at most'} {found[2] if found else 'a limited rate'}"
    if match.on not in _WORDS or not match.values or None in match.values:
        return f"under a condition that is not told in words: {rule}"
    said = _WORDS[match.on]
    if match.on in _HOPS and match.values == (_NEAR,):
        said = "from one hop away"
    return ("not " if match.negated else "") + said.format(ports=_ports(match.values), values=_listed(match.values))


def _ports(values: Iterable[object]) -> str:
    return ", ".join(_port(value) for value in values)


def _port(value: object) -> str:
    if not isinstance(value, range):
        return str(value)
    if len(value) > 1:
        return f"{value[0]} to {value[-1]}"
    name = _PORTS.get(value[0])
    return f"{value[0]} ({name})" if name else str(value[0])


def _listed(values: Iterable[object]) -> str:
    return ", ".join(_port(value) if isinstance(value, range) else _network(value) for value in values)


def _network(value: object) -> str:
    """A single address without its length."""
    return re.sub(r"^([0-9.]+)/32$|^([0-9a-f:]+)/128$", r"\1\2", str(value))
