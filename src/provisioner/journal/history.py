"""The history as it is read back: runs, the latest first, with what was asked for of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, exists, or_, select, true
from sqlalchemy.orm import Session, defer, selectinload

from provisioner.journal.entry import (
    DeviceEntry,
    FileEntry,
    Query,
    RunEntry,
    RunId,
    RunState,
    TransactionEntry,
)
from provisioner.journal.tables import Device, Diff, Run, Selected, Transaction
from provisioner.validate.model import Check


def runs(session: Session, query: Query, state: Callable[[Run], RunState]) -> tuple[RunEntry, ...]:
    """The newest runs that a query is about."""
    found = session.scalars(select(Run).where(_wanted(query)).order_by(Run.id.desc()).limit(query.limit)).all()
    numbers = [run.id for run in found]
    transactions = _transactions(session, query, numbers)
    not_begun = _not_begun(session, query, numbers)
    return tuple(
        RunEntry(
            run_id=RunId(run.id),
            started_at=run.started_at,
            finished_at=run.finished_at,
            state=state(run),
            actor=run.actor,
            command=run.command,
            inventory_commit=run.inventory_commit,
            dry_run=run.dry_run,
            exit_code=run.exit_code,
            transactions=tuple(transactions[run.id]),
            not_begun=tuple(not_begun[run.id]),
        )
        for run in found
    )


def knows(session: Session, name: str) -> bool:
    """Whether a location or a router is in any run."""
    return bool(
        session.scalar(
            select(
                or_(
                    exists().where(Transaction.subject == name),
                    exists().where(Selected.subject == name),
                    exists().where(Device.name == name),
                )
            )
        )
    )


def _wanted(query: Query) -> ColumnElement[bool]:
    """Which runs."""
    if query.run is not None:
        return Run.id == query.run
    kind = true() if query.dry_runs else Run.dry_run.is_(False)
    if not (query.subjects or query.devices):
        return kind
    return kind & or_(
        Run.id.in_(select(Transaction.run_id).where(_asked(query))),
        Run.id.in_(select(Selected.run_id).where(Selected.subject.in_(query.subjects))),
    )


def _asked(query: Query) -> ColumnElement[bool]:
    """Which of a run's transactions."""
    if not (query.subjects or query.devices):
        return true()
    touched = select(Device.transaction_id).where(Device.name.in_(query.devices))
    return or_(Transaction.subject.in_(query.subjects), Transaction.id.in_(touched))


def _transactions(session: Session, query: Query, numbers: Sequence[int]) -> dict[int, list[TransactionEntry]]:
    diffs = selectinload(Transaction.devices).selectinload(Device.diffs)
    statement = (
        select(Transaction)
        .where(Transaction.run_id.in_(numbers), _asked(query))
        .order_by(Transaction.id)
        .options(diffs if query.diffs else diffs.options(defer(Diff.text)), selectinload(Transaction.failed_checks))
    )
    found = defaultdict(list)
    for transaction in session.scalars(statement):
        found[transaction.run_id].append(_transaction(transaction, diffs=query.diffs))
    return found


def _not_begun(session: Session, query: Query, numbers: Sequence[int]) -> dict[int, list[str]]:
    begun = exists().where(Transaction.run_id == Selected.run_id, Transaction.subject == Selected.subject)
    statement = select(Selected).where(Selected.run_id.in_(numbers), ~begun).order_by(Selected.position)
    if query.subjects or query.devices:
        statement = statement.where(Selected.subject.in_(query.subjects))
    found = defaultdict(list)
    for selected in session.scalars(statement):
        found[selected.run_id].append(selected.subject)
    return found


def _transaction(transaction: Transaction, *, diffs: bool) -> TransactionEntry:
    return TransactionEntry(
        subject=transaction.subject,
        title=transaction.title,
        digest=transaction.digest,
        planned_at=transaction.planned_at,
        result=transaction.result or "",
        seconds=transaction.seconds,
        error=transaction.error,
        error_number=transaction.error_number,
        checks_passed=transaction.checks_passed,
        failed_checks=tuple(
            Check(check.device, check.name, passed=False, expected=check.expected, found=check.found)
            for check in transaction.failed_checks
        ),
        devices=tuple(_device(device, diffs=diffs) for device in transaction.devices),
    )


def _device(device: Device, *, diffs: bool) -> DeviceEntry:
    files = tuple(FileEntry(diff.file, diff.added, diff.removed, diff.text if diffs else None) for diff in device.diffs)
    return DeviceEntry(device.name, device.state or "", device.error, files)
