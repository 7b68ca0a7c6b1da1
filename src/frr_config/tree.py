"""FRR's integrated configuration as a tree of contexts; FRR's own indentation tells what is in what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Path = tuple[str, ...]
"""A line with the headers of the contexts around it, outermost first."""

_CLOSER = re.compile(r"exit(-[a-z-]+)?|end")
_NOISE = re.compile(
    r"(no )?frr (version|defaults)\b|Building configuration|Current configuration|service integrated-vtysh-config$|"
    # FRR 10.3 shows the system's host name, whatever its own configuration says; `hostname` sets nothing.
    r"(no )?(hostname|domainname)\b"
)
_CONTEXT = re.compile(
    r"interface \S|router \S|route-map \S+ (permit|deny) \d|address-family \S|vrf \S|bfd$|line vty|key chain \S|rpki( vrf \S+)?$|"
    r"nexthop-group \S|pbr-map \S|segment-routing|mpls ldp|l2vpn \S|bmp targets \S"
)
_BFD_CONTEXT = re.compile(r"(peer|profile) \S")


@dataclass(frozen=True, slots=True)
class Node:
    """One line and what is inside its context.

    Attributes:
        line: Without indentation.
        children: Lines of its context; empty for a plain line.
        first: Its line in the text it came from, from 1; 0 where it came from none.
        last: Last line of its context in that text, its `exit` included.
    """

    line: str
    children: tuple[Node, ...] = ()
    first: int = field(default=0, compare=False)
    last: int = field(default=0, compare=False)


def opens_context(line: str, parent: str = "") -> bool:
    """Whether a line opens a context, also where nothing is in it."""
    if _BFD_CONTEXT.match(line):
        return parent == "bfd"
    return _CONTEXT.match(line) is not None


def parse(text: str) -> tuple[Node, ...]:
    """Read a config text. Comments, `!`, `exit` and `end` structure the text and are no nodes."""
    root: list[_Open] = [_Open("", -1, 0)]
    for number, raw in enumerate(text.splitlines(), start=1):
        line = " ".join(raw.split())
        if not line or line[0] in "!#":
            continue
        indent = len(raw) - len(raw.lstrip())
        if _CLOSER.fullmatch(line):
            _close_one(root, indent, number)
            continue
        while root[-1].indent >= indent:
            _pop(root)
        root.append(_Open(line, indent, number))
    while len(root) > 1:
        _pop(root)
    return tuple(root[0].children)


def render(nodes: Iterable[Node]) -> str:
    """The text of a tree as FRR writes it: one blank of indentation a level, contexts closed, `!` after each."""
    return "".join(f"{line}\n" for line in _lines(nodes, "", 0))


def paths(nodes: Iterable[Node], above: Path = ()) -> Iterator[Path]:
    """Every line of a tree with its contexts, contexts before what is in them."""
    for node in nodes:
        here = (*above, node.line)
        yield here
        yield from paths(node.children, here)


def significant(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The tree that says what the router does: one node per context, no line twice, no version or banner lines.

    A context that appears in several pieces is one; order of first appearance is kept.
    """
    merged: dict[str, list[Node]] = {}
    spans: dict[str, tuple[int, int]] = {}
    for node in nodes:
        if _NOISE.match(node.line):
            continue
        merged.setdefault(node.line, []).extend(node.children)
        spans.setdefault(node.line, (node.first, node.last))
    result = []
    for line, children in merged.items():
        inside = significant(children)
        if not inside and (line.startswith(("interface ", "address-family ")) or line == "rpki"):
            continue  # FRR writes none of them empty
        result.append(Node(line, inside, *spans[line]))
    return tuple(result)


def as_mapping(nodes: Iterable[Node]) -> Mapping[str, Node]:
    """Nodes of one context by their line."""
    return {node.line: node for node in nodes}


def same(one: Iterable[Node], other: Iterable[Node]) -> bool:
    """Whether two trees say the same; the order of lines says nothing, since FRR numbers what it orders."""
    return frozenset(paths(significant(one))) == frozenset(paths(significant(other)))


@dataclass(slots=True)
class _Open:
    line: str
    indent: int
    first: int
    children: list[Node] = field(default_factory=list)
    last: int = 0


def _pop(stack: list[_Open]) -> None:
    done = stack.pop()
    last = max(done.last, done.first, *(child.last for child in done.children), 0)
    stack[-1].children.append(Node(done.line, tuple(done.children), done.first, last))


def _close_one(stack: list[_Open], indent: int, number: int) -> None:
    """An `exit` closes the context that it is level with, and ends what is inside that."""
    while len(stack) > 1 and stack[-1].indent > indent:
        _pop(stack)
    if len(stack) > 1 and stack[-1].indent == indent:
        stack[-1].last = number
        _pop(stack)


def _lines(nodes: Iterable[Node], parent: str, depth: int) -> Iterator[str]:
    pad = " " * depth
    for node in nodes:
        if not node.children and not opens_context(node.line, parent):
            yield pad + node.line
            continue
        if depth and parent:
            yield f"{pad}!"
        yield pad + node.line
        yield from _lines(node.children, node.line, depth + 1)
        yield pad + closer(node.line)
        if not depth:
            yield "!"


def closer(header: str) -> str:
    """The line that closes a context."""
    if header.startswith("address-family "):
        return "exit-address-family"
    if header.startswith("vrf "):
        return "exit-vrf"
    return "exit"


def replace_children(node: Node, children: Sequence[Node]) -> Node:
    """The same context with other lines in it."""
    return Node(node.line, tuple(children), node.first, node.last)
