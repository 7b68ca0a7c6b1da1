"""Where the lines of a config come from: the line of the template that wrote each, and the fields of the inventory that it says.

The template's line is written down while it renders. The fields are found by trying: with another value in one field, the lines that
come out otherwise are those that say it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from provisioner.compare.leaves import FieldPath, leaves, with_another
from provisioner.compare.model import ChangeGroup, Origin
from provisioner.errors import ProvisionerError
from provisioner.intent.load import AGGREGATION_DIRECTORY, LOCATIONS_DIRECTORY, SERVICE_FILE, SUFFIX
from provisioner.intent.model import Fleet, Location, Slice
from provisioner.intent.source import Source, read
from provisioner.plan.diff import CHANGED
from provisioner.plan.model import DeviceRole, Target
from provisioner.platforms import platform_for
from provisioner.render.engine import Renderer
from provisioner.render.tracing import Tracing, section_lines, untraced

MOST_FIELDS: Final = 3
"""Fields that are told for one line: those of the location first, what is common to all last."""

_NAMES: Final = frozenset({"code", "name", "status"})
"""Fields that say which object a line is about rather than what it does."""

Key = tuple[str, str]
"""A section and a line of it, without its indentation and with secrets redacted."""


@dataclass(frozen=True)
class Tracer:
    """Finds the origins of one side's lines.

    Attributes:
        fleet: The side's.
        inventory: Where it was read from.
        shown: What that directory is called in a report.
        templates: The side's templates.
        templates_shown: What their directory is called in a report.
    """

    fleet: Fleet
    inventory: Path
    shown: Path
    templates: Path
    templates_shown: Path
    _sources: dict[Path, Source | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def origins(self, target: Target, code: str) -> Mapping[Key, Origin]:
        """Of every line of a target's config.

        Args:
            target: The device and the part of it.
            code: The location whose part it is; empty for a base.

        Raises:
            RenderError: the templates cannot be rendered.
        """
        redact = platform_for(target.platform).redact
        traced = _text(self._traced, self.fleet, code, target)
        says = self._says(target, code)
        found: dict[Key, Origin] = {}
        for file, line in section_lines(traced):
            text, place = untraced(line)
            fields = tuple(dict.fromkeys(says.get((file, text.strip()), ())))[:MOST_FIELDS]
            origin = Origin(str(self.templates_shown / place) if place else "", fields)
            found.setdefault((file, redact(text).strip()), origin)
        return found

    @cached_property
    def _traced(self) -> Renderer:
        return Renderer(self.templates, (Tracing,))

    @cached_property
    def _plain(self) -> Renderer:
        return Renderer(self.templates)

    def _says(self, target: Target, code: str) -> Mapping[Key, list[str]]:
        """The fields that each line says, the most telling first."""
        plain = _counted(_text(self._plain, self.fleet, code, target))
        found: dict[Key, list[str]] = {}
        for path, where, other in sorted(self._others(target, code), key=lambda item: item[1][-1] in _NAMES):
            try:
                changed = plain - _counted(_text(self._plain, other, code, target))
            except (ProvisionerError, ArithmeticError, LookupError, ValueError, TypeError, StopIteration):
                continue  # Nothing can be made of such an intent, so nothing is learned from it.
            place = self._place(path, where)
            for key in changed:
                found.setdefault(key, []).append(place)
        return found

    def _others(self, target: Target, code: str) -> Iterator[tuple[Path, FieldPath, Fleet]]:
        """Each field of the files that a target is made from, with the fleet in which it says something else."""
        fleet = self.fleet
        location = fleet.locations[code] if code else None
        # Copies of a fleet of ten thousand would be the larger part of the work.
        fleet = replace(fleet, locations={} if location is None else {code: location}, complete=False)
        if location is not None:
            for where in leaves(location):
                other = with_another(location, where)
                if other is not None:
                    yield Path(LOCATIONS_DIRECTORY, f"{code}{SUFFIX}"), where, replace(fleet, locations={code: other})
        if target.role is DeviceRole.AGGREGATION:
            point = fleet.aggregation_point_of(target.device)
            for where in leaves(point):
                point_other = with_another(point, where)
                if point_other is not None:
                    points = {**fleet.aggregation_points, point.name: point_other}
                    yield (
                        Path(AGGREGATION_DIRECTORY, f"{point.name}{SUFFIX}"),
                        where,
                        replace(fleet, aggregation_points=points),
                    )
        for where in leaves(fleet.service):
            service = with_another(fleet.service, where)
            if service is not None:
                yield Path(SERVICE_FILE), where, replace(fleet, service=service)

    def _place(self, path: Path, where: FieldPath) -> str:
        """`inventory/locations/16PK00.yaml:12 uplinks[0].vlan_id`."""
        if path not in self._sources:
            source = read(self.inventory / path)
            self._sources[path] = source if isinstance(source, Source) else None
        known = self._sources[path]
        line, name = (1, "") if known is None else known.place(where)
        return f"{self.shown / path}:{line} {name}".rstrip()


def annotated(group: ChangeGroup, base: Tracer | None, head: Tracer | None) -> ChangeGroup:
    """A group with the origin of each line of its diff: of removed ones on the base side, of all others on the other side."""
    code = group.subjects[0] if group.subjects[0] != group.devices[0] else ""
    known = [_known(tracer, group, code) for tracer in (base, head)]
    found = []
    for number, line in enumerate(group.diff.split("\n")):
        if line[:1] in {"-", "+", " "} and not line.startswith(("--- ", "+++ ")):
            text = line[1:].strip().removesuffix(CHANGED)
            origin = known[line[0] != "-"].get((group.file, text))
            if origin is not None:
                found.append((number, origin))
    return replace(group, origins=tuple(found))


def _known(tracer: Tracer | None, group: ChangeGroup, code: str) -> Mapping[Key, Origin]:
    if tracer is None or (code and code not in tracer.fleet.locations):
        return {}
    location = tracer.fleet.locations[code] if code else None
    routers = (
        {uplink.aggregation_router for uplink in location.uplinks}
        if location is not None
        else set(tracer.fleet.aggregation_routers)
    )
    if group.role is DeviceRole.AGGREGATION and group.devices[0] not in routers:
        return {}
    if location is not None and group.role is DeviceRole.EDGE:
        platform = location.edge_router.platform
    else:
        platform = tracer.fleet.aggregation_router(group.devices[0]).platform
    return tracer.origins(Target(group.devices[0], group.role, platform), code)


def _text(renderer: Renderer, fleet: Fleet, code: str, target: Target) -> str:
    if not code:
        return renderer.aggregation_base(fleet, target.device)
    location: Location = fleet.locations[code]
    if target.role is DeviceRole.EDGE:
        return renderer.edge(fleet, location)
    uplink = next(uplink for uplink in location.uplinks if uplink.aggregation_router == target.device)
    return renderer.aggregation_slice(fleet, Slice(location, uplink))


def _counted(text: str) -> Counter[Key]:
    return Counter((file, line.strip()) for file, line in section_lines(text))
