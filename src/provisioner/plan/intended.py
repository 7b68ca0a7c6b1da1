"""What a target is to be, from the inventory and the templates."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.intent.model import Fleet, Location, Slice
from provisioner.intent.types import LocationStatus
from provisioner.plan.candidate import Intended
from provisioner.plan.model import DeviceRole, Target
from provisioner.plan.subject import Subject
from provisioner.render.engine import Renderer


@dataclass(frozen=True, slots=True)
class FromInventory:
    """The intended config of any target of a fleet; secrets are tokens."""

    fleet: Fleet
    renderer: Renderer

    def __call__(self, subject: Subject, target: Target) -> Intended:
        """What the templates say for a target. Raises RenderError."""
        if target.role is DeviceRole.EDGE and subject.location is not None:
            return Intended(base=self.renderer.edge(self.fleet, subject.location))
        base = self.renderer.aggregation_base(self.fleet, target.device) if target.includes_base else None
        locations = [self.fleet.locations[code] for code in target.slices]
        return Intended(base, {location.code: self._slice(location, target.device) for location in locations})

    def _slice(self, location: Location, router: str) -> str | None:
        if location.status is LocationStatus.DECOMMISSIONED:
            return None
        uplink = next(uplink for uplink in location.uplinks if uplink.aggregation_router == router)
        return self.renderer.aggregation_slice(self.fleet, Slice(location, uplink))
