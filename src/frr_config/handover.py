"""The states between two FRR configs: filters of a neighbor change in one instant, whatever changes about them.

FRR changes the contents of filter objects in one transaction, but the bindings of a neighbor (`neighbor X prefix-list P
in`, `neighbor X route-map M in`) one by one. Between two bindings, or between a binding and the contents, a neighbor
could get what neither config gives it. So the way goes by two states:

1. *ready*: neighbors that leave, or that stop a family, have done so. Where bindings change together, or along with
   contents, the neighbor is bound to stand-ins: objects of other names with the contents that the old ones have.
2. *swapped*: every filter object has its new contents, the stand-ins those of the objects that are bound in the end.
   Nothing else differs from *ready*: that is one transaction, and the only instant at which filtering changes.

After that, bindings move from the stand-ins to the objects of the same contents, and what is no longer used goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from frr_config.contexts import compare
from frr_config.filters import is_list, is_transactional, object_of
from frr_config.keys import key
from frr_config.neighbors import groups, is_bgp, peer_groups, peer_of, peers, staying
from frr_config.tree import Node, significant

_BINDING = re.compile(r"neighbor (?P<peer>\S+) (?P<kind>prefix-list|route-map) (?P<name>\S+) (?P<way>in|out)")
"""Bindings that stand-ins can take the place of; `filter-list` and `distribute-list` change on their own."""
_REFERENCE = re.compile(r"(?:match (?P<family>ip|ipv6) \S+ prefix-list|(?P<call>call)) (?P<name>\S+)")

_ACTIVE = re.compile(r"neighbor \S+ activate")
_INACTIVE = re.compile(r"no neighbor \S+ activate")

_KINDS = ("prefix-list", "route-map")
_WAYS = ("in", "out")

Bindings = Mapping[str, str]
"""What a neighbor is bound to in one family and direction: names by kind."""


@dataclass(frozen=True, slots=True)
class _StandIn:
    """An object that holds the contents of one object, then those of another.

    Attributes:
        name: As `no …` takes it: `ip prefix-list X`, `route-map Y`.
        before: Its contents until the swap.
        after: Its contents from the swap on.
    """

    name: str
    before: tuple[Node, ...]
    after: tuple[Node, ...]

    @property
    def bound_as(self) -> str:
        """The name in a binding."""
        return self.name.rsplit(" ", 1)[1]


@dataclass(frozen=True, slots=True)
class _Filters:
    """The filter objects of a config, by name."""

    objects: Mapping[str, tuple[Node, ...]]

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> _Filters:
        found: dict[str, list[Node]] = {}
        for node in nodes:
            if is_transactional(node):
                found.setdefault(object_of(node), []).append(node)
        return cls({name: tuple(nodes) for name, nodes in found.items()})

    def reach(self, name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
        """An object and all that it refers to."""
        if name in seen:
            return seen
        seen |= {name}
        for node in self.objects.get(name, ()):
            for child in node.children:
                match = _REFERENCE.fullmatch(child.line)
                if match:
                    kind = "route-map" if match["call"] else f"{match['family']} prefix-list"
                    seen = self.reach(f"{kind} {match['name']}", seen)
        return seen


def between(old: Sequence[Node], new: Sequence[Node]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The states *ready* and *swapped* on the way from one config to another."""
    stand_ins = _StandIns(_Filters.of(old), _Filters.of(new))
    contexts = {node.line: node for node in new if is_bgp(node)}
    rest: list[Node] = []
    for node in old:
        if is_bgp(node) and node.line in contexts:
            rest.append(_Neighbors(node, contexts[node.line], stand_ins).ready())
        elif not is_bgp(node) and not is_transactional(node):
            rest.append(node)
    rest = _overlaid(rest, new)
    before, after = stand_ins.before.objects, stand_ins.after.objects
    leaving = {name: nodes for name, nodes in before.items() if name not in after}
    ready = {**before, **{each.name: each.before for each in stand_ins.made()}}
    swapped = {**leaving, **after, **{each.name: each.after for each in stand_ins.made()}}
    return (*_flat(ready), *rest), (*_flat(swapped), *rest)


