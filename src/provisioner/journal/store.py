"""The journal: write down what a run is about to do and what came of it; read it back as history.

A push is recorded before it starts: `begin` and `record_plan` raise where the journal cannot be written, and nothing is
pushed. `record_outcome` and `finish` come after; they raise as well, and the caller turns that into a warning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from provisioner.errors import JournalError
from provisioner.journal import audits, database, history, parts, process, retention, unfinished
from provisioner.journal.audits import AuditEntry, Learnt, Past, PastFinding, Standing, ToNote
from provisioner.journal.command import without_passwords
from provisioner.journal.entry import (
    Change,
    OutcomeRecord,
    PartState,
    Query,
    ReportRecord,
    RunEntry,
    RunId,
    RunState,
    Unfinished,
)
from provisioner.journal.migration import READING
from provisioner.journal.tables import Audit, Device, Diff, FailedCheck, Run, Selected, Transaction
from provisioner.plan.model import Plan

__all__ = ["Change", "Journal", "PartState", "Query", "RunEntry", "RunId", "RunState", "Unfinished"]

LONGEST_RUN: Final = timedelta(hours=12)
"""After this, an unfinished run of another machine counts as interrupted: its process cannot be looked at from here."""

LONGEST_PUSH: Final = timedelta(hours=3)
"""Of one subject, from its plan to its end: a question that nobody answers, and the longest revert timer. A question that is left
open over night hides no drift."""


_REPLACED: Final = (
    "the file was put in the place of another while this run was under way; put the other back",
    "PV7009",
)
_NO_SUCH_RUN: Final = ("see provision history", "PV7010")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Journal:
    """The record of every run. Several processes may use the same database at once."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = _utc_now) -> None:
        self._engine = engine
        self._where = database.location(engine.url)
        self._clock = clock

    @classmethod
    def open(cls, url: str | None = None, *, clock: Callable[[], datetime] = _utc_now) -> Self:
        """Open the journal, and make it where there is none.

        Args:
            url: An SQLAlchemy URL; None for a SQLite file in the user's state directory.
            clock: Gives the moment, with its time zone.

        Raises:
            JournalError: it cannot be opened, is no journal, or was made by a newer version.
        """
        return cls(database.connect(url), clock=clock)

    def begin(self, *, command: str, commit: str, actor: str, dry_run: bool, subjects: Sequence[str] = ()) -> RunId:
        """Record that a run begins.

        Args:
            command: What was typed; the password of a URL in it is not kept.
            commit: The commit of the inventory; empty outside git.
            actor: Who runs it: `user@host`.
            dry_run: Whether nothing is to be changed.
            subjects: What was selected, in the order in which it is gone through.

        Raises:
            JournalError: it cannot be written; then nothing may be pushed.
        """
        run = Run(
            started_at=self._clock(),
            finished_at=None,
            command=without_passwords(command),
            inventory_commit=commit,
            actor=actor,
            dry_run=dry_run,
            host=process.host_name(),
            process=process.this_process(),
            exit_code=None,
        )
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            run.selected = [
                Selected(position=position, subject=subject) for position, subject in enumerate(dict.fromkeys(subjects))
            ]
            session.add(run)
            session.flush()
            return RunId(run.id)

    def record_plan(self, run_id: RunId, plan: Plan) -> None:
        """Record what is about to be changed; on the disk when this returns.

        Raises:
            JournalError: it cannot be written; then nothing may be pushed.
        """
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            transaction = self._transaction(session, run_id, plan.subject, plan.title)
            self._put_plan(transaction, plan)

    def record_outcome(self, run_id: RunId, outcome: OutcomeRecord) -> None:
        """Record how a transaction ended, what is deployed from then on, and its plan where that was not recorded before.

        Config texts are kept as they come: the caller has put tokens in the place of secrets.

        Raises:
            JournalError: it cannot be written; the routers are as the outcome says all the same.
        """
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            transaction = self._transaction(session, run_id, outcome.subject, outcome.title)
            if outcome.plan is not None and outcome.plan.digest != transaction.digest:
                self._put_plan(transaction, outcome.plan)
            transaction.ended_at = self._clock()
            transaction.result = str(outcome.result)
            transaction.seconds = outcome.seconds
            transaction.error = outcome.error
            transaction.error_number = outcome.error_number
            transaction.checks_passed = sum(check.passed for check in outcome.checks)
            transaction.failed_checks = [
                FailedCheck(device=check.device, name=check.name, expected=check.expected, found=check.found)
                for check in outcome.checks
                if not check.passed
            ]
            known = {device.name: device for device in transaction.devices}
            for ended in outcome.devices:
                device = known.get(ended.device)
                if device is None:
                    device = Device(name=ended.device)
                    transaction.devices.append(device)
                device.state = str(ended.state)
                device.error = ended.error
            parts.record(session, transaction, outcome)
            session.flush()
            audits.sign(session, self._clock(), outcome.signatures)

    def finish(self, run_id: RunId, report: ReportRecord) -> None:
        """Record that a run came to its end.

        Raises:
            JournalError: it cannot be written; the run then shows as interrupted.
        """
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            run = self._run(session, run_id)
            run.finished_at = self._clock()
            run.exit_code = report.exit_code

    def history(self, query: Query = Query()) -> tuple[RunEntry, ...]:  # noqa: B008 - frozen
        """What was done, the latest first.

        Raises:
            JournalError: it cannot be read, or has not the run that is asked for.
        """
        with self._reading() as session:
            if query.run is not None:
                self._run(session, RunId(query.run), _NO_SUCH_RUN)
            return history.runs(session, query, self._state)

    def knows(self, name: str) -> bool:
        """Whether anything is recorded of a location or a router.

        Raises:
            JournalError: it cannot be read.
        """
        with self._reading() as session:
            return history.knows(session, name)

    def deployed(self, device: str) -> Mapping[str, PartState]:
        """What was last confirmed on a device, by owner; empty where nothing was.

        Raises:
            JournalError: it cannot be read.
        """
        with self._reading() as session:
            return parts.deployed(session, device)

    def last_change(self, subject: str) -> Change | None:
        """The newest confirmed transaction of a subject that changed something; None where there is none.

        Raises:
            JournalError: it cannot be read.
        """
        with self._reading() as session:
            return parts.last_change(session, subject)

    def unfinished(self, run: int | None = None) -> Unfinished | None:
        """The newest run that left something to do; dry runs leave nothing.

        What a later run brought to a good end is not left any more, so a run that was resumed to its end does not show. Of a
        resumed run that was cut off again the later one shows. A run in which all that is left was declined shows only when
        it is asked for: a person said no.

        Args:
            run: Look at this run alone.

        Raises:
            JournalError: it cannot be read, or has no such run.
        """
        with self._reading() as session:
            found = unfinished.newest(session) if run is None else self._run(session, RunId(run), _NO_SUCH_RUN).id
            return None if found is None else unfinished.look_at(session, found, self._state)

    # --- audits -----------------------------------------------------------------------------------------------------

    def begin_audit(
        self, *, command: str, commit: str, actor: str, selection: str, devices: int, at: datetime | None = None
    ) -> int:
        """Record that an audit begins, now or at a moment; gives its number. Raises JournalError."""
        audit = Audit(
            started_at=at or self._clock(),
            finished_at=None,
            command=without_passwords(command),
            inventory_commit=commit,
            actor=actor,
            host=process.host_name(),
            process=process.this_process(),
            selection=selection,
            devices=devices,
            is_complete=False,
            counts="",
        )
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            session.add(audit)
            session.flush()
            return audit.id

    def withdraw_audit(self, number: int) -> None:
        """An audit that was begun looks at nothing after all: it is as if it had not been. Raises JournalError."""
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            audit = session.get(Audit, number)
            if audit is not None:
                session.delete(audit)

    def finish_audit(self, number: int, counts: Mapping[str, Mapping[str, int]], *, is_complete: bool) -> None:
        """Record that an audit came to its end, and its numbers. Raises JournalError."""
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            audit = session.get(Audit, number)
            if audit is not None:
                audit.finished_at = self._clock()
                audit.is_complete = is_complete
                audit.counts = json.dumps(counts, sort_keys=True)

    def note(
        self, at: datetime, noted: Sequence[ToNote], learnt: Sequence[Learnt], untold: datetime | None = None
    ) -> list[tuple[list[Past], list[PastFinding]]]:
        """Keep what an audit found and learnt on devices, all of it or nothing; see `audits.note`. Raises JournalError."""
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            audits.learn(session, self._clock(), learnt)
            return [audits.note(session, at, each, untold) for each in noted]

    def learn(self, learnt: Sequence[Learnt]) -> None:
        """Keep what was learnt of devices. Raises JournalError."""
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            audits.learn(session, self._clock(), learnt)

    def learnt(self, devices: Collection[str]) -> Mapping[str, Learnt]:
        """What was last learnt of devices, as far as anything was. Raises JournalError."""
        with self._reading() as session:
            return audits.states(session, devices)

    def newest_deployed(self, devices: Collection[str]) -> Mapping[str, str]:
        """Identifies what is deployed on each device, as far as that is known. Raises JournalError."""
        with self._reading() as session:
            return parts.newest(session, devices)

    def trend(self, selection: str, most: int) -> list[AuditEntry]:
        """The last complete audits of a selection, the oldest first. Raises JournalError."""
        with self._reading() as session:
            return audits.trend(session, selection, most)

    def audits_without_end(self, selection: str) -> list[AuditEntry]:
        """Audits of a selection that were begun after its last one that ended. Raises JournalError."""
        with self._reading() as session:
            return audits.cut_off(session, selection, lambda row: self._is_alive(row.host, row.process, row.started_at))

    def standing(self, device: str) -> Standing:
        """All that is known of a device, as of one moment. Raises JournalError."""
        with self._reading() as session:
            since = self._clock() - LONGEST_PUSH
            return audits.standing(session, device, since, lambda run: self._state(run) is RunState.UNDER_WAY)

    def forget(self, days: int) -> int:
        """Take the names of persons off what is older than so many days, and forget audits that are; see `retention.forget`.

        Returns:
            How many runs had such names.

        Raises:
            JournalError: it cannot be written.
        """
        before = self._clock() - timedelta(days=days)
        with database.translated(self._where), Session(self._engine) as session, session.begin():
            return retention.forget(session, before)

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    # --- rows -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with (
            database.translated(self._where),
            Session(self._engine.execution_options(**{READING: True})) as session,
        ):
            yield session

    def _run(self, session: Session, run_id: RunId, otherwise: tuple[str, str] = _REPLACED) -> Run:
        run = session.get(Run, run_id)
        if run is None:
            remedy, number = otherwise
            raise JournalError(f"the journal has no run #{run_id}", where=self._where, remedy=remedy, number=number)
        return run

    def _transaction(self, session: Session, run_id: RunId, subject: str, title: str) -> Transaction:
        """The row of a subject in a run; made where there is none."""
        self._run(session, run_id)
        query = select(Transaction).where(Transaction.run_id == run_id, Transaction.subject == subject)
        transaction = session.scalar(query)
        if transaction is None:
            transaction = Transaction(
                run_id=run_id, subject=subject, title=title, digest="", error="", error_number="", checks_passed=0
            )
            session.add(transaction)
        return transaction

    def _put_plan(self, transaction: Transaction, plan: Plan) -> None:
        transaction.digest = plan.digest
        transaction.planned_at = self._clock()
        transaction.devices = [
            Device(
                name=diff.target.device,
                error="",
                diffs=[
                    Diff(file=file.file, added=file.added, removed=file.removed, text=file.text) for file in diff.files
                ],
            )
            for diff in plan.diffs
        ]

    def _state(self, run: Run) -> RunState:
        if run.finished_at is not None:
            return RunState.FINISHED
        is_alive = self._is_alive(run.host, run.process, run.started_at)
        return RunState.UNDER_WAY if is_alive else RunState.INTERRUPTED

    def _is_alive(self, host: str, identity: str, began: datetime) -> bool:
        if host == process.host_name():
            return process.is_alive(identity)
        return self._clock() - began < LONGEST_RUN
