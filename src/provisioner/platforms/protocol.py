"""What an operating system must be able to say about its config text. Pure: text in, text out; the network is elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from provisioner.intent.types import PlatformName


@dataclass(frozen=True, slots=True)
class SplitConfig:
    """An aggregation router's config by owner.

    Attributes:
        base: What belongs to no location.
        slices: By location code, in the order of the codes.
    """

    base: str
    slices: Mapping[str, str]


class Area(StrEnum):
    """What part of a school's service a line of config is about; in the order in which a reviewer should look."""

    FILTERS = "filters"
    """Who may send what to whom: prefix-lists, route-maps, the packet filter."""
    MANAGEMENT_ACCESS = "management access"
    """Who may log in."""
    BGP = "BGP"
    ADDRESSING = "addressing"
    """Interfaces, VLAN tags, addresses, MTU, static routes."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Weight:
    """How much a change of one kind of line could hurt, from 0 (nothing) to 100 (the school is cut off).

    Attributes:
        kind: What the line is, in words; `{}` stands for what it is about.
        adds: When such a line is added.
        changes: When one takes the place of another.
        removes: When one goes.
        area: What part of the service it is about.
    """

    kind: str
    adds: int
    changes: int
    removes: int
    area: Area = Area.OTHER


class Platform(Protocol):
    """An operating system's config as text.

    Attributes:
        name: As the inventory names it.
        napalm_driver: As NAPALM's `get_network_driver` takes it.
        signature_command: What to ask by NAPALM's `cli` for a word that changes whenever anything in the running or the startup
            config does, and that tells nothing of what is in them; empty where the platform has nothing of the kind.
    """

    name: PlatformName
    napalm_driver: str
    signature_command: str

    def split(self, running: str, confirmed: Mapping[str, str] = MappingProxyType({})) -> SplitConfig:
        """Cut an aggregation router's config into base and slices.

        Args:
            running: A full config, as the device gives it.
            confirmed: Slices as they were confirmed, by code: whose an interface or a session was, it is still, also where
                somebody took its owner's name away.

        Raises:
            PlatformError: one of them cannot be read.
        """
        ...  # pragma: no cover

    def splice(self, running: str, code: str, slice_text: str | None) -> str:
        """The full config in which a location's slice is `slice_text` and all else is as it runs.

        Args:
            running: A full config, as the device gives it.
            code: The location code.
            slice_text: What the location's slice is to be; None takes it away.

        Raises:
            PlatformError: the config cannot be read, or the slice would take what another slice has.
        """
        ...  # pragma: no cover

    def replace_base(self, running: str, base: str) -> str:
        """The full config in which the base is `base` and every slice is as it runs. Raises PlatformError."""
        ...  # pragma: no cover

    def candidate(self, running: str, intended: str) -> str:
        """What is loaded on an edge router: the intended config, and what of the running one belongs to the device itself.

        Args:
            running: A full config, as the device gives it.
            intended: What the templates say.

        Raises:
            PlatformError: the running config cannot be read.
        """
        ...  # pragma: no cover

    def normalise(self, text: str) -> str:
        """The text in the form in which two configs that say the same are equal. Raises PlatformError."""
        ...  # pragma: no cover

    def difference(self, before: str, after: str, names: tuple[str, str]) -> str:
        """A unified diff of two texts with secrets redacted; empty where both say the same.

        Args:
            before: A config, or a part of one.
            after: Likewise.
            names: What the two are called in the diff's headers.

        Raises:
            PlatformError: one of them cannot be read.
        """
        ...  # pragma: no cover

    def conceal(self, text: str, names: Mapping[str, str]) -> str:
        """The text with every secret's value replaced by what stands for it; by the placeholder where nothing does.

        Args:
            text: A device's config, or a part of it.
            names: What stands for a value, by the value.
        """
        ...  # pragma: no cover

    def hold(self, running: str, intended: str, interface: str, neighbors: Collection[str]) -> str | None:
        """An edge router's intended config in which one uplink is as it runs: the step between, while the other changes.

        Args:
            running: What the router runs.
            intended: What it is to run.
            interface: The uplink's interface.
            neighbors: The peer addresses of its sessions.

        Returns:
            The config of that step; None where the uplink cannot be held apart: it gets another name or other addresses.

        Raises:
            PlatformError: one of them cannot be read.
        """
        ...  # pragma: no cover

    def weigh(self, line: str, file: str = "") -> tuple[Weight, str] | None:
        """What a changed line weighs, and what it is in words; None for one that says nothing by itself.

        Args:
            line: Of a diff, without its sign.
            file: The section that it is of, where the platform's lines alone do not tell.
        """
        ...  # pragma: no cover

    def redact(self, text: str) -> str:
        """The text with every secret, value or token, shown as the placeholder."""
        ...  # pragma: no cover
