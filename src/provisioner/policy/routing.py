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
    r"(?:no )?(ip|ipv6) prefix-list (\S+) (?:seq (\d+) )?(permit|deny) (\S+)((?: (?:ge|le) \d+){0,2})$"
)
_FAMILY: Final = re.compile(r"address-family (ipv4|ipv6) unicast$")
_ROUTE_MAP: Final = re.compile(r"route-map (\S+) (permit|deny) (\d+)$")
_MATCH: Final = re.compile(r"match (ip|ipv6) address prefix-list (\S+)$")
_BITS: Final = {4: 32, 6: 128}

# What is known of FRR's language, by its first words: anything else could open what these rules say is shut.
_INSTANCE: Final = re.compile(
    r"bgp (?:router-id|log-neighbor-changes)\b|no bgp (?:default ipv4-unicast|ebgp-requires-policy)$"
    r"|address-family ipv[46] unicast$"
)
_NEIGHBOR: Final = re.compile(
    r"neighbor \S+ (?:remote-as|description|bfd|password|local-role|ttl-security|update-source|timers|shutdown)\b"
)
_IN_FAMILY: Final = re.compile(
    r"neighbor \S+ (?:activate$|(?:maximum-prefix|prefix-list|route-map|next-hop-self|soft-reconfiguration|send-community)\b)"
)
_STATIC: Final = re.compile(r"(?:ip|ipv6) route (\S+) (.+)$")
_ORIGIN: Final = re.compile(r"(?:network|redistribute|aggregate-address) ")
_CLAUSE: Final = re.compile(
    r"match (?:ip|ipv6) address prefix-list \S+$|match (?:ip|ipv6) next-hop address \S+$|match (?:as-path|community) \S+$"
    r"|match rpki invalid$|call \S+$|set (?:local-preference|metric|community|large-community|as-path prepend)\b"
    r"|set (?:as-path exclude all|extcommunity none|ip next-hop \S+|ipv6 next-hop (?:global \S+|prefer-global))$|description "
)
_PATHS: Final = re.compile(r"bgp as-path access-list (\S+) seq \d+ (.+)$")
_COMMUNITIES: Final = re.compile(r"bgp community-list standard (\S+) seq \d+ (.+)$")
_ONCE: Final = re.compile(
    r"neighbor \S+ (?:remote-as|password|local-role|ttl-security|maximum-prefix|(?:prefix-list|route-map)(?= \S+ (?:in|out)$))"
)
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
    """One address family of a session; `maximum_prefix` is 0 where nothing ends a flood."""

    version: int
    inbound: Filters
    outbound: Filters
    maximum_prefix: int


