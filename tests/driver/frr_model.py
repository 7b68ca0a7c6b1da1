"""What FRR does with commands, and with routes, as far as the order of a patch relies on it.

Each row of the table below was seen on FRR 10.3, with a neighbor that really announces (`tests/lab/test_hitless.py`
looks again at the first four):

| bound to a neighbor, or matched by an entry | does |
|---|---|
| prefix list that is not defined, bound | lets nothing pass |
| prefix list with a description and no entry, bound or matched | lets everything pass, matches everything |
| route map that is not defined, bound | lets nothing pass |
| prefix list that is not defined, matched | does not match: the next entry is asked, also after a `deny` |
| nothing bound, eBGP | lets nothing pass (RFC 8212), unless `no bgp ebgp-requires-policy` |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from frr_config import tree
from frr_config.keys import FILTER_ENTRY, NEIGHBOR, NEIGHBOR_BIRTH, ROUTE_MAP, key, undo
from frr_config.tree import Node

_COLLECTED = re.compile(r"(no )?((ip|ipv6) prefix-list|(ip |ipv6 )?access-list|route-map) ")

Lines = dict[str, "Entry"]


class Entry:
    """A line that FRR holds, with what is in its context."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.inside: Lines = {}


class Router:
    """What FRR does with commands, as far as the patch relies on it; it raises where FRR would complain or be open."""

    def __init__(self, text: str = "") -> None:
        self.lines: Lines = {}
        for node in tree.parse(text):
            self._enter(self.lines, node)

    def apply(self, commands: tuple[str, ...]) -> Iterator[None]:
        """Enter commands; stop after each line inside or outside a context."""
        for node in tree.parse("\n".join(commands)):
            yield from self._steps(self.lines, node)

    def instants(self, commands: tuple[str, ...]) -> Iterator[None]:
        """Enter commands as one `vtysh -f`; stop wherever a BGP message could be judged.

        bgpd collects commands on prefix lists, access lists and route maps, and makes them count together at the first
        command of another kind, or at the end.
        """
        pending = False
        for node in tree.parse("\n".join(commands)):
            if _COLLECTED.match(node.line):
                self._enter(self.lines, node)
                pending = True
                continue
            if pending:
                yield
                pending = False
            yield from self._steps(self.lines, node)
        if pending:
            yield

    def nodes(self) -> tuple[Node, ...]:
        return tuple(_node(entry) for entry in self.lines.values())

    def _steps(self, lines: Lines, node: Node) -> Iterator[None]:
        entry = self._line(lines, node.line)
        yield
        if entry is not None:
            for child in node.children:
                yield from self._steps(entry.inside, child)
            if not entry.inside and node.line.startswith(("interface ", "address-family ")):
                lines.pop(key(node.line), None)

    def _enter(self, lines: Lines, node: Node) -> None:
        for _ in self._steps(lines, node):
            pass

    def _line(self, lines: Lines, line: str) -> Entry | None:
        whole = [name for name, entry in lines.items() if _goes_with(line, entry.line)]
        if whole:
            for name in whole:
                del lines[name]
            if line.startswith("no neighbor "):
                for entry in lines.values():  # the families forget it as well
                    for name in [n for n, inner in entry.inside.items() if _goes_with(line, inner.line)]:
                        del entry.inside[name]
            return None
        same = lines.get(key(line))
        if same is not None and undo(same.line) == line:
            del lines[key(line)]
            return None
        match = NEIGHBOR.fullmatch(line)
        if match and lines is not self.lines and not NEIGHBOR_BIRTH.fullmatch(line):
            assert self._exists(match["peer"]), f"Specify remote-as or peer-group commands first: {line}"
        birth = NEIGHBOR_BIRTH.fullmatch(line)
        if birth and "bgp default shutdown" in lines and not line.endswith(" peer-group") and key(line) not in lines:
            shut = f"neighbor {birth['peer']} shutdown"
            lines[shut] = Entry(shut)
        entry = lines.setdefault(key(line), Entry(line))
        entry.line = line
        return entry

    def _exists(self, peer: str) -> bool:
        bgp = [entry for entry in self.lines.values() if entry.line.startswith("router bgp")]
        return any(
            (found := NEIGHBOR_BIRTH.fullmatch(inner.line)) and found["peer"] == peer
            for entry in bgp
            for inner in entry.inside.values()
        )


