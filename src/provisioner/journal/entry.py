"""The nouns of the journal: what is recorded, and what comes back out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType, Protocol

from provisioner.plan.model import PartChange, Plan
from provisioner.validate.model import Check

RunId = NewType("RunId", int)
"""Identifies a run in its journal; a person reads it as `#42`."""

CONFIRMED: Final = "confirmed"
IN_SYNC: Final = "in-sync"
UNKNOWN: Final = "unknown"
DECLINED: Final = "declined"
DIFFERENCES: Final = "differences"
THROUGH: Final = (CONFIRMED, IN_SYNC)
"""Values of `provisioner.deploy.model.Result`, which lies above: how a subject ended that needs nothing more."""

ENDED_WELL: Final = (*THROUGH, DIFFERENCES, DECLINED)
"""How a subject ended without trouble."""


class RunState(StrEnum):
    """Whether a run came to its end."""

    UNDER_WAY = "under-way"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    """Cut off before it could record its end: the routers have reverted by their own timers, or were never changed."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What a plan changed in one file of one device.

    Attributes:
        file: The section, by the path of its file on the router.
        added: How many lines it added.
        removed: How many lines it removed.
        text: A unified diff, redacted; None where it was not asked for.
    """

    file: str
    added: int
    removed: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """One device in the journal.

    Attributes:
        device: The router's host name.
        state: How the transaction ended there, the value of a `DeviceState`; empty where that was not recorded.
        error: What went wrong there, in one line.
        files: What the plan changed there.
    """

    device: str
    state: str
    error: str
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True)
class TransactionEntry:
    """One subject of one run.

    Attributes:
        subject: A location code or a router's name.
        title: The subject as a person knows it.
        digest: Identifies the plan; empty where there was none.
        planned_at: When its plan was recorded, UTC: where a push follows, right before it begins; None where there is none.
        result: How the transaction ended, the value of a `Result`; empty where that was not recorded.
        seconds: How long it took; None where it was not recorded.
        error: What went wrong, in one line.
        error_number: The error's number.
        checks_passed: How many checks of the validation passed.
        failed_checks: Those that did not.
        devices: The transaction's devices.
    """

    subject: str
    title: str
    digest: str
    planned_at: datetime | None
    result: str
    seconds: float | None
    error: str
    error_number: str
    checks_passed: int
    failed_checks: tuple[Check, ...]
    devices: tuple[DeviceEntry, ...]


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One command that looked at routers or changed them.

    Attributes:
        run_id: The run.
        started_at: When it began, UTC.
        finished_at: When it ended, UTC; None where it did not.
        state: Whether it came to its end.
        actor: Who ran it: `user@host`.
        command: What was typed.
        inventory_commit: The inventory that was provisioned from; empty outside git.
        dry_run: Whether nothing was to be changed.
        exit_code: As diff(1); None where it did not end.
        transactions: One per subject that was begun, in that order; those alone that were asked for, and not more.
        not_begun: Subjects that were selected and not begun, in their order; those alone that were asked for.
        results: How many subjects ended how, by the value of a `Result`, also those that are left out of `transactions`;
            by an empty one those whose end was not recorded.
        routers: How many routers those subjects have.
    """

    run_id: RunId
    started_at: datetime
    finished_at: datetime | None
    state: RunState
    actor: str
    command: str
    inventory_commit: str
    dry_run: bool
    exit_code: int | None
    transactions: tuple[TransactionEntry, ...] = ()
    not_begun: tuple[str, ...] = ()
    results: Mapping[str, int] = field(default_factory=dict)
    routers: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """Which runs of the history are wanted, the latest first.

    Attributes:
        subjects: Those with one of these subjects, and of those runs these subjects.
        devices: Those that touched one of these devices, and of those runs what did. Of any, where both are empty.
        limit: How many runs at most.
        run: This run alone.
        dry_runs: Dry runs too.
        diffs: With the text of each diff.
        most: How many transactions of one run at most, those with trouble first; all of them where None.
    """

    subjects: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    limit: int = 20
    run: int | None = None
    dry_runs: bool = False
    diffs: bool = False
    most: int | None = None


