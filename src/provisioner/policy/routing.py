"""What a router's BGP sessions take and give, told from FRR's config text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from frr_config import tree
from frr_config.tree import Node

Network = IPv4Network | IPv6Network

_ENTRY: Final = re.compile(
    r"(ip|ipv6) prefix-list (\S+) (?:seq (\d+) )?(permit|deny) (\S+)(?: ge (\d+))?(?: le (\d+))?$"
)
_FAMILY: Final = re.compile(r"address-family (ipv4|ipv6) unicast$")
_ROUTE_MAP: Final = re.compile(r"route-map (\S+) (permit|deny) (\d+)$")
_MATCH: Final = re.compile(r"match (ip|ipv6) address prefix-list (\S+)$")
_BITS: Final = {4: 32, 6: 128}
EVERYTHING: Final = {4: ip_network("0.0.0.0/0"), 6: ip_network("::/0")}


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Prefixes inside a network, of some lengths: what one entry of a prefix-list is about.

    Attributes:
        network: All of them are inside.
        shortest: Of their lengths.
        longest: Likewise.
    """

    network: Network
    shortest: int
    longest: int

    @property
    def is_exact(self) -> bool:
        """Whether it is one prefix and no other."""
        return self.shortest == self.longest == self.network.prefixlen

    @property
    def has_default(self) -> bool:
        """Whether the default route is in it."""
        return self.network.prefixlen == self.shortest == 0

    def meet(self, other: Range) -> Range | None:
        """What is in both; None where nothing is."""
        if self.network.version != other.network.version or not self.network.overlaps(other.network):
            return None
        inner = max(self.network, other.network, key=lambda network: network.prefixlen)
        shortest = max(self.shortest, other.shortest)
        longest = min(self.longest, other.longest)
        return Range(inner, shortest, longest) if shortest <= longest else None

    def __str__(self) -> str:
        if self.is_exact:
            return str(self.network)
        return f"{self.network} of length {self.shortest} to {self.longest}"


@dataclass(frozen=True, slots=True)
class Filters:
    """What filters one direction of a session in one address family.

    Attributes:
        bound: Names of the prefix-lists and route-maps bound to it.
        undefined: Those of them that are not defined.
        passes: What may pass all of them; everything of the family where none is bound.
    """

    bound: tuple[str, ...]
    undefined: tuple[str, ...]
    passes: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One address family of a session."""

    version: int
    inbound: Filters
    outbound: Filters
    maximum_prefix: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A BGP session as it is configured.

    Attributes:
        neighbor: The other end's address.
        is_external: Whether the other end has another AS.
        lines: What is said of it outside of address families, without `neighbor ADDRESS`.
        families: The families in which it is active.
    """

    neighbor: str
    is_external: bool
    lines: tuple[str, ...]
    families: tuple[Family, ...]

    def has(self, start: str) -> bool:
        """Whether something is said that begins so."""
        return any(line == start or line.startswith(f"{start} ") for line in self.lines)


