"""One side of a comparison that another program rendered before, into files."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from provisioner.errors import RenderError
from provisioner.intent.model import Fleet, Location
from provisioner.platforms import platform_for
from provisioner.platforms.protocol import SplitConfig

_ROUTERS_KEPT: Final = 4
"""Aggregation routers that are held in parts: locations come in an order in which neighbours land on the same ones, more or less."""


@dataclass(frozen=True)
class FromFiles:
    """Rendered by another program before, into a file per router (`provision render --all`)."""

    fleet: Fleet
    directory: Path
    _split: object = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_split", lru_cache(maxsize=_ROUTERS_KEPT)(self._read_and_split))

    def edge(self, location: Location) -> str:
        """See `Rendering`."""
        return self._read(location.edge_router_name)

    def slice(self, location: Location, router: str) -> str:
        """See `Rendering`."""
        parts = self._parts(router).slices
        if location.code not in parts:
            raise RenderError(
                "the program of that side rendered no slice of it",
                where=f"{location.code} on {router}",
                number="PV2013",
            )
        return parts[location.code]

    def base(self, router: str) -> str:
        """See `Rendering`."""
        return self._parts(router).base

    def _parts(self, router: str) -> SplitConfig:
        split: SplitConfig = self._split(router)  # type: ignore[operator]
        return split

    def _read_and_split(self, router: str) -> SplitConfig:
        return platform_for(self.fleet.aggregation_router(router).platform).split(self._read(router))

    def _read(self, router: str) -> str:
        try:
            return (self.directory / f"{router}.conf").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise RenderError(
                "the program of that side rendered nothing for it", where=router, number="PV2013"
            ) from None