@dataclass(frozen=True, slots=True)
class PartState:
    """What was last confirmed in one owner's part of one device.

    Attributes:
        owner: A location code for its slice; empty for a base and for a whole edge router.
        text: The part's config, secrets as tokens; None where the part was taken away.
        run_id: The run that confirmed it.
        at: When, UTC.
        actor: Who ran it: `user@host`.
    """

    owner: str
    text: str | None
    run_id: RunId
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a confirmed transaction changed.

    Attributes:
        run_id: The run.
        subject: A location code or an aggregation router's name.
        title: The subject as a person knows it.
        at: When it was confirmed, UTC.
        actor: Who ran it: `user@host`.
        commit: The inventory that was provisioned from; empty outside git.
        command: What was typed.
        changes: The parts that differ before and after; at least one.
    """

    run_id: RunId
    subject: str
    title: str
    at: datetime
    actor: str
    commit: str
    command: str
    changes: tuple[PartChange, ...]


@dataclass(frozen=True, slots=True)
class NotThrough:
    """A subject that a run began and did not bring to a good end.

    Attributes:
        subject: A location code or an aggregation router's name.
        result: How it ended, the value of a `Result`.
        error: Why, in one line; empty where it was declined.
    """

    subject: str
    result: str
    error: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that left something to do. Every one of its subjects is in exactly one of the three groups.

    Attributes:
        run_id: The run.
        command: What was typed.
        commit: The inventory that was provisioned from; empty outside git.
        actor: Who ran it: `user@host`.
        started_at: When it began, UTC.
        state: Whether it came to its end; one that is under way is somebody's, and nothing to resume.
        subjects: All that it was to go through, in its order.
        through: Those that need nothing more, since this run or a later one found or made them right.
        failed: Those that ended badly or were declined.
        without_outcome: Those that were never begun, or were under way when it was killed.
    """

    run_id: RunId
    command: str
    commit: str
    actor: str
    started_at: datetime
    state: RunState
    subjects: tuple[str, ...]
    through: tuple[str, ...]
    failed: tuple[NotThrough, ...]
    without_outcome: tuple[str, ...]

    @property
    def remaining(self) -> tuple[str, ...]:
        """What is left to do, in the order of the run."""
        through = set(self.through)
        return tuple(subject for subject in self.subjects if subject not in through)


class DeviceRecord(Protocol):
    """How a transaction ended on one device; `provisioner.deploy.model.DeviceOutcome` is one."""

    @property
    def device(self) -> str: ...  # pragma: no cover  # noqa: D102
    @property
    def state(self) -> str: ...  # pragma: no cover  # noqa: D102
    @property
    def error(self) -> str: ...  # pragma: no cover  # noqa: D102


class OutcomeRecord(Protocol):
    """How a transaction ended; `provisioner.deploy.model.Outcome` is one.

    The journal lies below deployment, so it says what it needs instead of importing it.
    """

    @property
    def subject(self) -> str: ...  # pragma: no cover  # noqa: D102
    @property
    def title(self) -> str: ...  # pragma: no cover  # noqa: D102
    @property
    def result(self) -> str: ...  # pragma: no cover  # noqa: D102
    @property
    def plan(self) -> Plan | None: ...  # pragma: no cover  # noqa: D102
    @property
    def devices(self) -> Sequence[DeviceRecord]: ...  # pragma: no cover  # noqa: D102
    @property
    def checks(self) -> Sequence[Check]: ...  # pragma: no cover  # noqa: D102
    @property
    def seconds(self) -> float: ...  # pragma: no cover  # noqa: D102
    @property
    def error(self) -> str: ...  # pragma: no cover  # noqa: D102
    @property
    def error_number(self) -> str: ...  # pragma: no cover  # noqa: D102
    @property
    def changes(self) -> Sequence[PartChange]: ...  # pragma: no cover  # noqa: D102
    @property
    def signatures(self) -> Mapping[str, str]: ...  # pragma: no cover  # noqa: D102


class ReportRecord(Protocol):
    """Everything that one command did; `provisioner.deploy.model.Report` is one."""

    @property
    def exit_code(self) -> int: ...  # pragma: no cover  # noqa: D102
