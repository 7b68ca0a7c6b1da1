"""What can have changed at all, told from the names of the files that did: nothing else is loaded or rendered. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioner.compare.subjects import Parts
from provisioner.intent.load import AGGREGATION_DIRECTORY, LOCATIONS_DIRECTORY

NOTHING: Final = Parts(edges=False, slices=False, bases=False)
EVERYTHING: Final = Parts()

_EDGE, _SLICE, _BASE = ("edge",), ("aggregation", "slice"), ("aggregation", "base")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a comparison has to look at.

    Attributes:
        everywhere: Parts that can have changed on any router.
        locations: Codes of locations whose own file changed; all of their parts can have.
        files: Changed files of the inventory, relative to it: those of locations, and those that all depend on.
        program: Whether what renders changed, apart from inventory and templates.
    """

    everywhere: Parts
    locations: frozenset[str]
    files: frozenset[Path]
    program: bool

    @property
    def is_narrow(self) -> bool:
        """Whether nothing but locations' own files changed."""
        return self.everywhere == NOTHING

    def parts(self, code: str) -> Parts:
        """What can have changed of a location."""
        return EVERYTHING if code in self.locations else self.everywhere

    def files_of(self, code: str, aggregation_points: Collection[str]) -> tuple[Path, ...]:
        """The changed files of the inventory that a location is made from, relative to the inventory."""
        own = {Path(LOCATIONS_DIRECTORY, f"{code}.yaml")}
        own |= {Path(AGGREGATION_DIRECTORY, f"{name}.yaml") for name in aggregation_points}
        return tuple(sorted(path for path in self.files if path in own or len(path.parts) == 1))


def scope(inventory: Iterable[Path], templates: Iterable[Path], *, program: bool) -> Scope:
    """What changed files mean.

    Args:
        inventory: Changed files of the inventory, relative to it.
        templates: Changed templates, relative to their directory.
        program: Whether what renders changed.
    """
    files = frozenset(inventory)
    locations = {path for path in files if path.parts[0] == LOCATIONS_DIRECTORY}
    codes = frozenset(path.stem for path in locations)
    if program or files - locations:
        return Scope(EVERYTHING, codes, files, program)
    roles = {path.parts[1 : 1 + len(_SLICE)] for path in templates}
    known = {_EDGE, _SLICE, _BASE}
    # What is in none of the roles' directories can be included from any of them.
    anywhere = any(role[:1] != _EDGE and role not in known for role in roles)
    parts = Parts(
        edges=anywhere or any(role[:1] == _EDGE for role in roles),
        slices=anywhere or _SLICE in roles,
        bases=anywhere or _BASE in roles,
    )
    return Scope(parts, codes, files, program)
