"""An aggregation router's document taken apart by owner, and put together again.

Who owns a line is read from names, in rendered and in running config alike:

    interfaces   a VLAN sub-interface whose alias begins with a location code
    nftables     a chain `<word>_CODE`; an element of a map that goes or jumps to such a chain
    frr          a list or route-map named `CODE-…`; every line of a neighbor whose description begins with the code
    traffic      a limit of an interface belongs to whom the interface belongs to
    plain files  the base's, all of them

What belongs to no location is the base. A part is a document of its own: contexts (`router bgp`, a table, a map) appear
in every part that has a line in them, with that part's lines alone. `join` puts parts together in the order in which
routers list their config.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from frr_config import document, plain, ruleset, traffic, tree
from frr_config.document import FRR, INTERFACES, NFTABLES, TRAFFIC
from frr_config.interfaces import natural_key
from frr_config.ruleset import Entry, Table
from frr_config.traffic import Limit
from frr_config.tree import Node
from provisioner.render.addresses import NeighborKey, neighbor_key
from provisioner.render.ordering import element_key

BASE: Final = ""
"""The owner of what belongs to no location."""

_BLANKS_BEFORE_ELEMENT: Final = "\n\t\t" + " " * 13
_NFT_BEFORE_ELEMENT: Final = "\n\t\t\t" + " " * 5
"""How nft itself indents the second and later elements of a map (set_print_decl in its rule.c)."""
_CODE: Final = r"(\d{2}[A-Z]{2}\d{2})"
_ALIAS = re.compile(rf"alias {_CODE}\b")
_SUBINTERFACE = re.compile(r"auto (\S+\.\d+)$")
_CHAIN = re.compile(rf"[a-z]+_{_CODE}$")
_VERDICT = re.compile(rf'"[^"]*" : (?:goto|jump) [a-z]+_{_CODE}$')
_NAMED = re.compile(rf"(?:(?:ip|ipv6|bgp) [a-z-]+(?: access-list| standard| expanded)?|route-map|access-list) {_CODE}-")
_DESCRIPTION = re.compile(rf"neighbor (\S+) description {_CODE}\b")
_NEIGHBOR = re.compile(r"(?:no )?neighbor (\S+) ")


@dataclass(frozen=True, slots=True)
class Part:
    """What one owner has in each section.

    Attributes:
        stanzas: Interface stanzas by name.
        tables: nftables tables, each with this owner's objects and elements alone.
        nodes: FRR lines, each in its contexts.
        limits: Traffic control by interface.
        files: Texts of plain files by path.
    """

    stanzas: Mapping[str, str] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    nodes: tuple[Node, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """As a config document, in canonical order."""
        return document.build(
            {
                INTERFACES: "\n".join(self.stanzas[name] for name in sorted(self.stanzas, key=natural_key)),
                NFTABLES: ruleset.render(self.tables).replace(_BLANKS_BEFORE_ELEMENT, _NFT_BEFORE_ELEMENT),
                FRR: tree.render(self.nodes),
                TRAFFIC: traffic.render(self.limits.values()),
                **self.files,
            }
        ).text

    @property
    def neighbors(self) -> frozenset[str]:
        """Addresses of the BGP neighbors that this part has a line about."""
        return frozenset(
            neighbor
            for context in self.nodes
            if context.line.startswith("router bgp")
            for path in tree.paths(context.children)
            if (neighbor := neighbor_of(path[-1]))
        )

    @property
    def elements(self) -> frozenset[tuple[str, str, str, str]]:
        """Keys of this part's map elements: family, table, map, key."""
        return frozenset(
            (table.family, table.name, entry.name, element_name(element))
            for table in self.tables
            for entry in table.entries
            if entry.kind == "map"
            for element in entry.elements
        )


def read(text: str) -> Part:
    """A whole document as one part.

    Raises:
        frr_config.document.ConfigSyntaxError: the text is not a config document.
    """
    sections = document.parse(text).sections
    return Part(
        stanzas=_stanzas(sections.get(INTERFACES, "")),
        tables=ruleset.parse(sections.get(NFTABLES, "")),
        nodes=tree.parse(sections.get(FRR, "")),
        limits={limit.interface: limit for limit in traffic.parse(sections.get(TRAFFIC, ""))},
        files={path: sections[path] for path in plain.BY_PATH if path in sections and path != TRAFFIC},
    )


@dataclass(frozen=True, slots=True)
class Claims:
    """Who owns what, whatever it is called now.

    Attributes:
        interfaces: Owner by name.
        neighbors: Owner by address.
        elements: Owner by family, table, map and key.
    """

    interfaces: Mapping[str, str] = field(default_factory=dict)
    neighbors: Mapping[str, str] = field(default_factory=dict)
    elements: Mapping[tuple[str, str, str, str], str] = field(default_factory=dict)


def claims_of(parts: Mapping[str, Part]) -> Claims:
    """What each of these owners has."""
    return Claims(
        {name: owner for owner, part in parts.items() for name in part.stanzas},
        {neighbor: owner for owner, part in parts.items() for neighbor in part.neighbors},
        {element: owner for owner, part in parts.items() for element in part.elements},
    )


