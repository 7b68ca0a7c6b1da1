"""Ports, hop limits and sources that rules on packet filters ask about."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

BGP: Final = 179
BFD: Final = (3784, 4784)
SSH: Final = 22
NTP: Final = 123
SNMP: Final = 161
NEXT_DOOR: Final = 255
"""RFC 4271 section 4; RFC 5881 section 4 and RFC 5883 section 5; RFC 4253 section 4; RFC 5905 section 7.2; RFC 3417 section 3.2; the hop
limit of RFC 5082 section 3."""

DHCP: Final = 67
DHCP_CLIENT: Final = 68
DNS: Final = 53
"""RFC 2131 section 4.1, RFC 1035 section 4.2."""

EPHEMERAL: Final = 50_000
"""A port that nothing listens on (RFC 6335 section 6)."""

STRANGERS: Final = (ip_address("198.51.100.77"), ip_address("2001:db8:ffff:ffff:ffff:ffff:ffff:77"))
"""Sources that are nobody's in any fleet, of either version of IP: documentation space (RFC 5737, RFC 3849)."""
