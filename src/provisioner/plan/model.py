"""The nouns of a change: which devices, which part of each, what differs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from provisioner.intent.types import PlatformName


class DeviceRole(StrEnum):
    """Which end of an uplink a router is."""

    EDGE = "edge"
    AGGREGATION = "aggregation"


@dataclass(frozen=True, slots=True)
class Target:
    """One device and the part of its config that a change may touch.

    Attributes:
        device: The router's host name.
        role: Edge or aggregation.
        platform: Its operating system.
        slices: On an aggregation router the location codes whose slices are put in; empty on an edge router.
        includes_base: Whether the part that belongs to no location is put in too; always so on an edge router.
    """

    device: str
    role: DeviceRole
    platform: PlatformName
    slices: tuple[str, ...] = ()
    includes_base: bool = False


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What changes in one section of a device's config.

    Attributes:
        file: The section, by the path of its file on the router.
        text: A unified diff with secrets redacted.
    """

    file: str
    text: str

    @property
    def added(self) -> int:
        """Lines that the change adds."""
        return sum(line.startswith("+") and not line.startswith("+++") for line in self.text.split("\n"))

    @property
    def removed(self) -> int:
        """Lines that the change removes."""
        return sum(line.startswith("-") and not line.startswith("---") for line in self.text.split("\n"))


@dataclass(frozen=True, slots=True)
class DeviceDiff:
    """What changes on one device; empty where nothing does."""

    target: Target
    files: tuple[FileDiff, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether what runs is what is intended."""
        return not self.files

    @property
    def text(self) -> str:
        """Every file's diff, one after the other."""
        return "\n".join(file.text for file in self.files)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one transaction changes.

    Attributes:
        subject: What is provisioned: a location code, or the name of an aggregation router for its base.
        title: The subject as a person knows it.
        diffs: One per device, in the order in which they are committed.
    """

    subject: str
    title: str
    diffs: tuple[DeviceDiff, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return all(diff.is_empty for diff in self.diffs)

    @property
    def digest(self) -> str:
        """Identifies what was shown: the same digest means the same change on the same devices."""
        content = "\x00".join(f"{diff.target.device}\x01{diff.text}" for diff in self.diffs)
        return hashlib.sha256(content.encode()).hexdigest()
