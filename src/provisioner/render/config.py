"""An aggregation router's intended config with its seams: which line belongs to the base, which to whose slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from frr_config import document
from junos_config import groups
from provisioner.intent.types import PlatformName
from provisioner.render import sections


@dataclass(frozen=True)
class IntendedConfig:
    """What the inventory says for one router.

    Attributes:
        base: The document of what belongs to no location (of everything, on an edge router).
        slices: A document per location code.
        platform: Whose form both have.
    """

    base: str
    slices: Mapping[str, str]
    platform: PlatformName = PlatformName.FRR

    @cached_property
    def text(self) -> str:
        """Base and slices as one document, in the order in which the router lists it."""
        if self.platform is PlatformName.JUNOS:
            return groups.join(self.base, self.slices.values())
        if not self.slices:
            return sections.join((sections.read(self.base),)).text
        return sections.join(map(sections.read, (self.base, *self.slices.values()))).text

    def owners(self) -> tuple[tuple[str, str, str], ...]:
        """Every line of every part: its owner (empty for the base), its file, the line without indentation."""
        return tuple(
            (owner, file, line.strip())
            for owner, text in (("", self.base), *self.slices.items())
            for file, section in self._sections(text).items()
            for line in section.splitlines()
            if line.strip()
        )

    def _sections(self, text: str) -> Mapping[str, str]:
        return {"": text} if self.platform is PlatformName.JUNOS else document.parse(text).sections
