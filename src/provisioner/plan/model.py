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
    """What changes on one device; empty where nothing does.

    Attributes:
        target: The device and the part of it that may change.
        files: From what runs to what is intended.
        drift: From what was last confirmed there to what runs: what somebody changed by hand in the target's part. Empty
            where nobody did, and where nothing is known of an earlier confirm.
        version_refused: Why the version that runs there will not do; empty where it will, or was not looked at.
    """

    target: Target
    files: tuple[FileDiff, ...] = ()
    drift: tuple[FileDiff, ...] = ()
    version_refused: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether what runs is what is intended."""
        return not self.files

    @property
    def text(self) -> str:
        """Every file's diff, one after the other."""
        return "\n".join(file.text for file in self.files)


class PartStatus(StrEnum):
    """How what runs in one owner's part of a device compares with what is intended and what was last confirmed."""

    IN_SYNC = "in-sync"
    PENDING = "pending"
    """Intended differs from deployed: somebody changed the inventory and has not provisioned yet."""
    DRIFTED = "drifted"
    """Running differs from deployed: somebody changed the device."""
    PENDING_AND_DRIFTED = "pending-and-drifted"
    UNKNOWN = "unknown"
    """Running differs from intended, and nothing is known of an earlier confirm."""


@dataclass(frozen=True, slots=True)
class OtherPart:
    """A part of a device that a plan leaves alone and that is not as it should be.

    Attributes:
        device: The router.
        owner: The location whose slice it is; empty for the base.
        status: What is the matter with it; never IN_SYNC.
    """

    device: str
    owner: str
    status: PartStatus


@dataclass(frozen=True, slots=True)
class PartChange:
    """One owner's part of one device, before and after a change. Secrets are tokens (`<secret:NAME>`), never values.

    Attributes:
        device: The router.
        owner: A location code for its slice; empty for a base and for a whole edge router.
        before: What ran; None where there was no such slice. A secret without a name shows as `<secret>`.
        after: What was confirmed; None where the slice was taken away.
    """

    device: str
    owner: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one transaction changes.

    Attributes:
        subject: What is provisioned: a location code, or the name of an aggregation router for its base.
        title: The subject as a person knows it.
        diffs: One per device, in the order in which they are committed.
        others: Parts of these devices that are not as they should be, and that this plan does not touch.
        unknown_others: Why nothing is said about the other parts, in one line; empty where they were looked at.
        basis: Identifies what ran in the parts that the plan changes. Two plans of one intent with the same basis change the
            same, whatever else came and went on the router; their diffs may still differ in the lines around.
    """

    subject: str
    title: str
    diffs: tuple[DeviceDiff, ...]
    others: tuple[OtherPart, ...] = ()
    unknown_others: str = ""
    basis: str = ""

    @property
    def is_drifted(self) -> bool:
        """Whether the change goes over what somebody changed by hand."""
        return any(diff.drift and not diff.is_empty for diff in self.diffs)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return all(diff.is_empty for diff in self.diffs)

    @property
    def digest(self) -> str:
        """Identifies what was shown: the same digest means the same change on the same devices."""
        content = "\x00".join(f"{diff.target.device}\x01{diff.text}" for diff in self.diffs)
        return hashlib.sha256(content.encode()).hexdigest()
