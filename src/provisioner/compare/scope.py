"""What can have changed at all, told from the names of the files that did: nothing else is loaded or rendered. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioner.compare.templates import BASE, EDGE, EVERY_TEMPLATE, SLICE, section_templates
from provisioner.intent.load import AGGREGATION_DIRECTORY, LOCATIONS_DIRECTORY, SUFFIX

_READ: Final = frozenset({SUFFIX, ""})
"""How names end of what an inventory is read from: files and directories. A name that it must not have stops the loading of it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a comparison has to look at.

    Attributes:
        templates: The sections that can have changed on any router, by the names of their templates.
        locations: Codes of locations whose own file changed; all of their parts can have.
        files: Changed files of the inventory, relative to it: those of locations, and those that all depend on.
        program: Whether what renders changed, apart from inventory and templates.
        any_location: Whether the own file of every location may have changed: the directory itself is another one.
    """

    templates: frozenset[str]
    locations: frozenset[str]
    files: frozenset[Path]
    program: bool
    any_location: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether nothing but locations' own files changed."""
        return not self.templates

    @property
    def edges(self) -> bool:
        """Whether the edge router of every location can have changed."""
        return bool(self.templates & section_templates(EDGE))

    @property
    def slices(self) -> bool:
        """Whether the slices of every location can have changed."""
        return bool(self.templates & section_templates(SLICE))

    @property
    def bases(self) -> bool:
        """Whether what belongs to no location can have changed."""
        return bool(self.templates & section_templates(BASE))

    def touches(self, code: str) -> bool:
        """Whether a location's own file differs; else it is the same location on both sides."""
        return self.any_location or code in self.locations

    def files_of(self, code: str, aggregation_points: Collection[str]) -> tuple[Path, ...]:
        """The changed files of the inventory that a location is made from, relative to the inventory."""
        own = {Path(LOCATIONS_DIRECTORY, f"{code}{SUFFIX}")}
        own |= {Path(AGGREGATION_DIRECTORY, f"{name}{SUFFIX}") for name in aggregation_points}
        return tuple(sorted(path for path in self.files if path in own or len(path.parts) == 1))


def scope(inventory: Iterable[Path], templates: Collection[str], *, program: bool) -> Scope:
    """What changed files mean.

    Args:
        inventory: Changed files of the inventory, relative to it.
        templates: The templates of sections that can give another text.
        program: Whether what renders changed.
    """
    files = frozenset(path for path in inventory if path.suffix in _READ)
    own = {path for path in files if path.parts[0] == LOCATIONS_DIRECTORY and len(path.parts) > 1}
    codes = frozenset(path.stem for path in own)
    if program or files - own:
        return Scope(EVERY_TEMPLATE, codes, files, program, any_location=Path(LOCATIONS_DIRECTORY) in files)
    return Scope(frozenset(templates), codes, files, program)