def _goes_with(command: str, line: str) -> bool:
    """Whether a command that takes a whole object away takes this line."""
    words = command.split()
    if words[:2] == ["no", "neighbor"] and (len(words) == 3 or words[3:] == ["peer-group"]):
        return line.removeprefix("no ").startswith(f"neighbor {words[2]} ")
    if len(words) == 4 and words[2] == "prefix-list":
        return line.startswith(f"{words[1]} prefix-list {words[3]} ")
    if len(words) == 3 and words[1] == "route-map":
        return line.startswith(f"route-map {words[2]} ")
    return False


def _node(entry: Entry) -> Node:
    return Node(entry.line, tuple(_node(inner) for inner in entry.inside.values()))


# --- what a config lets pass ------------------------------------------------------------------------------------------

IPV4 = "address-family ipv4 unicast"


@dataclass(frozen=True)
class Policy:
    """A config, asked what it lets pass over IPv4."""

    nodes: Sequence[Node]

    @property
    def _bgp(self) -> Sequence[Node]:
        return next((node.children for node in self.nodes if node.line.startswith("router bgp")), ())

    def peers(self) -> frozenset[str]:
        """Neighbors that are no peer groups."""
        births = [NEIGHBOR_BIRTH.fullmatch(node.line) for node in self._bgp]
        return frozenset(match["peer"] for match in births if match and not match[0].endswith(" peer-group"))

    def is_up(self, peer: str) -> bool:
        """Whether it exists, is not shut down, and is active for IPv4."""
        lines = {node.line for node in self._bgp}
        family = {node.line for node in self._family()}
        default = "no bgp default ipv4-unicast" not in lines and f"no neighbor {peer} activate" not in family
        active = default or f"neighbor {peer} activate" in family
        return peer in self.peers() and f"neighbor {peer} shutdown" not in lines and active

    def bindings(self, peer: str, way: str) -> Mapping[str, str]:
        """Names by kind: its own, else its group's."""
        group = next((n.line.split()[-1] for n in self._bgp if n.line.startswith(f"neighbor {peer} peer-group ")), "")
        found: dict[str, str] = {}
        for who in (group, peer):
            for node in self._family():
                words = node.line.split()
                if words[:2] == ["neighbor", who] and words[-1] == way and len(words) == 5:
                    found[words[2]] = words[3]
        return found

    def passes(self, peer: str, way: str, probes: Sequence[IPv4Network]) -> frozenset[IPv4Network]:
        """Which of some prefixes are accepted from a neighbor, or announced to it."""
        if not self.is_up(peer):
            return frozenset()
        bound = self.bindings(peer, way)
        if not bound and "no bgp ebgp-requires-policy" not in {node.line for node in self._bgp}:
            return frozenset()
        return frozenset(probe for probe in probes if all(self._lets(kind, bound[kind], probe) for kind in bound))

    def _family(self) -> Sequence[Node]:
        return next((node.children for node in self._bgp if node.line == IPV4), ())

    def _lets(self, kind: str, name: str, probe: IPv4Network) -> bool:
        return self._list(name, probe) is True if kind == "prefix-list" else self._map(name, probe)

    def _list(self, name: str, probe: IPv4Network) -> bool | None:
        """What a prefix list says; None where it is not defined."""
        mine = [node.line for node in self.nodes if node.line.startswith(f"ip prefix-list {name} ")]
        if not mine:
            return None
        entries = sorted((match for line in mine if (match := FILTER_ENTRY.match(line))), key=lambda m: int(m["seq"]))
        if not entries:
            return True
        for match in entries:
            if _covers(match.string.split()[6:], probe):
                return match["action"] == "permit"
        return False

    def _map(self, name: str, probe: IPv4Network) -> bool:
        mine = [(m, node) for node in self.nodes if (m := ROUTE_MAP.fullmatch(node.line)) and m["name"] == name]
        for match, node in sorted(mine, key=lambda each: int(each[0]["seq"])):
            tests = [child.line.split()[-1] for child in node.children if child.line.startswith("match ")]
            if all(self._list(name, probe) is True for name in tests):
                called = [child.line.split()[-1] for child in node.children if child.line.startswith("call ")]
                return match["action"] == "permit" and all(self._map(each, probe) for each in called)
        return False


def _covers(words: Sequence[str], probe: IPv4Network) -> bool:
    """Whether an entry such as `10.0.0.0/8 ge 16 le 24` matches a prefix."""
    network, bounds = IPv4Network(words[0]), dict(zip(words[1::2], map(int, words[2::2]), strict=True))
    low = bounds.get("ge", network.prefixlen)
    high = bounds.get("le", 32 if "ge" in bounds else network.prefixlen)
    return probe.subnet_of(network) and low <= probe.prefixlen <= high
