"""Where a line of config comes from: the line of the template that wrote it, and the fields of the inventory whose values stand in it.

Quicker and coarser than `compare.origins`, which tries out each field: here a field is named where its address, network or interface
stands in the line. So it can be asked of every rule of a location.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from frr_config.document import NFTABLES
from provisioner.intent.load import AGGREGATION_DIRECTORY, LOCATIONS_DIRECTORY, SERVICE_FILE, SUFFIX
from provisioner.intent.model import Fleet, Location
from provisioner.intent.source import FieldPath, Source, read
from provisioner.policy.effective.model import Basis
from provisioner.render.parts import Rendering
from provisioner.render.tracing import section_lines, untraced

MOST_FIELDS: Final = 3
"""Fields that are told for one line."""

_WORD: Final = re.compile(r"[0-9A-Za-z.:/-]+")
_POLICY: Final = re.compile(r"^type .*; (policy \w+);")
"""What a chain does with what no rule is about stands on the line that hooks it in."""

_Key = tuple[str, str, str]
"""Section, what is around the line (a chain, a route-map, an address family), and the line."""

_ADDRESSES: Final = (IPv4Address, IPv6Address)
_WITH_PREFIX: Final = (IPv4Network, IPv6Network, IPv4Interface, IPv6Interface)


@dataclass(frozen=True)
class Inventory:
    """Files of an inventory, read when a line of one is asked for.

    Attributes:
        directory: Where they are.
        shown: What that directory is called in a report.
    """

    directory: Path
    shown: Path
    _sources: dict[str, Source | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def place(self, name: str, where: FieldPath) -> str:
        """`inventory/locations/16PK00.yaml:12 uplinks[0].vlan_id`."""
        if name not in self._sources:
            found = read(self.directory / name)
            self._sources[name] = found if isinstance(found, Source) else None
        source = self._sources[name]
        line, said = (0, "") if source is None else source.place(where)
        return f"{self.shown / name}:{line} {said}".rstrip() if line else str(self.shown / name)


@dataclass(frozen=True)
class Origins:
    """Says where lines come from, for one location.

    Attributes:
        fleet: The intent.
        location: Whose routers it is about.
        inventory: Its files.
        traced: The configs of the fleet with the place of the template before each piece of text.
        templates_shown: What the directory of templates is called in a report.
    """

    fleet: Fleet
    location: Location
    inventory: Inventory
    traced: Rendering
    templates_shown: Path
    _templates: dict[str, Mapping[_Key, str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def basis(self, device: str, section: str, around: str, line: str, more: Iterable[str] = ()) -> Basis:
        """Where a line comes from.

        Args:
            device: The router.
            section: The file that it is in.
            around: The chain, or the line under which it stands.
            line: The line.
            more: Fields that it says beside those whose values stand in it.
        """
        known = self._of(device)
        template = known.get((section, around, line)) or known.get((section, "", line), "")
        found = (*more, *self.fields(line))
        return Basis(
            device,
            line,
            str(self.templates_shown / template) if template else "",
            tuple(dict.fromkeys(found))[:MOST_FIELDS],
        )

    def fields(self, text: str) -> Iterator[str]:
        """The fields whose values stand in a text."""
        for word in _WORD.findall(text):
            if word in self._values:
                yield self.inventory.place(*self._values[word])

    def catalogue(self, role: str, target: str) -> tuple[str, ...]:
        """What the segment catalogue says of one role and a destination: the entry, or the list that lacks it."""
        for number, row in enumerate(self.fleet.service.segments):
            if row.role == role:
                reaches = [str(each) for each in row.reaches]
                end: FieldPath = ("reaches", reaches.index(target)) if target in reaches else ("reaches",)
                return (self.inventory.place(SERVICE_FILE, ("segments", number, *end)),)
        return ()

    def exception(self, number: int) -> str:
        """An exception of the location to the segment catalogue."""
        return self.inventory.place(self._own_file, ("exceptions", number))

    def segment(self, number: int) -> tuple[str, ...]:
        """A segment of the location."""
        return (self.inventory.place(self._own_file, ("segments", number)),)

    def uplink(self, number: int) -> tuple[str, ...]:
        """An uplink of the location."""
        return (self.inventory.place(self._own_file, ("uplinks", number)),)

    def access_line(self, number: int, rate: str) -> tuple[str, ...]:
        """A contracted rate of an uplink of the location."""
        return (self.inventory.place(self._own_file, ("uplinks", number, "access_line", rate)),)

    def limit(self, number: int) -> tuple[str, ...]:
        """What says how much a segment of the location may use: its own limit, or the catalogue's; nothing where neither does."""
        segment = self.location.segments[number]
        if segment.limit is not None:
            return (self.inventory.place(self._own_file, ("segments", number, "limit")),)
        return tuple(
            self.inventory.place(SERVICE_FILE, ("segments", place, "limit"))
            for place, row in enumerate(self.fleet.service.segments)
            if row.role is segment.role and row.limit is not None
        )

    def service(self, *where: str | int) -> tuple[str, ...]:
        """A field of `service.yaml`."""
        return (self.inventory.place(SERVICE_FILE, where),)

    @property
    def _own_file(self) -> str:
        return f"{LOCATIONS_DIRECTORY}/{self.location.code}{SUFFIX}"

    @cached_property
    def _values(self) -> Mapping[str, tuple[str, FieldPath]]:
        """Each address, network and interface by how a config writes it; the location's fields go first."""
        found: dict[str, tuple[str, FieldPath]] = {}
        location = self.location
        for number, segment in enumerate(location.segments):
            interface = location.segment_interface(segment)
            found.setdefault(interface, (self._own_file, ("segments", number, "vlan_id")))
        for number, uplink in enumerate(location.uplinks):
            for name in (uplink.edge_interface, uplink.aggregation_interface):
                found.setdefault(name, (self._own_file, ("uplinks", number, "vlan_id")))
            for family, ends in (
                ("ipv4", (uplink.edge_ipv4, uplink.aggregation_ipv4)),
                ("ipv6", (uplink.edge_ipv6, uplink.aggregation_ipv6)),
            ):
                for end in ends:
                    found.setdefault(str(end.ip), (self._own_file, ("uplinks", number, family)))
        points = {self.fleet.aggregation_point_of(uplink.aggregation_router).name for uplink in location.uplinks}
        files = [
            (self._own_file, location),
            *((f"{AGGREGATION_DIRECTORY}/{name}{SUFFIX}", self.fleet.aggregation_points[name]) for name in points),
            (SERVICE_FILE, self.fleet.service),
        ]
        for name, model in files:
            for where, text in _addresses(model, ()):
                found.setdefault(text, (name, where))
        return found

    def _of(self, device: str) -> Mapping[_Key, str]:
        if device not in self._templates:
            if device == self.location.edge_router_name:
                texts = [self.traced.edge(self.location)]
            else:
                texts = [self.traced.base(device), self.traced.slice(self.location, device)]
            self._templates[device] = _places(texts)
        return self._templates[device]


def _addresses(value: object, where: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """Every address and network of a model, as a config may write it."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _addresses(getattr(value, name), (*where, name))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _addresses(item, (*where, number))
    elif isinstance(value, _ADDRESSES):
        yield where, str(value)
        yield where, f"{value}/{value.max_prefixlen}"
    elif isinstance(value, _WITH_PREFIX):
        yield where, str(value)


def _places(texts: Iterable[str]) -> Mapping[_Key, str]:
    """The template's line of each line of some traced documents."""
    found: dict[_Key, str] = {}
    for text in texts:
        outer: list[tuple[int, str]] = []
        for section, marked in section_lines(text):
            line, place = untraced(marked)
            depth = len(line) - len(line.lstrip())
            while outer and (outer[-1][0] >= depth):
                outer.pop()
            said = line.strip()
            around = (outer[-1][1] if outer else "").removesuffix(" {")
            if section == NFTABLES:
                around = around.partition(" ")[2]
            found.setdefault((section, around, said), place)
            found.setdefault((section, "", said), place)
            if match := _POLICY.search(said):
                found.setdefault((section, around, match[1]), place)
            outer.append((depth, said))
    return found
