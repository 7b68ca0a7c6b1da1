"""The nouns of a deployment: what came of a plan, as a whole and per device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from provisioner import errors
from provisioner.plan.model import PartChange, Plan
from provisioner.validate.model import Check

INTERRUPTED: Final = "PV5002"
"""The error number of an outcome that a person's Ctrl-C ended."""


class Result(StrEnum):
    """How a transaction ended."""

    IN_SYNC = "in-sync"
    """Nothing to do: what runs is what is intended."""
    DIFFERENCES = "differences"
    """A dry run that found something to do."""
    DECLINED = "declined"
    """A person looked at the plan and said no."""
    CONFIRMED = "confirmed"
    """Pushed, validated and confirmed on every device."""
    ROLLED_BACK = "rolled-back"
    """Something was wrong; every device is as it was before."""
    FAILED = "failed"
    """Trouble before anything was changed."""
    UNKNOWN = "unknown"
    """Trouble while rolling back: at least one device must be looked at; its revert timer may still put it right."""

    @property
    def exit_code(self) -> int:
        """As diff(1): 0 nothing to report or done, 1 differences found, 2 trouble."""
        if self in {Result.IN_SYNC, Result.CONFIRMED}:
            return errors.EXIT_OK
        return errors.EXIT_DIFFERENCES if self in {Result.DIFFERENCES, Result.DECLINED} else errors.EXIT_TROUBLE

    @property
    def is_trouble(self) -> bool:
        """Whether somebody has to do something."""
        return self.exit_code == errors.EXIT_TROUBLE


class DeviceState(StrEnum):
    """How far a transaction came on one device."""

    UNTOUCHED = "untouched"
    COMMITTED = "committed"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled-back"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DeviceOutcome:
    """How a transaction ended on one device; `error` is one line for a person, empty where all is well."""

    device: str
    state: DeviceState
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the transaction for one subject ended.

    Attributes:
        subject: A location code, or an aggregation router's name for its base.
        title: The subject as a person knows it.
        result: How it ended.
        plan: What was to be done; None where trouble came before there was one.
        devices: How it ended on each device.
        checks: What validation looked at, last round.
        seconds: How long it took, from the first connection, without the time a person took to answer.
        error: What went wrong, in one line; empty where nothing did.
        error_number: The number of the error, `PV…`; empty where there is none.
        changes: What is deployed from now on, per part; empty unless the result is CONFIRMED or IN_SYNC of a push, or UNKNOWN
            where every router answered its confirm and one could not be read back.
        batch: Which batch of its run it was in, from 1 (the canary); 0 where there were no batches.
        signatures: Of edge routers that run what was confirmed: an audit that finds the same one need not compare.
    """

    subject: str
    title: str
    result: Result
    plan: Plan | None = None
    devices: tuple[DeviceOutcome, ...] = ()
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0
    error: str = ""
    error_number: str = ""
    changes: tuple[PartChange, ...] = ()
    batch: int = 0
    signatures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one command did.

    Attributes:
        command: What was asked, as typed, without the values of secrets.
        inventory_commit: The commit of the inventory, with `-dirty` where the tree has changes; empty outside git.
        outcomes: One per subject.
        dry_run: Whether nothing was to be changed.
        left: Subjects that were not begun, in their order.
        stopped: Why they were not, in one line; empty where all were begun.
        resume: What to type to go on with them; empty where there is nothing to go on with.
        again: How a command begins that reaches the same routers.
        history: How a command begins that looks into the same journal.
        restore: How a command begins that puts back what was last confirmed; empty where nobody is to be told.
        adopt: How a command begins that says how the inventory would keep what was changed by hand; likewise.
    """

    command: str
    inventory_commit: str
    outcomes: tuple[Outcome, ...]
    dry_run: bool
    left: tuple[str, ...] = ()
    stopped: str = ""
    resume: str = ""
    again: str = "provision"
    history: str = "provision history"
    restore: str = ""
    adopt: str = ""

    @property
    def exit_code(self) -> int:
        """The worst of all outcomes; trouble where some were not begun."""
        if self.left:
            return errors.EXIT_TROUBLE
        return max((outcome.result.exit_code for outcome in self.outcomes), default=errors.EXIT_OK)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What the journal keeps of one command.

    Attributes:
        command: As typed, without the password that the URL of a journal may hold.
        commit: The commit of the inventory, as in Report.
        actor: `user@host` of who typed it.
        dry_run: Whether nothing was to be changed.
        subjects: What was selected, in the order in which it is gone through.
    """

    command: str
    commit: str
    actor: str
    dry_run: bool
    subjects: tuple[str, ...] = ()
