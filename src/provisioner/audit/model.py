"""The nouns of an audit: how each part of each device stands, what was found, since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from provisioner.errors import EXIT_DIFFERENCES, EXIT_OK, EXIT_TROUBLE
from provisioner.plan.model import DeviceRole, FileDiff


class Status(StrEnum):
    """How a device, or one owner's part of it, stands. Of several parts the one that comes last here is the device's."""

    IN_SYNC = "in-sync"
    PENDING = "pending"
    """Intended differs from deployed: somebody changed the inventory and has not provisioned yet."""
    UNKNOWN = "unknown"
    """Running differs from intended, and this journal knows of no earlier confirm: nobody can say who changed what."""
    UNDER_WAY = "under-way"
    """A push is at work on it, or waits for its confirm: nothing can be said about its config now."""
    DRIFTED = "drifted"
    """Running differs from deployed: somebody changed the device."""
    FAILED = "failed"
    """It answers, and cannot be audited: it refuses the login, or says what cannot be read."""
    UNREACHABLE = "unreachable"

    @property
    def is_trouble(self) -> bool:
        """Whether the audit could not do its work there."""
        return self in {Status.FAILED, Status.UNREACHABLE}


class Severity(IntEnum):
    """How bad a finding is; the higher the worse."""

    INFO = 0
    """Good to know; it needs nobody."""
    LOW = 1
    """Tidy up some day: a description, a note."""
    MEDIUM = 2
    """This week: service and safety hold, but not as they were agreed."""
    HIGH = 3
    """Today: a school lost its redundancy or part of its service, or a safeguard is weaker."""
    CRITICAL = 4
    """Now: a filter is open, strangers can log in, or a school is cut off."""

    @property
    def word(self) -> str:
        """As it is shown."""
        return self.name.lower()


class Tier(StrEnum):
    """How closely a device was looked at."""

    SIGNATURE = "signature"
    """Its signature is that of the last full comparison, and that found everything as deployed."""
    FULL = "full"
    """Its whole config was read and compared."""
    NONE = "none"
    """Nothing was read."""


@dataclass(frozen=True, slots=True)
class PartAudit:
    """How one owner's part of a device's config stands.

    Attributes:
        owner: The location that it belongs to; empty for the base of an aggregation router.
        status: IN_SYNC, PENDING, UNKNOWN or DRIFTED. What is drifted may be pending too: then `pending` is not empty.
        drift: From what was last confirmed to what runs; for UNKNOWN from what is intended to what runs.
        pending: From what was last confirmed to what is intended.
    """

    owner: str
    status: Status
    drift: tuple[FileDiff, ...] = ()
    pending: tuple[FileDiff, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing on one device that is not as it should be. Never holds a secret.

    Attributes:
        rule: Its id in `audit.catalogue`, `AUD001` and so on; docs/audit.md has a section of that name.
        severity: How bad it is here.
        device: The router.
        owner: The location that it concerns; empty for an aggregation router's base.
        about: What on the device: a file, a neighbor, an interface, a user; empty where the device itself.
        what: What was expected and what was found, in one line.
        remedy: The command that remedies it, or what a person does, in one line.
        files: The difference, where it is one of config.
    """

    rule: str
    severity: Severity
    device: str
    owner: str
    about: str
    what: str
    remedy: str
    files: tuple[FileDiff, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The same from night to night for the same trouble: rule, device, owner, about."""
        return self.rule, self.device, self.owner, self.about


@dataclass(frozen=True, slots=True)
class DeviceAudit:
    """What an audit learnt of one device.

    Attributes:
        device: The router's host name.
        role: Edge or aggregation.
        platform: Its operating system.
        location: An edge router's location; empty for an aggregation router.
        aggregation_points: An aggregation router's own, or those of an edge router's uplinks.
        status: The worst of its parts, or why there are none.
        tier: How closely it was looked at.
        parts: By owner; those in sync as well.
        findings: What is not as it should be, the worst first. Every status but IN_SYNC has one too.
        seconds: What it took.
    """

    device: str
    role: DeviceRole
    platform: str
    location: str
    aggregation_points: tuple[str, ...]
    status: Status
    tier: Tier = Tier.NONE
    parts: tuple[PartAudit, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Noted:
    """A finding with its past.

    Attributes:
        finding: What was found.
        first_seen: When this trouble was found first, without a night between in which the device was well.
        nights: In how many audits it was seen since then, this one among them.
        times_before: How often it had come and gone before that.
        is_new: Whether no report of an earlier audit told it.
    """

    finding: Finding
    first_seen: datetime
    nights: int = 1
    times_before: int = 0
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Gone:
    """A finding of an earlier audit that is no more.

    Attributes:
        rule: Its id.
        severity: How bad it was.
        device: The router.
        owner: The location that it concerned.
        about: What on the device.
        what: What had been found.
        first_seen: When it was found first.
        nights: In how many audits it was seen.
    """

    rule: str
    severity: Severity
    device: str
    owner: str
    about: str
    what: str
    first_seen: datetime
    nights: int


@dataclass(frozen=True, slots=True)
class Night:
    """One audit of the past in numbers, for the trend.

    Attributes:
        at: When it began.
        devices: How many devices it was to look at.
        statuses: Devices by status.
        severities: Findings by severity.
    """

    at: datetime
    devices: int
    statuses: Mapping[Status, int]
    severities: Mapping[Severity, int]


@dataclass(frozen=True, slots=True)
class Owner:
    """A location as a reader of the report knows it.

    Attributes:
        code: The location code.
        name: The school's name.
        municipality: Where it is.
        board: The board's number.
        board_name: The board's name.
    """

    code: str
    name: str
    municipality: str
    board: str
    board_name: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """One audit, whole.

    Attributes:
        command: The command line, without passwords.
        commit: The inventory's commit; empty where it is not in git.
        run_id: Its number in the journal; 0 where the journal could not be written.
        started_at: When it began.
        finished_at: When it ended.
        devices: What was learnt of each device that was looked at, by name.
        noted: All findings of all devices with their past, the worst first.
        gone: What an earlier audit had found on these devices and this one did not.
        left: Devices that it did not come to.
        stopped: Why it did not come to them (`deadline`, `interrupted`); empty where it did.
        earlier: What an earlier audit left that a person must know: that it was cut off, when and whose.
        trend: Complete audits of the same selection, the oldest first, this one last.
        owners: Every location that a device or a finding names, by its code.
        again: How a command begins that works on the same routers from the same sources.
    """

    command: str
    commit: str
    run_id: int
    started_at: datetime
    finished_at: datetime
    devices: tuple[DeviceAudit, ...]
    noted: tuple[Noted, ...]
    gone: tuple[Gone, ...] = ()
    left: tuple[str, ...] = ()
    stopped: str = ""
    earlier: tuple[str, ...] = ()
    trend: tuple[Night, ...] = ()
    owners: Mapping[str, Owner] = field(default_factory=dict)
    again: str = "provision"

    @property
    def is_complete(self) -> bool:
        """Whether every device was looked at or found out of reach."""
        return not self.left

    @property
    def exit_code(self) -> int:
        """As diff(1): 2 where a device could not be audited, 1 where anything above INFO was found, else 0."""
        if self.left or any(device.status.is_trouble for device in self.devices):
            return EXIT_TROUBLE
        return EXIT_DIFFERENCES if any(noted.finding.severity for noted in self.noted) else EXIT_OK

    def count(self, status: Status) -> int:
        """How many devices stand so."""
        return sum(device.status is status for device in self.devices)
