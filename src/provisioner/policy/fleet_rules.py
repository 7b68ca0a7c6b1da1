"""What must hold between locations: rules that no router keeps or breaks by itself. docs/policy.md has a section per id. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from frr_config.document import FRR, NFTABLES
from provisioner.intent.model import Fleet
from provisioner.policy.model import Finding
from provisioner.policy.ways import Claim, Entry, Ways


@dataclass(frozen=True, slots=True)
class FleetRule:
    """A rule about locations together; as `Rule`, but for how it is judged."""

    id: str
    title: str
    source: str
    remedy: str


APART: Final = FleetRule(
    "POL050",
    "No location reaches the administration of another",
    "the service: schools have nothing in common but the way to the internet",
    "mend the template, or what the location has of its own in its filters",
)
OWN: Final = FleetRule(
    "POL051",
    "What is accepted from a location is accepted from no other",
    "MANRS actions 1 and 2, RFC 7454 section 6",
    "compare the prefixes of both locations; where the inventory has them apart, mend the template",
)
FLEET_RULES: Final = (APART, OWN)

_SAID: Final = {
    "route": ("routes to {0} are accepted from it", FRR),
    "source": ("packets from {0} are accepted from it", NFTABLES),
    "destination": ("packets to {0} are delivered to it", NFTABLES),
}
_BITS: Final = {4: 32, 6: 128}


@dataclass(frozen=True, slots=True, order=True)
class _Span:
    """Addresses from first to last, and whose they are. Sorted, a span stands before those inside it."""

    version: int
    first: int
    minus_last: int
    code: str
    number: int = 0


def between(fleet: Fleet, ways: Sequence[Ways]) -> Iterator[Finding]:
    """What breaks a rule between locations.

    Args:
        fleet: The intent, for names.
        ways: Of every location on a router.
    """
    yield from _reached(fleet, ways)
    for kind in _SAID:
        yield from _shared(ways, kind)


def _reached(fleet: Fleet, ways: Sequence[Ways]) -> Iterator[Finding]:
    """A half that enters meets a half that leaves."""
    entering = [each for each in ways if each.enters]
    if not entering:
        return
    leaving = {
        link: _Sources.of((network, each.code) for each in ways for by, network in each.leaves if by == link)
        for link in {link for each in ways for link, _ in each.leaves}
    }
    for each in entering:
        for entry in each.enters:
            known = leaving.get(entry.link)
            others = () if known is None else known.meeting(entry.sources, each.code)
            if others:
                yield _reach(fleet, each.code, entry, others)


def _reach(fleet: Fleet, code: str, entry: Entry, others: Sequence[str]) -> Finding:
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    what = f"{others[0]}{more} may open connections to {entry.target} by {entry.interface}: {entry.rule}"
    device = fleet.locations[code].edge_router_name
    return Finding(APART.id, device, code, "administration", what, APART.remedy, NFTABLES)


@dataclass(frozen=True)
class _Sources:
    """Networks in order, to be asked which of them meet another."""

    spans: tuple[_Span, ...]
    by_network: Mapping[tuple[int, int, int], tuple[str, ...]]

    @classmethod
    def of(cls, networks: Iterable[tuple[str, str]]) -> _Sources:
        spans = sorted({_span(network, code) for network, code in networks})
        found: dict[tuple[int, int, int], list[str]] = {}
        for span in spans:
            found.setdefault((span.version, span.first, span.minus_last), []).append(span.code)
        return cls(tuple(spans), {key: tuple(codes) for key, codes in found.items()})

    def meeting(self, networks: Iterable[str], own: str) -> tuple[str, ...]:
        """The locations, but for one, that have a network inside one of these or around it."""
        found: dict[str, None] = {}
        for text in networks:
            span = _span(text, "")
            at = bisect_left(self.spans, span)
            while at < len(self.spans) and _is_inside(self.spans[at], span):
                found.setdefault(self.spans[at].code)
                at += 1
            for key in _around(text):
                for code in self.by_network.get(key, ()):
                    found.setdefault(code)
        found.pop(own, None)
        return tuple(sorted(found))


def _is_inside(span: _Span, other: _Span) -> bool:
    return span.version == other.version and span.first <= -other.minus_last


def _around(text: str) -> Iterator[tuple[int, int, int]]:
    network = ip_network(text)
    bits = _BITS[network.version]
    for length in range(network.prefixlen):
        hosts = (1 << (bits - length)) - 1
        first = int(network.network_address) & ~hosts
        yield network.version, first, -(first | hosts)


def _shared(ways: Iterable[Ways], kind: str) -> Iterator[Finding]:
    """What is taken as one location's own and lies over what is taken as another's."""
    claims: list[tuple[str, Claim]] = [
        (each.code, claim) for each in ways for claim in each.claims if claim.kind == kind
    ]
    spans = sorted(_span(claim.network, code, number) for number, (code, claim) in enumerate(claims))
    around: list[_Span] = []
    lies_over: dict[int, list[int]] = {}
    for span in spans:
        while around and not _is_inside(span, around[-1]):
            around.pop()
        for outer in around:
            if outer.code != span.code:
                lies_over.setdefault(outer.number, []).append(span.number)
        around.append(span)
    for number, others in sorted(lies_over.items()):
        code, claim = claims[number]
        other_code, other = claims[others[0]]
        said, file = _SAID[kind]
        codes = {claims[each][0] for each in others}
        more = f" and those of {len(codes) - 1} more locations" if len(codes) > 1 else ""
        what = f"{said.format(claim.said)}, and {other.said} is {other_code}'s{more}"
        yield Finding(OWN.id, claim.device, code, claim.said, what, OWN.remedy, file)


def _span(text: str, code: str, number: int = 0) -> _Span:
    network = ip_network(text)
    return _Span(network.version, int(network.network_address), -int(network.broadcast_address), code, number)