def judged_again(running: Iterable[Node], wanted: Iterable[Node]) -> tuple[str, ...]:
    """`clear … soft in` for each neighbor one of whose filters got other contents; it asks for its routes, no session ends.

    FRR asks by itself where a binding changes, and five seconds later where a route map does. Where a prefix list alone
    changes it does not: what came in before would stay.
    """
    old, new = significant(running), significant(wanted)
    before, after = _Filters.of(old), _Filters.of(new)
    changed = {name for name, nodes in after.objects.items() if set(before.objects.get(name, ())) != set(nodes)}
    contexts = {node.line: node for node in old if is_bgp(node)}
    commands: list[str] = []
    for bgp in new if changed else ():
        if bgp.line not in contexts:
            continue
        same = staying(contexts[bgp.line], bgp) - peer_groups(bgp)
        for family in filter(_is_address_family, bgp.children):
            names, bound = family.line.removeprefix("address-family "), _Bound(bgp, family.line)
            for peer in sorted(same):
                roots = {_object(kind, _version(names), name) for kind, name in bound.to(peer, "in").items()}
                if changed & {each for root in roots for each in after.reach(root)}:
                    commands.append(f"clear bgp {names} {peer} soft in")
    return tuple(commands)


def _flat(objects: Mapping[str, tuple[Node, ...]]) -> Iterator[Node]:
    for nodes in objects.values():
        yield from nodes


def _overlaid(nodes: Sequence[Node], new: Sequence[Node]) -> list[Node]:
    """Lists that are no part of a transaction get what comes before anything refers to it."""
    coming = compare(nodes, [node for node in new if is_list(node) and not is_transactional(node)]).added
    replaced = {key(node.line) for node in coming}
    return [*(node for node in nodes if key(node.line) not in replaced), *coming]


# --- stand-ins --------------------------------------------------------------------------------------------------------

_ALL, _NOTHING = "all", "nothing"


class _StandIns:
    """The stand-ins of one handover: one for each pair of contents."""

    def __init__(self, before: _Filters, after: _Filters) -> None:
        self.before = before
        self.after = after
        self._made: dict[tuple[str, str, str], _StandIn] = {}

    def made(self) -> Iterable[_StandIn]:
        """Those that are needed."""
        return self._made.values()

    def are_needed(self, version: str, had: Bindings, gets: Bindings) -> bool:
        """Whether bindings change that one command, on contents that stay, cannot change."""
        moved = [kind for kind in _KINDS if had.get(kind) != gets.get(kind)]
        if len(moved) != 1:
            return bool(moved)
        roots = {_object(kind, version, name) for bound in (had, gets) for kind, name in bound.items()}
        reached = {name for root in roots for filters in (self.before, self.after) for name in filters.reach(root)}
        old, new = self.before.objects, self.after.objects
        return any(name in old and name in new and set(old[name]) != set(new[name]) for name in reached)

    def take(self, kind: str, version: str, had: Bindings, gets: Bindings) -> _StandIn:
        """The stand-in that does what the one binding does, and after the swap what the other does."""
        first, last = _source(kind, version, had), _source(kind, version, gets)
        pair = (f"{version} {kind}", first, last)
        if pair not in self._made:
            name = _object(kind, version, f"{had.get(kind, first)}~{gets.get(kind, last)}")
            taken = {*self.before.objects, *self.after.objects, *(each.name for each in self.made())}
            while name in taken:
                name += "~"
            self._made[pair] = _StandIn(name, _contents(name, first, self.before), _contents(name, last, self.after))
        return self._made[pair]


def _object(kind: str, version: str, name: str) -> str:
    return f"route-map {name}" if kind == "route-map" else f"{version} prefix-list {name}"


def _source(kind: str, version: str, bound: Bindings) -> str:
    """What a stand-in does: as an object does; let all pass beside another filter; or nothing, where there is no filter.

    What a neighbor without any filter gets depends on more than filters (RFC 8212), so it is closed for the moment.
    """
    if kind in bound:
        return _object(kind, version, bound[kind])
    return _ALL if bound else _NOTHING


