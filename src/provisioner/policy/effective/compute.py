"""The effective policy of a location: its routers' configs rendered, read, and put together. Pure but for reading templates and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from frr_config.document import ConfigSyntaxError
from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import PlatformName
from provisioner.plan.model import DeviceRole
from provisioner.policy.acceptance import Acceptances
from provisioner.policy.effective.model import (
    Border,
    EffectivePolicy,
    Extent,
    Flow,
    Log,
    Rate,
    Routes,
    Served,
    SessionFacts,
    Zone,
)
from provisioner.policy.effective.origins import Inventory, Origins
from provisioner.policy.effective.packets import Packets
from provisioner.policy.effective.rates import rates
from provisioner.policy.effective.routes import RoutesOf
from provisioner.policy.effective.served import served
from provisioner.policy.evaluation import edge_findings, slice_findings
from provisioner.policy.model import Finding
from provisioner.policy.subject import Judged, joined, whole
from provisioner.render.engine import Renderer
from provisioner.render.parts import ByThisProgram
from provisioner.render.tracing import Tracing


@dataclass(frozen=True)
class Policies:
    """Gives the effective policies of a fleet's locations.

    Attributes:
        fleet: The intent.
        inventory: The files of the intent.
        templates: The directory of templates.
        templates_shown: What it is called in a report.
        today: On which day acceptances count.
    """

    fleet: Fleet
    inventory: Inventory
    templates: Path
    templates_shown: Path
    today: date

    @cached_property
    def _rendering(self) -> ByThisProgram:
        return ByThisProgram(self.fleet, Renderer(self.templates))

    @cached_property
    def _traced(self) -> ByThisProgram:
        return ByThisProgram(self.fleet, Renderer(self.templates, (Tracing,)))

    def of(self, location: Location) -> EffectivePolicy:
        """The effective policy of a location, whatever its status: what it is to be on its routers.

        Raises:
            RenderError: a template cannot be rendered.
        """
        origins = Origins(self.fleet, location, self.inventory, self._traced, self.templates_shown)
        read = _Read(self.fleet, location, origins, self._rendering)
        found = Acceptances(self.fleet, self.today).applied(read.findings)
        board = self.fleet.boards.get(location.board)
        return EffectivePolicy(
            code=location.code,
            title=f"{location.name}, {location.municipality}",
            board=f"{location.board} {board.name}" if board else location.board,
            status=location.status.value,
            devices=tuple(read.devices),
            unread=tuple(read.unread),
            zones=tuple(read.zones),
            flows=tuple(read.flows),
            borders=tuple(read.borders),
            routes=tuple(read.routes),
            sessions=tuple(read.sessions),
            rates=tuple(read.rates),
            served=tuple(read.served),
            logs=tuple(read.logs),
            answers=read.answers,
            astray=read.astray,
            findings=found,
        )


@dataclass
class _Read:
    """All routers of a location, one after the other."""

    fleet: Fleet
    location: Location
    origins: Origins
    rendering: ByThisProgram
    devices: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    borders: list[Border] = field(default_factory=list)
    routes: list[Routes] = field(default_factory=list)
    sessions: list[SessionFacts] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    answers: Extent = Extent.NONE
    astray: Extent = Extent.NONE
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        edge = self.location.edge_router_name
        if self.location.edge_router.platform is not PlatformName.FRR:
            self.findings += edge_findings(self.fleet, self.location, "")
        for judged in self._judged(edge, self.location.edge_router.platform, self._edge):
            packets = Packets(judged, self.origins)
            self.zones += packets.zones
            self.flows += packets.flows()
            self.served += served(judged, self.origins)
            self.answers = min(
                packets.of_state("established")[0], packets.of_state("related")[0], key=list(Extent)[::-1].index
            )
            self.astray = packets.of_state("invalid")[1]
            self._add(judged, packets)
        for router in dict.fromkeys(uplink.aggregation_router for uplink in self.location.uplinks):
            platform = self.fleet.aggregation_router(router).platform
            for judged in self._judged(router, platform, lambda router=router: self._aggregation(router)):  # type: ignore[misc]
                self._add(judged, Packets(judged, self.origins))

    def _add(self, judged: Judged, packets: Packets) -> None:
        self.logs += packets.logs()
        self.rates += rates(judged, self.origins)
        self.borders += packets.borders() if judged.location is not None else ()
        routes = RoutesOf(judged, self.origins)
        self.routes += routes.routes()
        self.sessions += routes.sessions()

    def _judged(self, device: str, platform: PlatformName, parts: Callable[[], list[Judged]]) -> Iterator[Judged]:
        """A router's parts; a router that cannot be read is told, for nothing is known of what it lets through."""
        if platform is not PlatformName.FRR:
            self.unread.append((device, f"configs of platform {platform} are not read here"))
            return
        try:
            found = parts()
        except ConfigSyntaxError as error:
            self.unread.append((device, str(error)))
            return
        self.devices.append(device)
        yield from found

    def _edge(self) -> list[Judged]:
        text = self.rendering.edge(self.location)
        self.findings += edge_findings(self.fleet, self.location, text)
        part = whole(text)
        return [Judged(self.location.edge_router_name, DeviceRole.EDGE, self.fleet, self.location, part, part)]

    def _aggregation(self, router: str) -> list[Judged]:
        """The location's part, in the base that it is put into; then the base, whose sessions are with the core."""
        under, text = self.rendering.base(router), self.rendering.slice(self.location, router)
        self.findings += slice_findings(self.fleet, self.location, router, text, under)
        base, own = whole(under), whole(text)
        role = DeviceRole.AGGREGATION
        return [
            Judged(router, role, self.fleet, self.location, joined((base, own)), own),
            Judged(router, role, self.fleet, None, base, base),
        ]
