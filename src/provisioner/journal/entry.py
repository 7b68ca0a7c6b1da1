"""The nouns of the journal: what is recorded, and what comes back out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol

from provisioner.plan.model import FileDiff, Plan
from provisioner.validate.model import Check

RunId = NewType("RunId", int)
"""Identifies a run in its journal; a person reads it as `#42`."""


class RunState(StrEnum):
    """Whether a run came to its end."""

    UNDER_WAY = "under-way"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    """Cut off before it could record its end: the routers have reverted by their own timers, or were never changed."""


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """One device in the journal.

    Attributes:
        device: The router's host name.
        state: How the transaction ended there; empty where that was not recorded.
        error: What went wrong there, in one line.
        files: What the plan changed there, redacted.
    """

    device: str
    state: str
    error: str
    files: tuple[FileDiff, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One subject of one run, or a run that came to no subject.

    Attributes:
        run_id: The run.
        started_at: When the run began, UTC.
        finished_at: When it ended, UTC; None where it did not.
        state: Whether the run came to its end.
        actor: Who ran it: `user@host`.
        command: What was typed.
        inventory_commit: The inventory that was provisioned from; empty outside git.
        dry_run: Whether nothing was to be changed.
        subject: A location code or a router's name; empty where the run came to no subject.
        title: The subject as a person knows it.
        digest: Identifies the plan; empty where there was none.
        result: How the transaction ended, the value of a `Result`; empty where that was not recorded.
        seconds: How long it took; None where it was not recorded.
        error: What went wrong, in one line.
        error_number: The error's number.
        checks_passed: How many checks of the validation passed.
        failed_checks: Those that did not.
        devices: The transaction's devices.
    """

    run_id: RunId
    started_at: datetime
    finished_at: datetime | None
    state: RunState
    actor: str
    command: str
    inventory_commit: str
    dry_run: bool
    subject: str = ""
    title: str = ""
    digest: str = ""
    result: str = ""
    seconds: float | None = None
    error: str = ""
    error_number: str = ""
    checks_passed: int = 0
    failed_checks: tuple[Check, ...] = ()
    devices: tuple[DeviceEntry, ...] = ()


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


class ReportRecord(Protocol):
    """Everything that one command did; `provisioner.deploy.model.Report` is one."""

    @property
    def exit_code(self) -> int: ...  # pragma: no cover  # noqa: D102
