"""What a ruleset of nftables does with a packet, told from its text. Pure.

Far less than the kernel does, and on the safe side: a condition that is not understood, or that depends on what the question leaves
open, counts as one that may hold. So "may be accepted" is never said too rarely.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from frr_config.ruleset import Table, split_elements

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_TOKEN: Final = re.compile(r'"[^"]*"|\{[^{}]*\}|[^\s{}"]+')
_HOOK: Final = re.compile(r"type (\w+) hook (\w+) .*policy (\w+);")
_VERSIONS: Final[Mapping[str, tuple[int, ...]]] = {"inet": (4, 6), "ip": (4,), "ip6": (6,)}
"""Of IP, that the tables of a family see; those of other families see no routed packet at the hooks that are asked about."""

LAST_PORT: Final = 65535
"""RFC 9293 section 3.1."""
_OPERATORS: Final = frozenset({".", "==", "<", ">", "<=", ">=", "&", "|", "^"})
_DEEPEST: Final = 16
"""Jumps inside jumps; nftables allows as many (NFT_JUMP_STACK_SIZE in nf_tables.h)."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet; what is None can be anything.

    Attributes:
        version: Of IP.
        iifname: Where it comes in.
        oifname: Where it goes out.
        source: Its source address.
        destination: Its destination address.
        protocol: `tcp`, `udp`, `icmp` or `icmpv6`.
        destination_port: Port it goes to.
        source_port: Port it comes from.
        hops: TTL or hop limit.
        icmp_type: As nftables names it.
        state: Of its connection, as nftables names it.
        flag: A flag of TCP that is set, as nftables names it.
        beyond_limits: Whether it comes after as many as any limit allows.
        way: What of it chooses its way: an option of IPv4 (`lsrr`, `ssrr`) or the type of a routing header (`0`); empty where nothing does.
    """

    version: int
    iifname: str | None = None
    oifname: str | None = None
    source: Address | None = None
    destination: Address | None = None
    protocol: str | None = None
    destination_port: int | None = None
    source_port: int | None = None
    hops: int | None = None
    icmp_type: str | None = None
    state: str = "new"
    way: str = ""
    flag: str | None = None
    beyond_limits: bool = False

    @property
    def nfproto(self) -> str:
        """What nftables calls the version."""
        return f"ipv{self.version}"


class _Holds(Enum):
    NO = 0
    MAY = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Match:
    """A condition: what it looks at, and the values that fit."""

    on: str
    values: tuple[object, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule does with packets that come to it, among those that a question is about.

    Attributes:
        accepts: Whether it lets them pass; else it drops them.
        conditions: What must hold of a packet beside what the question says; nothing where it is about all that are left.
        rule: As the ruleset has it; of what no rule is about, the chain's policy.
        chain: Where the rule stands.
        via: The rules by which packets with such conditions came there, each with its chain.
    """

    accepts: bool
    conditions: tuple[Match, ...]
    rule: str
    chain: str
    via: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule as it is evaluated.

    Attributes:
        text: As the ruleset has it.
        matches: All of them must hold.
        verdict: `accept`, `drop`, `return`, `goto X`, `jump X`; empty where it has none.
        map: What it looks up in which map (`iifname @uplink_from`), or in which list of its own; empty where it does not.
        understood: Whether all of it was.
    """

    text: str
    matches: tuple[Match, ...]
    verdict: str = ""
    map: tuple[str, str] | None = None
    understood: bool = True


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain; `hook` and `policy` are empty where packets come to it by jumps alone. `table` is the family and the name."""

    table: str
    name: str
    rules: tuple[_Rule, ...]
    kind: str = ""
    hook: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class _Given:
    """What packets met on their way, and by which rules."""

    conditions: tuple[Match, ...] = ()
    via: tuple[tuple[str, str], ...] = ()

    def and_of(self, more: tuple[Match, ...], rule: _Rule, chain: Chain) -> _Given:
        """The same, and the conditions of one more rule."""
        return _Given((*self.conditions, *more), (*self.via, (chain.name, rule.text)))


_ANY: Final = _Given()
_Narrowed = tuple[tuple[_Rule, tuple[Match, ...]], ...]