def _contents(name: str, source: str, filters: _Filters) -> tuple[Node, ...]:
    originals = filters.objects.get(source, ())
    if originals:
        return tuple(replace(node, line=node.line.replace(source, name, 1)) for node in originals)
    action = "permit" if source == _ALL else "deny"  # FRR: what is bound and not defined lets nothing pass
    if name.startswith("route-map "):
        return (Node(f"{name} {action} 10"),)
    return (Node(f"{name} seq 5 {action} {'::/0 le 128' if name.startswith('ipv6') else '0.0.0.0/0 le 32'}"),)


# --- neighbors --------------------------------------------------------------------------------------------------------


class _Neighbors:
    """One `router bgp` context on its way to another."""

    def __init__(self, old: Node, new: Node, stand_ins: _StandIns) -> None:
        self._old = old
        self._new = new
        self._stand_ins = stand_ins
        self._same = staying(old, new)
        self._gone = peers(old) - self._same

    def ready(self) -> Node:
        """The context of *ready*."""
        own = [node for node in self._old.children if not _is_address_family(node) and peer_of(node) not in self._gone]
        headers = dict.fromkeys(
            node.line for bgp in (self._old, self._new) for node in bgp.children if _is_address_family(node)
        )
        families = [Node(header, self._family(header)) for header in headers]
        return replace(self._old, children=(*own, *(family for family in families if family.children)))

    def _family(self, header: str) -> tuple[Node, ...]:
        lines = {key(node.line): node for node in _lines(self._old, header) if peer_of(node) not in self._gone}
        wanted = {key(node.line): node for node in _lines(self._new, header)}
        for name in [name for name, node in lines.items() if _ACTIVE.fullmatch(node.line) and name not in wanted]:
            del lines[name]
        lines |= {name: node for name, node in wanted.items() if _INACTIVE.fullmatch(node.line)}
        had, gets = _Bound(self._old, header), _Bound(self._new, header)
        for peer in sorted(self._same):
            for way in _WAYS:
                taken_over = [
                    f"neighbor {peer} {kind} {name} {way}"
                    for kind, name in gets.own(peer, way).items()
                    # It counts already, by way of the group, whose own is about to be another.
                    if had.to(peer, way).get(kind) == name
                ]
                rebound = self._rebound(
                    f"neighbor {peer}", way, _version(header), had.to(peer, way), gets.to(peer, way)
                )
                for line in (*taken_over, *rebound):
                    lines[key(line)] = Node(line)
        return tuple(lines.values())

    def _rebound(self, neighbor: str, way: str, version: str, had: Bindings, gets: Bindings) -> list[str]:
        if not self._stand_ins.are_needed(version, had, gets):
            return []
        moved = [kind for kind in _KINDS if had.get(kind) != gets.get(kind)]
        chosen = [(kind, self._stand_ins.take(kind, version, had, gets)) for kind in moved]
        return [f"{neighbor} {kind} {stand_in.bound_as} {way}" for kind, stand_in in chosen]


def _version(header: str) -> str:
    return "ipv6" if "ipv6" in header else "ip"


def _is_address_family(node: Node) -> bool:
    return node.line.startswith("address-family ")


def _lines(bgp: Node, header: str) -> tuple[Node, ...]:
    return next((node.children for node in bgp.children if node.line == header), ())


class _Bound:
    """The bindings in one family: a neighbor's own, else those of its group."""

    def __init__(self, bgp: Node, header: str) -> None:
        self._groups = groups(bgp)
        self._own: dict[tuple[str, str], dict[str, str]] = {}
        for node in _lines(bgp, header):
            match = _BINDING.fullmatch(node.line)
            if match:
                self._own.setdefault((match["peer"], match["way"]), {})[match["kind"]] = match["name"]

    def own(self, peer: str, way: str) -> Bindings:
        """What is bound to a neighbor itself in one direction."""
        return self._own.get((peer, way), {})

    def to(self, peer: str, way: str) -> Bindings:
        """What counts for a neighbor in one direction."""
        inherited = self._own.get((self._groups.get(peer, ""), way), {})
        return {**inherited, **self.own(peer, way)}
