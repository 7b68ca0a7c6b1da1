"""What two locations' configs may differ in without saying different things: each location's own addresses, numbers and names.

A change of one template line is another text on every router of a fleet. With each location's own values out of sight it is the same
text, and a person reads it once. Only a location's *own* values are hidden: a filter that lets in another school's prefix stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_interface

from provisioner.intent.model import Location

Network = IPv4Network | IPv6Network

_TOKEN = re.compile(r"[0-9A-Fa-f]*[:.][0-9A-Fa-f:.]*[0-9A-Fa-f:](?:/\d{1,3})?")
"""What may be an address or a prefix."""
_TAG = re.compile(r"(?<=[a-z]\.)\d+\b|(?<=[a-z]\d\.)\d+\b|(?<=vlan-id )\d+\b")
"""A VLAN tag: in the name of a sub-interface, or by its keyword."""


@dataclass(frozen=True)
class OwnValues:
    """The values of one location, on both sides of a comparison.

    Attributes:
        networks: With what each is; the first that has an address wins.
        words: Texts with what each is, the longest first.
        tags: VLAN tags of its uplinks, with what each is.
    """

    networks: tuple[tuple[Network, str], ...]
    words: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, locations: Iterable[Location]) -> OwnValues:
        """The values of a location as it is on each side; one that both have counts once."""
        networks: dict[Network, str] = {}
        words: dict[str, str] = {}
        tags: dict[str, str] = {}
        for location in locations:
            for network, what in _networks(location):
                networks.setdefault(network, what)
            for word, what in _words(location):
                words.setdefault(word, what)
            for uplink in location.uplinks:
                tags.setdefault(str(uplink.vlan_id), f"{uplink.role} tag")
        longest_first = sorted(words.items(), key=lambda item: -len(item[0]))
        return cls(tuple(networks.items()), tuple(longest_first), tuple(tags.items()))

    def hidden(self, text: str) -> str:
        """The text with a name in place of each value of this location."""
        for word, what in self.words:
            text = text.replace(word, f"<{what}>")
        for tag, what in self.tags:
            if tag in text:
                text = _TAG.sub(lambda match, tag=tag, what=what: f"<{what}>" if match[0] == tag else match[0], text)  # type: ignore[misc]
        return _TOKEN.sub(self._address, text)

    def _address(self, match: re.Match[str]) -> str:
        parsed = _parsed(match[0])
        if parsed is None:
            return match[0]
        number, length, version = parsed
        for network, what in self.networks:
            first = int(network.network_address)
            if network.version == version and first <= number < first + network.num_addresses:
                inside = length - network.prefixlen
                return f"<{what}+{number - first}/{inside}>"
        return match[0]


@lru_cache(maxsize=65_536)
def _parsed(token: str) -> tuple[int, int, int] | None:
    """An address as a number, its prefix length and its version; None for something else."""
    try:
        found = ip_interface(token)
    except ValueError:
        return None
    return int(found.ip), found.network.prefixlen, found.version


def _networks(location: Location) -> Iterator[tuple[Network, str]]:
    for uplink in location.uplinks:
        yield uplink.ipv4, f"{uplink.role} link"
        yield uplink.ipv6, f"{uplink.role} link"
    for segment in location.segments:
        yield segment.ipv4, f"{segment.role} segment"
        yield segment.ipv6, f"{segment.role} segment"
    announced: tuple[Network, ...] = (*location.prefixes.ipv4, *location.prefixes.ipv6)
    for number, network in enumerate(announced, start=1):
        yield network, f"prefix {number}"
    yield IPv4Network(location.edge_router.management_address.ip), "management"


def _words(location: Location) -> Iterator[tuple[str, str]]:
    yield location.code, "code"
    yield location.code.lower(), "code"
    yield location.name, "name"
    yield location.municipality, "municipality"
    yield str(location.asn), "asn"
    for uplink in location.uplinks:
        yield uplink.access_line.circuit_id, f"{uplink.role} circuit"