@dataclass(frozen=True)
class PacketFilter:
    """The filter chains of a router.

    Attributes:
        chains: By table and name.
        maps: Verdicts by key, by table and name of the map.
        unknown: What tables say of themselves that is not understood (`flags dormant` switches one off).
    """

    chains: Mapping[tuple[str, str], Chain]
    maps: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    _narrowed: dict[tuple[str, str, str | None, int], _Narrowed] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _at: dict[tuple[str, int], tuple[Chain, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, tables: Iterable[Table]) -> PacketFilter:
        """The filter of some tables; pieces of one table, and of one chain, add up."""
        chains: dict[tuple[str, str], Chain] = {}
        maps: dict[tuple[str, str], dict[str, str]] = {}
        unknown: list[str] = []
        for table in tables:
            here = f"{table.family} {table.name}"
            unknown += [f"table {here}: {line}" for line in table.lines if not line.startswith("comment ")]
            for entry in table.entries:
                key = (here, entry.name)
                if entry.kind == "chain":
                    chain = _chain(here, entry.name, entry.lines)
                    chains[key] = chain if key not in chains else _added(chains[key], chain)
                elif entry.kind == "map":
                    maps.setdefault(key, {}).update(_verdicts(entry.elements))
        return cls(chains, maps, tuple(unknown))

    def at(self, hook: str, version: int) -> tuple[Chain, ...]:
        """The chains that filter packets of a version of IP at a hook."""
        if (hook, version) not in self._at:
            self._at[hook, version] = tuple(
                chain
                for chain in self.chains.values()
                if chain.hook == hook
                and chain.kind == "filter"
                and version in _VERSIONS.get(chain.table.partition(" ")[0], ())
            )
        return self._at[hook, version]

    def drops_by_default(self, hook: str) -> bool:
        """Whether chains at this hook drop what no rule accepts, of both versions of IP."""
        return all(any(chain.policy == "drop" for chain in self.at(hook, version)) for version in (4, 6))

    def accepts(self, hook: str, packet: Packet) -> str:
        """Why a packet may pass a hook: the rule that may accept it; empty where it is dropped in any case.

        A hook without a chain lets everything pass.
        """
        reason = f"no chain filters at hook {hook}"
        for chain in self.at(hook, packet.version):
            reason = self._may(chain, packet, 0) or ""
            if not reason:
                return ""
        return reason

    def decisions(self, hook: str, packet: Packet) -> tuple[tuple[Decision, ...], ...]:
        """What each chain at a hook does with packets like this one: its decisions in their order, the first that fits counts.

        On the safe side as `accepts` is: a packet that a rule sends back half-way counts as one that goes on.
        """
        return tuple(tuple(self._decided(chain, packet, _ANY, 0)) for chain in self.at(hook, packet.version))

    def ports(self) -> frozenset[int]:
        """The ports of destinations at which what the rules say of a packet may change: next to each other nothing else does."""
        found = {1, LAST_PORT}
        for match in self._matches("tcp dport", "udp dport"):
            for value in match.values:
                if isinstance(value, range):
                    found |= {value.start - 1, value.start, value.stop - 1, value.stop}
        return frozenset(port for port in found if 1 <= port <= LAST_PORT)

    def destinations(self, version: int) -> frozenset[Address]:
        """The same of addresses that packets go to."""
        found: set[Address] = set()
        for match in self._matches("ip daddr" if version == 4 else "ip6 daddr"):  # noqa: PLR2004
            for value in match.values:
                if isinstance(value, IPv4Network | IPv6Network):
                    found |= around(value)
        return frozenset(found)

    def _matches(self, *on: str) -> Iterator[Match]:
        for chain in self.chains.values():
            for rule in chain.rules:
                yield from (match for match in rule.matches if match.on in on)

    def not_understood(self) -> tuple[str, ...]:
        """The rules that were not understood as a whole."""
        rules = (rule for chain in self.chains.values() if chain.kind in {"", "filter"} for rule in chain.rules)
        return (*self.unknown, *dict.fromkeys(rule.text for rule in rules if not rule.understood))

    def _may(self, chain: Chain, packet: Packet, depth: int) -> str | None:
        """The rule by which a chain may accept; empty where it certainly drops; None where its end is reached."""
        found, ends = self._walk(chain, packet, depth)
        if found:
            return found
        if not ends:
            return ""
        if not chain.hook:
            return None
        return f"chain {chain.name} accepts what no rule is about" if chain.policy != "drop" else ""

    def _walk(self, chain: Chain, packet: Packet, depth: int) -> tuple[str, bool]:
        """The first rule that may accept, and whether a packet may come to the end of the chain."""
        for rule, matches in self._about(chain, packet):
            holds = _all_hold(matches, packet)
            if holds is _Holds.NO:
                continue
            verdicts = [rule.verdict] if rule.map is None else self._looked_up(chain.table, rule.map, packet)
            certain = holds is _Holds.YES and len(verdicts) == 1
            for verdict in verdicts:
                accepted, goes_on = self._follow(chain.table, verdict, rule, packet, depth)
                if accepted:
                    return accepted, True
                if certain and not goes_on:
                    return "", False
                if certain and verdict.startswith(("goto ", "return")):
                    return "", True
        return "", True

    def _decided(self, chain: Chain, packet: Packet, given: _Given, depth: int) -> Generator[Decision, None, bool]:
        """The decisions of a chain for packets that meet what is given; tells whether some may come to its end."""
        for rule, matches in self._about(chain, packet):
            holds = {match: _holds(match, packet) for match in matches}
            if _Holds.NO in holds.values():
                continue
            left = tuple(match for match, held in holds.items() if held is not _Holds.YES)
            looked_up = [rule.verdict] if rule.map is None else self._looked_up(chain.table, rule.map, packet)
            if rule.map is not None and len(looked_up) > 1:
                left = (*left, Match(rule.map[0], ()))
            for verdict in looked_up:
                which = given.and_of(left, rule, chain) if left else given
                goes_on = yield from self._verdict(chain, verdict, rule, packet, which, depth)
                if not left and not goes_on:
                    return False
                if not left and verdict.startswith(("goto ", "return")):
                    return (yield from _at_end(chain, given))
        return (yield from _at_end(chain, given))

    def _verdict(
        self, chain: Chain, verdict: str, rule: _Rule, packet: Packet, given: _Given, depth: int
    ) -> Generator[Decision, None, bool]:
        if verdict in {"", "return", "continue"}:
            return True
        if verdict.startswith(("goto ", "jump ")):
            target = self.chains.get((chain.table, verdict.partition(" ")[2]))
            if target is not None and depth < _DEEPEST:
                return (yield from self._decided(target, packet, given, depth + 1))
        yield Decision(verdict not in {"drop", "reject"}, given.conditions, rule.text, chain.name, given.via)
        return False

    def _about(self, chain: Chain, packet: Packet) -> _Narrowed:
        """The rules of a chain that may be about packets of an interface and a version, without the conditions that hold for all these.

        Many questions are asked of one interface, and most rules are about another.
        """
        key = (chain.table, chain.name, packet.iifname, packet.version)
        if key not in self._narrowed:
            come_in = Packet(packet.version, packet.iifname)
            self._narrowed[key] = tuple(
                (rule, matches) for rule in chain.rules if (matches := _left(rule.matches, come_in)) is not None
            )
        return self._narrowed[key]

    def _follow(self, table: str, verdict: str, rule: _Rule, packet: Packet, depth: int) -> tuple[str, bool]:
        """Why a verdict may accept, and whether the packet may come back from it."""
        if verdict in {"", "return", "continue"}:
            return "", True
        if verdict in {"drop", "reject"}:
            return "", False
        if verdict.startswith(("goto ", "jump ")):
            target = self.chains.get((table, verdict.partition(" ")[2]))
            if target is not None and depth < _DEEPEST:
                return self._walk(target, packet, depth + 1)
        return rule.text, False

    def _looked_up(self, table: str, lookup: tuple[str, str], packet: Packet) -> list[str]:
        """The verdicts that a map may give; that of no key is to go on."""
        on, name = lookup
        verdicts = self.maps.get((table, name[1:]), {}) if name.startswith("@") else _listed(name)
        value = {"iifname": packet.iifname, "oifname": packet.oifname, "ct state": packet.state}.get(on)
        if value is None:
            return [*verdicts.values(), ""]
        if value in verdicts:
            return [verdicts[value]]
        return [verdict for key, verdict in verdicts.items() if _fits(key, value)] or [""]


def _at_end(chain: Chain, given: _Given) -> Generator[Decision, None, bool]:
    if chain.hook:
        yield Decision(
            chain.policy != "drop", given.conditions, f"policy {chain.policy or 'accept'}", chain.name, given.via
        )
    return not chain.hook


@lru_cache(maxsize=1024)
def _listed(elements: str) -> Mapping[str, str]:
    """The verdicts of a map that is written in a rule."""
    return _verdicts(split_elements(elements))


def _added(one: Chain, more: Chain) -> Chain:
    """A chain that is written in two pieces: nftables appends."""
    kind, hook, policy = one.kind or more.kind, one.hook or more.hook, more.policy or one.policy
    return Chain(one.table, one.name, one.rules + more.rules, kind, hook, policy)


def _chain(table: str, name: str, lines: Iterable[str]) -> Chain:
    kind = hook = policy = ""
    rules = []
    for line in lines:
        if match := _HOOK.match(line):
            kind, hook, policy = match.groups()
        elif line.strip():
            rules.append(_parsed(line))
    return Chain(table, name, tuple(rules), kind, hook, policy)


def _verdicts(elements: Iterable[str]) -> dict[str, str]:
    found = {}
    for element in elements:
        key, colon, verdict = element.rpartition(" : ")
        if colon:
            found[key.strip().strip('"')] = verdict.strip()
    return found


@lru_cache(maxsize=65_536)
def _parsed(line: str) -> _Rule:
    reader = _Reader(_TOKEN.findall(line))
    return reader.rule(line)


class _Reader:
    """Walks over the words of one rule once."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0

    def rule(self, text: str) -> _Rule:
        matches: list[Match] = []
        verdict, lookup, understood = "", None, True
        while self._at < len(self._words):
            word = self._next()
            if word in {"accept", "drop", "reject", "return", "continue"}:
                verdict = "" if word == "continue" else word
            elif word in {"goto", "jump"}:
                verdict = f"{word} {self._next()}".strip()
            elif word in {"log", "counter", "limit"}:
                start = self._at
                self._skip_statement(word)
                if word == "limit":
                    is_over = "over" in self._words[start : self._at]
                    matches.append(Match("limit", (is_over,)))
            elif word in {"iifname", "oifname"}:
                lookup = self._condition(word, matches) or lookup
            elif word in {"ip", "ip6", "tcp", "udp", "icmp", "icmpv6", "ct", "meta", "rt"}:
                lookup = self._condition(f"{word} {self._next()}", matches) or lookup
            else:
                understood = False
        if understood and all(match.on in _LOOKS_AT or match.on in _OPEN for match in matches):
            return _Rule(text, tuple(matches), verdict, lookup)
        # Nothing of it is believed but that it may accept: what was read may be half of something else.
        if "accept" in self._words:
            verdict = "accept"
        return _Rule(text, (_UNKNOWN,), verdict, None if lookup is None else ("unknown", lookup[1]), understood=False)

    def _condition(self, on: str, matches: list[Match]) -> tuple[str, str] | None:
        """Read one condition; gives what it looks up, where it is a verdict map."""
        if self._read_by_itself(on, matches):
            return None
        negated = self._peek() == "!="
        if negated:
            self._next()
        value = self._next()
        if value in _OPERATORS:
            matches.append(_UNKNOWN)
            return None
        if value == "vmap":
            return on, self._next().strip("{} ")
        values = [part.strip().strip('"') for part in value.strip("{}").split(",")]
        if on in {"tcp dport", "tcp sport", "udp dport", "udp sport", "icmp type", "icmpv6 type"}:
            matches.append(Match("protocol", (on.split(maxsplit=1)[0],)))
        matches.append(Match(on, tuple(_value(on, each) for each in values), negated))
        return None

    def _read_by_itself(self, on: str, matches: list[Match]) -> bool:
        """Read what has a form of its own; tells whether it was that."""
        if on == "tcp flags":
            matches.append(Match(on, (self._next(),)))
        elif on == "tcp option":
            if [self._next() for _ in range(3)] != ["maxseg", "size", "set"]:
                matches.append(_UNKNOWN)
            self._next()
        elif on == "meta priority":
            # Which class of traffic control a packet is of: nothing that decides whether it passes.
            if self._next() != "set":
                matches.append(_UNKNOWN)
            self._next()
        elif on == "ip option":
            matches.append(Match(on, (self._next(),)))
            if self._next() != "exists":
                matches.append(_UNKNOWN)
        else:
            return False
        return True

    def _skip_statement(self, word: str) -> None:
        if word == "log":
            while self._peek() in {"prefix", "level", "group"}:
                self._next()
                self._next()
        elif word == "limit":
            while (
                self._peek() == "rate" or self._peek() in {"over", "burst", "packets", "bytes"} or "/" in self._peek()
            ):
                if self._next() == "burst":
                    self._next()

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _next(self) -> str:
        word = self._peek()
        self._at += 1
        return word


_LOOKS_AT: Final[Mapping[str, tuple[int, str]]] = {
    "iifname": (0, "iifname"),
    "oifname": (0, "oifname"),
    "protocol": (0, "protocol"),
    "meta nfproto": (0, "nfproto"),
    "ct state": (0, "state"),
    "ip saddr": (4, "source"),
    "ip daddr": (4, "destination"),
    "ip ttl": (4, "hops"),
    "ip6 saddr": (6, "source"),
    "ip6 daddr": (6, "destination"),
    "ip6 hoplimit": (6, "hops"),
    "tcp dport": (0, "destination_port"),
    "tcp sport": (0, "source_port"),
    "udp dport": (0, "destination_port"),
    "udp sport": (0, "source_port"),
    "icmp type": (4, "icmp_type"),
    "icmpv6 type": (6, "icmp_type"),
    "tcp flags": (0, "flag"),
    "ip option": (4, "way"),
    "rt type": (6, "way"),
}
"""For each condition the version of IP that it is about (0 for either), and what of a packet it looks at."""

_UNKNOWN: Final = Match("unknown", ())
_OPEN: Final = frozenset({"limit"})
"""Conditions that are left open: a packet of any kind may meet them."""

_ADDRESSES: Final = frozenset({"ip saddr", "ip daddr", "ip6 saddr", "ip6 daddr"})
_NUMBERS: Final = frozenset({"tcp dport", "tcp sport", "udp dport", "udp sport", "ip ttl", "ip6 hoplimit"})


def _value(on: str, text: str) -> object:
    try:
        if on in _ADDRESSES:
            return ip_network(text)
        if on in _NUMBERS:
            first, _, last = text.partition("-")
            return range(int(first), int(last or first) + 1)
    except ValueError:
        return None  # a name, a variable: it may be anything
    is_open = not text or text[0] in "@$" or (text.isdecimal() and on != "rt type") or " " in text
    return None if is_open else text


def _holds(match: Match, packet: Packet) -> _Holds:
    """Whether a condition holds for a packet."""
    on = match.on
    if on == "limit" and packet.beyond_limits:
        return _Holds.YES if match.values == (True,) else _Holds.NO
    if on not in _LOOKS_AT:
        return _Holds.MAY
    version, slot = _LOOKS_AT[on]
    if version and version != packet.version:
        return _Holds.NO
    known = getattr(packet, slot)
    if known is None or None in match.values:
        return _Holds.MAY
    for value in match.values:
        if _fits(value, known):
            return _Holds.NO if match.negated else _Holds.YES
    return _Holds.YES if match.negated else _Holds.NO


def _left(matches: tuple[Match, ...], packet: Packet) -> tuple[Match, ...] | None:
    """The conditions that a question has yet to answer; None where one cannot hold for any packet like this one."""
    left = []
    for match in matches:
        version, slot = _LOOKS_AT.get(match.on, (0, ""))
        if version and version != packet.version:
            return None
        holds = _holds(match, packet) if slot in {"iifname", "nfproto"} else _Holds.MAY
        if holds is _Holds.NO:
            return None
        if holds is _Holds.MAY:
            left.append(match)
    return tuple(left)


def _all_hold(matches: tuple[Match, ...], packet: Packet) -> _Holds:
    found = _Holds.YES
    for match in matches:
        holds = _holds(match, packet)
        if holds is _Holds.NO:
            return holds
        if holds is _Holds.MAY:
            found = holds
    return found


def _fits(value: object, known: object) -> bool:
    if isinstance(value, str):
        return value == known or (value.endswith("*") and isinstance(known, str) and known.startswith(value[:-1]))
    if isinstance(value, range):
        return known in value
    if isinstance(value, IPv4Network | IPv6Network):
        return isinstance(known, IPv4Address | IPv6Address) and known in value
    return value == known


def around(network: Network) -> set[Address]:
    """The first and the last address of a network, and those beside them."""
    first, last = int(network.network_address), int(network.broadcast_address)
    most = (1 << network.max_prefixlen) - 1
    kind = IPv4Address if network.version == 4 else IPv6Address  # noqa: PLR2004
    return {kind(number) for number in (first - 1, first, last, last + 1) if 0 <= number <= most}


def address(text: str) -> Address:
    """An address from text; for questions."""
    return ip_address(text)