@dataclass(frozen=True, slots=True)
class Session:
    """A BGP session as it is configured.

    Attributes:
        neighbor: The other end's address.
        local_as: The AS of the instance, as it is written.
        remote_as: The other end's, as it is written; empty where it is not.
        lines: What is said of it outside of address families, without `neighbor ADDRESS`.
        families: The families in which it is active.
    """

    neighbor: str
    local_as: str
    remote_as: str
    lines: tuple[str, ...]
    families: tuple[Family, ...]

    @property
    def is_external(self) -> bool:
        """Whether the other end has another AS."""
        return self.remote_as not in {self.local_as, "internal"}

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
    def paths(self) -> Mapping[str, tuple[str, ...]]:
        """The entries of each list of AS paths, without their numbers."""
        return self._listed(_PATHS)

    @cached_property
    def communities(self) -> Mapping[str, tuple[str, ...]]:
        """The entries of each list of communities, without their numbers."""
        return self._listed(_COMMUNITIES)

    def _listed(self, pattern: re.Pattern[str]) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for node in self.nodes:
            if match := pattern.match(node.line):
                found.setdefault(match[1], []).append(match[2])
        return {name: tuple(entries) for name, entries in found.items()}

    @cached_property
    def entries(self) -> Mapping[tuple[int, str], tuple[tuple[str, Range], ...]]:
        """What each prefix-list says, by version of IP and name: actions with what they are about."""
        found: dict[tuple[int, str], list[tuple[str, Range]]] = {}
        for node in self.nodes:
            match = _ENTRY.match(node.line)
            if match is not None and (entry := _entry(match)) is not None:
                found.setdefault((4 if match[1] == "ip" else 6, match[2]), []).append((match[4], entry))
        return {key: tuple(entries) for key, entries in found.items()}

    @cached_property
    def maps(self) -> Mapping[str, tuple[Node, ...]]:
        """The clauses of each route-map, in the order in which they are carried out."""

        def number(clause: Node) -> int:
            match = _ROUTE_MAP.match(clause.line)
            return int(match[3]) if match else 0

        return {name: tuple(sorted(clauses, key=number)) for name, clauses in self._maps.items()}

    def bound(self, neighbor: str, version: int, way: str) -> tuple[str, ...]:
        """The route-maps of a neighbor in one direction, in one version of IP or (0) in any."""
        return tuple(
            name.removeprefix("route-map ")
            for session in self.sessions
            if session.neighbor == neighbor
            for family in session.families
            if version in {0, family.version}
            for name in (family.inbound if way == "in" else family.outbound).bound
            if name.startswith("route-map ")
        )

    def permitted(self, clause: Node) -> tuple[Range, ...]:
        """What a clause may permit as far as its prefix-lists say; everything where it asks none."""
        lists = [condition for child in clause.children if (condition := _MATCH.match(child.line))]
        if not lists:
            return tuple(_range(EVERYTHING[version], None, str(_BITS[version])) for version in (4, 6))
        return tuple(each for found in lists for each in self._lists.get((4 if found[1] == "ip" else 6, found[2]), ()))

    @cached_property
    def _used(self) -> frozenset[str]:
        """Words of the lines about BGP that name a route-map. One that is only called can refuse what the caller permits, and no more."""
        return frozenset(word for line in self._bgp_lines() if "route-map" in line.split() for word in line.split())

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
            if match[4] == "permit" and (entry := _entry(match)) is not None:
                ranges.append(entry)
        return {key: tuple(ranges) for key, ranges in found.items()}

    @cached_property
    def _maps(self) -> Mapping[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            if match := _ROUTE_MAP.match(node.line):
                found.setdefault(match[1], []).append(node)
        return {name: tuple(clauses) for name, clauses in found.items()}

    def static(self) -> Iterator[tuple[str, str, str]]:
        """Static routes: the line, its prefix, and where it leads."""
        for node in self.nodes:
            if match := _STATIC.match(node.line):
                yield node.line, match[1], match[2]

    def originated(self) -> Iterator[str]:
        """What is announced of the router's own: networks, and routes from elsewhere."""
        for line in self._bgp_lines():
            if _ORIGIN.match(line):
                yield line

    def _bgp_lines(self) -> Iterator[str]:
        for node in self.nodes:
            if node.line.startswith("router bgp "):
                yield from (path[-1] for path in tree.paths(node.children))

    def not_understood(self) -> Iterator[str]:
        """Lines about sessions and filters of which these rules do not know what they do, and what is said twice."""
        for node in self.nodes:
            line = node.line
            if line.startswith("router bgp "):
                yield from _instance_not_understood(node)
            elif line.startswith(("router ", "no router ", "pbr-map ", "no route-map ")):
                yield line
            elif line.startswith("route-map "):
                yield from (f"{line}: {child.line}" for child in node.children if not _CLAUSE.match(child.line))
                if not _ROUTE_MAP.match(line):
                    yield line
            elif line.startswith(
                ("ip prefix-list ", "ipv6 prefix-list ", "no ip prefix-list ", "no ipv6 prefix-list ")
            ):
                match = _ENTRY.match(line)
                if match is None or _entry(match) is None or line.startswith("no "):
                    yield line

    def openings(self) -> Iterator[str]:
        """Route-map clauses that permit whatever comes, and route-maps that do not end in a refusal of the rest."""
        for name, clauses in self._maps.items():
            if name not in self._used:
                continue
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
        local_as = instance.line.split()[2]
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
            yield Session(neighbor, local_as, remote, tuple(said), families)

    def _family(self, version: int, said: Sequence[str]) -> Family:
        return Family(
            version,
            self._filters(version, said, "in"),
            self._filters(version, said, "out"),
            max((_limit(line) for line in said), default=0),
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


def _instance_not_understood(instance: Node) -> Iterator[str]:
    seen: set[str] = set()
    for child in instance.children:
        inside = child.children
        if not (_INSTANCE.match(child.line) or _NEIGHBOR.match(child.line) or _ORIGIN.match(child.line)):
            yield child.line
            continue
        for line in (child.line, *(each.line for each in inside)):
            if line is not child.line and not (_IN_FAMILY.match(line) or _ORIGIN.match(line)):
                yield f"{child.line}: {line}"
            if once := _ONCE.match(line):
                way = line.rpartition(" ")[2] if line.endswith((" in", " out")) else ""
                key = f"{child.line if inside else ''} {once[0]} {way}"
                if key in seen:
                    yield f"{line}: said a second time"
                seen.add(key)


def _limit(line: str) -> int:
    """How many prefixes end a session; 0 for a line that does not end it (`warning-only` ends nothing)."""
    words = line.split()
    if words[0] != "maximum-prefix" or len(words) == 1 or "warning-only" in words or not words[1].isdecimal():
        return 0
    return int(words[1])


def _entry(match: re.Match[str]) -> Range | None:
    """What a prefix-list's entry is about; None where FRR would not take it. FRR itself sets a host's bits to zero."""
    version = 4 if match[1] == "ip" else 6
    words = match[6].split()
    lengths = dict(zip(words[::2], words[1::2], strict=True))
    if match[5] == "any":
        return _range(EVERYTHING[version], lengths.get("ge"), lengths.get("le", str(_BITS[version])))
    try:
        network = ip_network(match[5], strict=False)
    except ValueError:
        return None
    return _range(network, lengths.get("ge"), lengths.get("le")) if network.version == version else None


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