def by_owner(whole: Part, claims: Claims = Claims()) -> dict[str, Part]:
    """A part per owner; the base's, under the empty name, is always there.

    Args:
        whole: The document.
        claims: Who owns what; it goes before the names.
    """
    stanzas: dict[str, dict[str, str]] = {BASE: {}}
    for name, text in whole.stanzas.items():
        stanzas.setdefault(claims.interfaces.get(name) or _stanza_owner(text), {})[name] = text
    tables: dict[str, list[Table]] = {}
    for table in whole.tables:
        for owner, piece in _tables_by_owner(table, claims).items():
            tables.setdefault(owner, []).append(piece)
    nodes: dict[str, list[Node]] = {}
    for node in _merged(whole.nodes):
        for owner, piece_of_node in _nodes_by_owner(node, claims).items():
            nodes.setdefault(owner, []).append(piece_of_node)
    of_interface = {name: owner for owner, own in stanzas.items() for name in own}
    limits: dict[str, dict[str, Limit]] = {}
    for name, limit in whole.limits.items():
        owner = of_interface.get(name) or claims.interfaces.get(name) or BASE
        limits.setdefault(owner, {})[name] = limit
    owners = sorted({*stanzas, *tables, *nodes, *limits})
    return {
        owner: Part(
            stanzas.get(owner, {}),
            tuple(tables.get(owner, ())),
            tuple(nodes.get(owner, ())),
            limits.get(owner, {}),
            whole.files if owner == BASE else {},
        )
        for owner in owners
    }


def join(parts: Iterable[Part]) -> Part:
    """Parts as one, in canonical order; a line that two parts have is there once."""
    stanzas: dict[str, str] = {}
    tables: dict[tuple[str, str], list[Table]] = {}
    nodes: list[Node] = []
    limits: dict[str, Limit] = {}
    files: dict[str, str] = {}
    for part in parts:
        stanzas.update(part.stanzas)
        limits.update(part.limits)
        files.update(part.files)
        for table in part.tables:
            tables.setdefault((table.family, table.name), []).append(table)
        nodes += part.nodes
    return Part(stanzas, tuple(_joined(pieces) for pieces in tables.values()), _merged(nodes), limits, files)


def normalised(whole: Part) -> Part:
    """The part such that two that say the same are equal: FRR's lines sorted, those that say nothing left out."""
    joined = join((whole,))
    return replace(joined, nodes=_sorted_deeply(tree.significant(joined.nodes)))


# --- interfaces -----------------------------------------------------------------------------------------------------------


def _stanzas(text: str) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("auto "):
            words = line.split()
            if len(words) == 1:
                raise document.ConfigSyntaxError(INTERFACES, number, "`auto` names no interface")
            name = words[1]
            found[name] = []
        if line.strip() and name:
            found[name].append(line)
        elif line.strip():
            raise document.ConfigSyntaxError(INTERFACES, number, f"{line.strip()!r} outside a stanza")
    return {name: "\n".join(lines) + "\n" for name, lines in found.items()}


def _stanza_owner(text: str) -> str:
    lines = text.splitlines()
    if not _SUBINTERFACE.match(lines[0]):
        return BASE
    return next((match[1] for line in lines if (match := _ALIAS.match(line.strip()))), BASE)


# --- nftables -------------------------------------------------------------------------------------------------------------


def element_name(element: str) -> str:
    """The key of a map's element."""
    return element.partition(" : ")[0]


def _tables_by_owner(table: Table, claims: Claims) -> dict[str, Table]:
    entries: dict[str, list[Entry]] = {BASE: []}
    for entry in table.entries:
        match = _CHAIN.match(entry.name)
        if entry.kind == "chain":
            entries.setdefault(match[1] if match else BASE, []).append(entry)
            continue
        elements: dict[str, list[str]] = {BASE: []}
        for element in entry.elements:
            verdict = _VERDICT.match(element)
            claimed = claims.elements.get((table.family, table.name, entry.name, element_name(element)))
            elements.setdefault(claimed or (verdict[1] if verdict else BASE), []).append(element)
        for owner, own in elements.items():
            entries.setdefault(owner, []).append(Entry(entry.kind, entry.name, entry.lines, tuple(own)))
    return {
        owner: Table(table.family, table.name, table.lines, tuple(own))
        for owner, own in entries.items()
        # A table that slices alone have is theirs; the base keeps one that is empty.
        if own or (owner == BASE and not (entries.keys() - {BASE}))
    }


def _joined(pieces: Sequence[Table]) -> Table:
    found: dict[tuple[str, str], Entry] = {}
    for piece in pieces:
        for entry in piece.entries:
            key = (entry.kind, entry.name)
            if key not in found:
                found[key] = entry
            elif entry.kind != "chain":
                held = found[key]
                known = set(held.elements)
                more = tuple(element for element in entry.elements if element not in known)
                found[key] = Entry(held.kind, held.name, held.lines, (*held.elements, *more))
    entries = sorted(map(_in_order, found.values()), key=_entry_key)
    return Table(pieces[0].family, pieces[0].name, pieces[0].lines, tuple(entries))


