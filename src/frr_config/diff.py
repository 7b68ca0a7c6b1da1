"""What a candidate changes, as a unified-style diff per file that a person can approve; secrets never show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from frr_config import tree
from frr_config.document import FILES, FRR
from frr_config.hunks import aligned, grouped, hunk
from frr_config.keys import FILTER_DESCRIPTION, FILTER_ENTRY, key
from frr_config.secrets import redact
from frr_config.tree import Node

CONTEXT_LINES = 3
"""Lines around a change, as diff(1) -u."""


def compare(
    before: Mapping[str, str], after: Mapping[str, str], names: tuple[str, str] = ("running", "candidate")
) -> str:
    """The diff of all sections; empty where nothing differs.

    Args:
        before: Section texts by file.
        after: Likewise.
        names: What the two sides are called in the headers.
    """
    parts = []
    for file in FILES:
        old, new = before.get(file, ""), after.get(file, "")
        body = _frr(old, new) if file == FRR else _plain(old, new)
        if body:
            parts.append("\n".join((f"--- {file} ({names[0]})", f"+++ {file} ({names[1]})", *body)))
    return "\n".join(parts)


def _plain(before: str, after: str) -> list[str]:
    old, new = before.splitlines(), after.splitlines()
    lines: list[str] = []
    for group in grouped(aligned(old, new), CONTEXT_LINES):
        lines += hunk(group, old, new)
    return _redacted(lines)


def _redacted(lines: Sequence[str]) -> list[str]:
    """A diff without secrets; an added line that differs from one that goes by its secret alone says that it changed."""
    gone = {redact(line[1:]) for line in lines if line.startswith("-") and redact(line[1:]) != line[1:]}
    return [
        f"{line[0]}{shown}{' (changed)' if line[0] == '+' and shown in gone else ''}"
        for line in lines
        for shown in (redact(line[1:]),)
    ]


def _frr(before: str, after: str) -> list[str]:
    old, new = tree.significant(tree.parse(before)), tree.significant(tree.parse(after))
    hunks: dict[str, list[str]] = {}
    for one, other in _pairs(old, new):
        lines = list(_node(one, other, 0))
        if lines:
            hunks.setdefault(_title(other or one), []).extend(lines)
    return [line for title, lines in hunks.items() for line in (f"@@ {title} @@", *lines)]


def _title(node: Node | None) -> str:
    assert node is not None  # noqa: S101 - a pair has one side at least
    match = FILTER_ENTRY.match(node.line) or FILTER_DESCRIPTION.match(node.line)
    if match:
        return match["list"]
    return node.line if node.children or tree.opens_context(node.line) else "global"


def _pairs(old: Sequence[Node], new: Sequence[Node]) -> Iterator[tuple[Node | None, Node | None]]:
    """Lines of two states of a context that belong together; in the new order, what only the old has at its end."""
    lines_before, left = {node.line: node for node in old}, {key(node.line): node for node in old}
    lines_after = {node.line for node in new}
    for node in new:
        if node.line in lines_before:
            yield lines_before[node.line], node
            continue
        # A line that says what another said before stands beside it.
        counterpart = left.get(key(node.line))
        if counterpart is not None and counterpart.line not in lines_after:
            lines_after.add(counterpart.line)
            yield counterpart, node
        else:
            yield None, node
    for node in old:
        if node.line not in lines_after:
            yield node, None


def _node(old: Node | None, new: Node | None, depth: int) -> Iterable[str]:
    pad = " " * depth
    if old is not None and new is not None and old.line == new.line:
        inside = [line for pair in _pairs(old.children, new.children) for line in _node(*pair, depth + 1)]
        return [f" {pad}{new.line}", *inside] if inside else []
    lines: list[str] = []
    if old is not None and new is not None and redact(old.line) == redact(new.line):
        return [f"-{pad}{redact(old.line)}", f"+{pad}{redact(new.line)} (changed)"]
    if old is not None and new is not None and (old.children or new.children):
        inside = [line for pair in _pairs(old.children, new.children) for line in _node(*pair, depth + 1)]
        return [f"-{pad}{redact(old.line)}", f"+{pad}{redact(new.line)}", *inside]
    for sign, node in (("-", old), ("+", new)):
        if node is not None:
            lines.append(f"{sign}{pad}{redact(node.line)}")
            lines += [f"{sign}{' ' * (depth + level)}{redact(line)}" for level, line in _flat(node.children, 1)]
    return lines


def _flat(nodes: Iterable[Node], level: int) -> Iterator[tuple[int, str]]:
    for node in nodes:
        yield level, node.line
        yield from _flat(node.children, level + 1)
