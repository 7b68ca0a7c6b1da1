"""An aggregation router's configuration by owner. A location's part is a configuration group of its own, applied at the top.

    groups {
        LOC-16PK00 {
            …
        }
    }
    apply-groups [ LOC-16PK00 ];

Everything else is the base's. Who owns a line is told by the group that it stands in, and by nothing else (Junos OS CLI User Guide,
"Use Configuration Groups to Quickly Configure Devices").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from junos_config.tree import Statement, elements, keyword, listed, parse, render

PREFIX: Final = "LOC-"
_OF_LOCATION: Final = re.compile(rf"{PREFIX}(\d{{2}}[A-Z]{{2}}\d{{2}})$")
_GROUPS, _APPLY = "groups", "apply-groups"


@dataclass(frozen=True, slots=True)
class Parts:
    """A configuration by owner.

    Attributes:
        base: What belongs to no location.
        groups: The group of each location, by code.
        applied: Codes of the groups that are applied; a group that is not says nothing.
    """

    base: tuple[Statement, ...]
    groups: Mapping[str, Statement] = field(default_factory=dict)
    applied: frozenset[str] = frozenset()

    def slice(self, code: str) -> str:
        """A location's part as text."""
        return render(_together((), {code: self.groups[code]}, self.applied & {code}))

    @property
    def text(self) -> str:
        """All of it, groups first as routers list them, locations in the order of their codes."""
        return render(_together(self.base, self.groups, self.applied))

    def without(self, code: str) -> Parts:
        """The same without a location."""
        kept = {each: group for each, group in self.groups.items() if each != code}
        return replace(self, groups=kept, applied=self.applied - {code})

    def with_slice(self, code: str, part: Parts) -> Parts:
        """The same with a location's group as `part` has it."""
        without = self.without(code)
        return replace(
            without,
            groups={**without.groups, code: part.groups[code]},
            applied=without.applied | (part.applied & {code}),
        )


def read(text: str) -> Parts:
    """A text taken apart. Raises junos_config.tree.ConfigSyntaxError."""
    base: list[Statement] = []
    groups: dict[str, Statement] = {}
    applied: set[str] = set()
    for statement in parse(text):
        if statement.keyword == _GROUPS and statement.block:
            rest = []
            for group in _spelled_out(statement):
                code = _code(group.words[-1])
                # A group that is switched off is none of ours: whoever did it by hand shall see it.
                if code is None or group.words[0] != group.keyword or code in groups:
                    rest.append(group)
                else:
                    groups[code] = group
            if rest:
                base.append(Statement((_GROUPS,), tuple(rest), block=True))
        elif statement.words[0] == _APPLY:
            names = elements(statement.words[-1])
            applied |= {code for name in names if (code := _code(name)) is not None}
            if others := [name for name in names if _code(name) is None]:
                base.append(Statement((_APPLY, listed(others))))
        else:
            base.append(statement)
    unknown = [f"{PREFIX}{code}" for code in sorted(applied - groups.keys())]
    if unknown:
        base.append(Statement((_APPLY, listed(unknown))))
    return Parts(tuple(base), groups, frozenset(applied & groups.keys()))


def join(base: str, slices: Iterable[str]) -> str:
    """Base and slices as one text. Raises junos_config.tree.ConfigSyntaxError."""
    parts = read(base)
    for text in slices:
        part = read(text)
        for code in part.groups:
            parts = parts.with_slice(code, part)
    return parts.text


def claims(group: Statement) -> frozenset[str]:
    """What only one location can have: logical interfaces and BGP neighbors, in words."""
    return frozenset(_claims(group.children, ()))


def _claims(statements: Iterable[Statement], above: tuple[str, ...]) -> Iterator[str]:
    for statement in statements:
        path = (*above, *statement.words)
        if path[0] == "interfaces" and len(path) >= 4 and path[2] == "unit":  # noqa: PLR2004 - interfaces NAME unit NUMBER
            yield f"{path[1]}.{path[3]}"
            continue
        if path[:2] == ("protocols", "bgp") and "neighbor" in statement.words[:-1]:
            yield statement.words[statement.words.index("neighbor") + 1]
            continue
        yield from _claims(statement.children, path)


def _spelled_out(groups: Statement) -> Iterator[Statement]:
    """Groups one by one, whether `groups X { … }` or `groups { X { … } }` is written."""
    if len(groups.words) > 1:
        yield replace(groups, words=groups.words[1:])
    else:
        yield from groups.children


def _code(name: str) -> str | None:
    match = _OF_LOCATION.fullmatch(keyword(name))
    return None if match is None else match[1]


def _together(
    base: Iterable[Statement], groups: Mapping[str, Statement], applied: frozenset[str]
) -> Iterator[Statement]:
    statements = list(base)
    foreign = [group for statement in statements if statement.words == (_GROUPS,) for group in statement.children]
    names = [name for statement in statements if statement.words[0] == _APPLY for name in elements(statement.words[-1])]
    if members := (*foreign, *(groups[code] for code in sorted(groups))):
        yield Statement((_GROUPS,), members, block=True)
    if together := [*names, *(f"{PREFIX}{code}" for code in sorted(applied))]:
        yield Statement((_APPLY, listed(together)))
    yield from (statement for statement in statements if statement.words[0] not in {_GROUPS, _APPLY})