def _in_order(entry: Entry) -> Entry:
    if entry.kind != "map" or not any(map(_VERDICT.match, entry.elements)):
        return entry
    return Entry(entry.kind, entry.name, entry.lines, tuple(sorted(entry.elements, key=element_key)))


def _entry_key(entry: Entry) -> tuple[int, str]:
    """Sets and maps, then the base's chains, then chains of slices by code; what is level keeps its order."""
    if entry.kind != "chain":
        return (0, "")
    match = _CHAIN.match(entry.name)
    return (2, match[1]) if match else (1, "")


def neighbor_of(line: str) -> str | None:
    """The neighbor that a line under `router bgp` is about; None where it is about none."""
    match = _NEIGHBOR.match(line)
    return match[1] if match else None


# --- FRR ------------------------------------------------------------------------------------------------------------------

_RANKS: Final = (
    (re.compile(r"(?:ip|ipv6) route "), 40),
    (re.compile(r"ip [a-z-]+-list |ip community-list |ip large-community-list "), 10),
    (re.compile(r"bgp (?:large-|ext)?community-list "), 16),
    (re.compile(r"bgp [a-z-]+ |access-list "), 15),
    (re.compile(r"ipv6 [a-z-]+-list "), 20),
    (re.compile(r"route-map "), 30),
    (re.compile(r"interface "), 50),
    (re.compile(r"router "), 60),
    (re.compile(r"rpki$"), 65),
    (re.compile(r"bfd$"), 70),
)
_FIRST: Final[NeighborKey] = (0, b"", "")
_LIST = re.compile(
    r"((?:ip|ipv6|bgp) .*?list(?: standard| expanded)?|route-map) (\S+) (?:seq )?(?:(?:permit|deny) )?(\d+)?"
)


def _nodes_by_owner(node: Node, claims: Claims) -> dict[str, Node]:
    named = _NAMED.match(node.line)
    if named is not None:
        return {named[1]: node}
    if not node.line.startswith("router bgp"):
        return {BASE: node}
    owner_of = {match[1]: match[2] for child in node.children if (match := _DESCRIPTION.match(child.line))}
    owner_of |= claims.neighbors
    found: dict[str, list[Node]] = {BASE: []}
    for child in node.children:
        for owner, piece in _neighbor_lines(child, owner_of).items():
            found.setdefault(owner, []).append(piece)
    return {owner: Node(node.line, tuple(children)) for owner, children in found.items() if children or owner == BASE}


def _neighbor_lines(node: Node, owner_of: Mapping[str, str]) -> dict[str, Node]:
    """A line under `router bgp` by its neighbor's owner; an address family in pieces."""
    if not node.children:
        match = _NEIGHBOR.match(node.line)
        return {owner_of.get(match[1], BASE) if match else BASE: node}
    found: dict[str, list[Node]] = {}
    for child in node.children:
        match = _NEIGHBOR.match(child.line)
        found.setdefault(owner_of.get(match[1], BASE) if match else BASE, []).append(child)
    return {owner: Node(node.line, tuple(children)) for owner, children in found.items()}


def _merged(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Each line once and each context once, in FRR's order."""
    return tuple(sorted(_once(nodes), key=_top_key))


def _once(nodes: Iterable[Node]) -> Iterator[Node]:
    first: dict[str, Node] = {}
    more: dict[str, list[Node]] = {}
    for node in nodes:
        known = first.setdefault(node.line, node)
        if known is not node and node.children:
            more.setdefault(node.line, list(known.children)).extend(node.children)
    for line, node in first.items():
        inside = more.get(line) or node.children
        if not inside:
            yield node
            continue
        merged: Iterable[Node] = _once(inside)
        if line.startswith(("router bgp", "address-family")):
            merged = sorted(merged, key=_bgp_key)
        yield Node(line, tuple(merged))


def _top_key(node: Node) -> tuple[int, str, int]:
    rank = next((rank for pattern, rank in _RANKS if pattern.match(node.line)), 0)
    match = _LIST.match(node.line) if 10 <= rank <= 30 else None  # noqa: PLR2004 - the ranks of lists and route-maps
    if match is None:
        return (rank, "", 0)
    return (rank, match[2], int(match[3] or 0))


def _bgp_key(node: Node) -> tuple[int, NeighborKey]:
    if node.line.startswith("address-family"):
        return (2, _FIRST)
    match = _NEIGHBOR.match(node.line)
    return (1, neighbor_key(match[1])) if match else (0, _FIRST)


def _sorted_deeply(nodes: Iterable[Node]) -> tuple[Node, ...]:
    inside = (Node(node.line, _sorted_deeply(node.children)) for node in nodes)
    return tuple(sorted(inside, key=lambda node: (_top_key(node), _bgp_key(node), node.line)))