@dataclass(frozen=True)
class Routing:
    """The routing of a router, from the tree of its config.

    Attributes:
        nodes: FRR's lines in their contexts.
    """

    nodes: tuple[Node, ...]
    _cache: dict[tuple[str, int], tuple[Range, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """Every session of every BGP instance."""
        return tuple(
            session for node in self.nodes if node.line.startswith("router bgp ") for session in self._sessions(node)
        )

    @cached_property
    def instance_lines(self) -> frozenset[str]:
        """What is said of BGP as a whole."""
        return frozenset(
            child.line for node in self.nodes if node.line.startswith("router bgp ") for child in node.children
        )

    @cached_property
    def _lists(self) -> Mapping[tuple[int, str], tuple[Range, ...]]:
        """What each prefix-list may permit. Refusals are not looked at: what may pass is never said too rarely."""
        found: dict[tuple[int, str], list[Range]] = {}
        for node in self.nodes:
            match = _ENTRY.match(node.line)
            if match is None:
                continue
            version = 4 if match[1] == "ip" else 6
            ranges = found.setdefault((version, match[2]), [])
            if match[4] == "permit":
                network = EVERYTHING[version] if match[5] == "any" else ip_network(match[5])
                ranges.append(_range(network, match[6], "128" if match[5] == "any" and not match[7] else match[7]))
        return {key: tuple(ranges) for key, ranges in found.items()}

    @cached_property
    def _maps(self) -> Mapping[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            if match := _ROUTE_MAP.match(node.line):
                found.setdefault(match[1], []).append(node)
        return {name: tuple(clauses) for name, clauses in found.items()}

    def openings(self) -> Iterator[str]:
        """Route-map clauses that permit whatever comes, and route-maps that do not end in a refusal of the rest."""
        for name, clauses in self._maps.items():
            for clause in clauses:
                conditions = [child for child in clause.children if child.line.startswith("match ")]
                if f"route-map {name} permit " in clause.line and not conditions:
                    yield clause.line
            last = clauses[-1]
            if f"route-map {name} deny " not in last.line or any(
                each.line.startswith("match ") for each in last.children
            ):
                yield f"route-map {name}"

    def _sessions(self, instance: Node) -> Iterable[Session]:
        own = instance.line.split()[2]
        general: dict[str, list[str]] = {}
        active: dict[str, list[tuple[int, list[str]]]] = {}
        for child in instance.children:
            if match := _FAMILY.match(child.line):
                lines: dict[str, list[str]] = {}
                for path in tree.paths(child.children):
                    _add(lines, path[-1])
                for neighbor, said in lines.items():
                    if "activate" in said:
                        active.setdefault(neighbor, []).append((4 if match[1] == "ipv4" else 6, said))
            else:
                _add(general, child.line)
        for neighbor, said in general.items():
            remote = next((line.split()[1] for line in said if line.startswith("remote-as ")), "")
            families = tuple(self._family(version, lines_of) for version, lines_of in active.get(neighbor, ()))
            yield Session(neighbor, remote not in {own, "internal"}, tuple(said), families)

    def _family(self, version: int, said: Sequence[str]) -> Family:
        return Family(
            version,
            self._filters(version, said, "in"),
            self._filters(version, said, "out"),
            any(line.startswith("maximum-prefix ") for line in said),
        )

    def _filters(self, version: int, said: Sequence[str], direction: str) -> Filters:
        bound, undefined = [], []
        passes: tuple[Range, ...] = (_range(EVERYTHING[version], None, str(_BITS[version])),)
        for line in said:
            kind, _, rest = line.partition(" ")
            if kind not in {"prefix-list", "route-map"} or not rest.endswith(f" {direction}"):
                continue
            name = rest.split()[0]
            bound.append(f"{kind} {name}")
            ranges = self._lists.get((version, name)) if kind == "prefix-list" else self._permitted(name, version)
            if ranges is None:
                undefined.append(f"{kind} {name}")
                ranges = ()
            met = {found for one in passes for other in ranges if (found := one.meet(other)) is not None}
            passes = tuple(sorted(met))
        return Filters(tuple(bound), tuple(undefined), passes)

    def _permitted(self, name: str, version: int) -> tuple[Range, ...] | None:
        """What a route-map may permit in a family; None where there is no such route-map."""
        clauses = self._maps.get(name)
        if clauses is None:
            return None
        found: list[Range] = []
        for clause in clauses:
            match = _ROUTE_MAP.match(clause.line)
            if match is None or match[2] != "permit":
                continue
            conditions = [child.line for child in clause.children if child.line.startswith("match ")]
            lists = [condition for line in conditions if (condition := _MATCH.match(line))]
            if not lists:
                found.append(_range(EVERYTHING[version], None, str(_BITS[version])))
                continue
            for condition in lists:
                if (4 if condition[1] == "ip" else 6) == version:
                    found += self._lists.get((version, condition[2]), ())
        return tuple(found)


def _range(network: Network, ge: str | None, le: str | None) -> Range:
    """FRR: without `le` and `ge` exactly the prefix; `ge` alone goes up to the longest."""
    bits = _BITS[network.version]
    longest = min(int(le), bits) if le else bits if ge else network.prefixlen
    shortest = int(ge) if ge else network.prefixlen
    return Range(network, shortest, longest)


def _add(found: dict[str, list[str]], line: str) -> None:
    words = line.split(maxsplit=2)
    if len(words) == 3 and words[0] == "neighbor":  # noqa: PLR2004 - neighbor, its address, what is said
        found.setdefault(words[1], []).append(words[2])
