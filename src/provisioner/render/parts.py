"""The configs of a fleet part by part, when they are asked for: whoever looks at single parts need not know who rendered them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from provisioner.intent.model import Fleet, Location, Slice
from provisioner.render.engine import Renderer


class Rendering(Protocol):
    """What templates and a program make of a fleet. Secrets are tokens."""

    def edge(self, location: Location) -> str:
        """The config of a location's edge router. Raises RenderError."""
        ...  # pragma: no cover

    def slice(self, location: Location, router: str) -> str:
        """A location's part of an aggregation router. Raises RenderError."""
        ...  # pragma: no cover

    def base(self, router: str) -> str:
        """What belongs to no location on an aggregation router. Raises RenderError."""
        ...  # pragma: no cover


@dataclass(frozen=True)
class ByThisProgram:
    """Rendered by the program that runs now, part by part."""

    fleet: Fleet
    renderer: Renderer

    def edge(self, location: Location) -> str:
        """See `Rendering`."""
        return self.renderer.edge(self.fleet, location)

    def slice(self, location: Location, router: str) -> str:
        """See `Rendering`."""
        uplink = next(uplink for uplink in location.uplinks if uplink.aggregation_router == router)
        return self.renderer.aggregation_slice(self.fleet, Slice(location, uplink))

    def base(self, router: str) -> str:
        """See `Rendering`."""
        return self.renderer.aggregation_base(self.fleet, router)
