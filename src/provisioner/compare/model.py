"""What an offline comparison gives: two sides, and what becomes of each subject between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provisioner import errors
from provisioner.plan.impact import Impact
from provisioner.plan.model import DeviceRole, Plan
from provisioner.platforms.protocol import Area
from provisioner.policy.model import Finding


class ChangeKind(StrEnum):
    """What becomes of a subject."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    """An uplink lands on another aggregation router."""
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sides.

    Attributes:
        name: As a person named it: `origin/main`, `the working tree`.
        commit: Its commit, abbreviated, with `-dirty` where files differ from it.
        program: Which program rendered it: its version, or its commit where it is that side's own.
        own_program: Whether that side was rendered by the program of that side.
    """

    name: str
    commit: str
    program: str
    own_program: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one subject: a location, or an aggregation router's base.

    Attributes:
        kind: Added, removed, moved, or changed.
        plan: What changes on which device, from the base side to the other; never empty.
        impact: How much it could hurt.
        areas: What it is about, in the order of `Area`.
        board: Number of the school board; empty for a base.
        board_name: Its name.
        aggregation_points: Where its uplinks land, on both sides.
        files: Files of the inventory whose change makes this one; empty where templates or program alone do.
    """

    kind: ChangeKind
    plan: Plan
    impact: Impact
    areas: tuple[Area, ...]
    board: str = ""
    board_name: str = ""
    aggregation_points: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a line of config comes from.

    Attributes:
        template: File and line of the template that wrote it, `templates/frr/edge/frr.j2:41`; empty where unknown.
        intent: Files, lines and fields of the inventory that it says: `inventory/locations/16PK00.yaml:12 uplinks[0].vlan_id`.
    """

    template: str = ""
    intent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """A change of one section of config that several devices have in common, but for each location's own values.

    Attributes:
        role: Of the devices.
        file: The section, by the path of its file on the router.
        diff: The first device's unified diff, which stands for all; secrets redacted.
        area: The weightiest of what it is about.
        weight: The heaviest single line, 0 to 100, as `Impact` counts it.
        reasons: What it does, in words, heaviest first.
        devices: The devices, in the order of the subjects.
        subjects: Whose plans these are, one for each device.
        same_but_for_values: Whether the others differ from the one shown in their locations' own addresses, numbers and names.
        origins: For each line of `diff`, by its number from 0, where it comes from; empty unless asked for.
    """

    role: DeviceRole
    file: str
    diff: str
    area: Area
    weight: int
    reasons: tuple[str, ...]
    devices: tuple[str, ...]
    subjects: tuple[str, ...]
    same_but_for_values: bool = False
    origins: tuple[tuple[int, Origin], ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that `provision diff` found.

    Attributes:
        command: As typed.
        base: The side that is compared with.
        head: The other side.
        changes: One per subject whose config changes, the heaviest impact first.
        groups: The same changes by what they say; areas in the order of `Area`, then the heaviest and the most devices first.
        compared: How many subjects were compared.
        findings: What breaks a policy rule on the head side in what changes, and did not on the base side, or was accepted there and
            no longer is.
        notes: What a reader must know of how this was made, each one line: a side that another program rendered, and so on.
        standing: What breaks one in what changes, and did so before.
        mended: What broke one in what changes, accepted by nobody, and no longer does.
    """

    command: str
    base: Side
    head: Side
    changes: tuple[Change, ...]
    groups: tuple[ChangeGroup, ...]
    compared: int
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    standing: tuple[Finding, ...] = ()
    mended: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> int:
        """That of diff(1): 1 where something changes; trouble where the change breaks a policy rule and nobody accepted that."""
        if any(finding.stops for finding in self.findings):
            return errors.EXIT_TROUBLE
        return errors.EXIT_DIFFERENCES if self.changes else errors.EXIT_OK

    def of_kind(self, kind: ChangeKind) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)
