"""Junos configuration checked by software that is not ours: the schema-driven validator of `junoscfg`, made from the schema of Junos 24.4.

Its strict conversion judges values alone: a statement that it does not know becomes a key of its own and passes. So what it read is
walked beside its schema, and what the schema does not have is refused here. Its grammar of `set` commands (`junoscfg validate`) cannot
be loaded in release 0.5.10, and is not used. It knows names and values, and nothing of what a router says at commit: references,
limits, platforms.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from junoscfg.convert import from_dict, to_dict
from junoscfg.convert.field_validator import FieldValidator
from junoscfg.display.constants import load_schema_tree

Tree = dict[str, Any]
_OF_THE_LANGUAGE = frozenset({"name", "apply-groups"})


@cache
def schema() -> Tree:
    """The tree of all statements: `c` are children, `L` is a list by name, `fe` says what the name of an entry is called."""
    tree = load_schema_tree()
    assert tree, "junoscfg came without its schema"
    return tree


@cache
def _validator() -> FieldValidator:
    return FieldValidator(schema())


def problems(text: str) -> list[str]:
    """What is wrong with a configuration in curly braces, one statement a line; nothing is well."""
    read = to_dict(text, "structured")
    wrong = [f"{error.path}: {error.message}" for error in _validator().validate(read).errors]
    return [*wrong, *(f"{path}: no such statement" for path in _unknown(read, schema(), ()))]


def as_set(text: str) -> set[str]:
    """The `set` commands that it makes of a configuration, without quotes."""
    return {line.replace('"', "") for line in from_dict(to_dict(text, "structured"), "set").splitlines()}


def knows(path: str) -> bool:
    """Whether the schema has such a statement, by the keywords that lead to it."""
    node = schema()
    for word in path.split(" "):
        if word not in node.get("c", {}):
            return False
        node = node["c"][word]
    return True


def _unknown(read: object, node: Tree, above: tuple[str, ...]) -> Iterator[str]:
    if isinstance(read, list):
        for each in read:
            yield from _unknown(each, node, above)
    if not isinstance(read, dict):
        return
    children = node.get("c", {})
    names = {*_OF_THE_LANGUAGE, (node.get("fe") or {}).get("k"), "community-name"}
    for key, value in read.items():
        if key in children:
            yield from _unknown(value, children[key], (*above, key))
        elif key not in names:
            yield ".".join((*above, key))
