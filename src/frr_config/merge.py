"""Fragments merged into what runs: interfaces are added or overridden whole, FRR lines are added or overwrite their like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from frr_config import interfaces, tree
from frr_config.interfaces import Stanza
from frr_config.keys import key, undo
from frr_config.tree import Node


def stanzas(running: str, fragment: str) -> tuple[Stanza, ...]:
    """Running interfaces with those of the fragment added or in the place of their namesakes.

    Raises:
        ConfigSyntaxError: the fragment is no list of stanzas. A parent that runs already needs no stanza in it.
    """
    known = {stanza.name: stanza for stanza in interfaces.parse(running)}
    added = interfaces.parse(fragment, known_parents=known)
    return interfaces.sort((known | {stanza.name: stanza for stanza in added}).values())


def frr(running: str, fragment: str) -> str:
    """Running FRR config with the lines of the fragment; `no …` takes away the line it negates, where that runs."""
    return tree.render(_merged(tree.parse(running), tree.parse(fragment)))


def _merged(old: Sequence[Node], new: Iterable[Node]) -> tuple[Node, ...]:
    result = list(old)
    for node in new:
        if _takes_away(result, node):
            continue
        place = next((index for index, known in enumerate(result) if key(known.line) == key(node.line)), None)
        if place is None:
            result.append(node)
        else:
            result[place] = Node(node.line, _merged(result[place].children, node.children))
    return tuple(result)


def _takes_away(nodes: list[Node], command: Node) -> bool:
    """Whether a `no …` line removed lines of ours; where it removed none it is a setting like any other."""
    if not command.line.startswith("no "):
        return False
    positive = command.line.removeprefix("no ")
    going = [node for node in nodes if undo(node.line) == command.line or _is_about(node.line, positive)]
    for node in going:
        nodes.remove(node)
    return bool(going)


def _is_about(line: str, positive: str) -> bool:
    return line == positive or line.startswith(f"{positive} ")
