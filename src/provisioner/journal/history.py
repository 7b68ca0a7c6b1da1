"""The history as it is read back: runs, the latest first, with what was asked for of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from types import MappingProxyType

from sqlalchemy import ColumnElement, case, exists, func, or_, select, true
from sqlalchemy.orm import Session, defer, selectinload

from provisioner.journal.entry import (
    ENDED_WELL,
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
    results, routers, not_begun = (
        _results(session, query, numbers),
        _routers(session, query, numbers),
        _not_begun(session, query, numbers),
    )
    transactions: dict[int, list[TransactionEntry]] = {}
    # All of every run may be a whole fleet's: one run at a time, so that its rows can go.
    for some in [numbers] if query.most is not None else [[number] for number in numbers]:
        transactions |= _transactions(session, query, some)
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
            transactions=tuple(transactions.get(run.id, ())),
            not_begun=tuple(not_begun[run.id]),
            results=MappingProxyType(results[run.id]),
            routers=routers.get(run.id, 0),
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


def _results(session: Session, query: Query, numbers: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many of a run's subjects ended how, the first to be begun first."""
    statement = (
        select(Transaction.run_id, Transaction.result, func.count())
        .where(Transaction.run_id.in_(numbers), _asked(query))
        .group_by(Transaction.run_id, Transaction.result)
        .order_by(func.min(Transaction.id))
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for number, result, count in session.execute(statement):
        found[number][result or ""] = count
    return found


def _routers(session: Session, query: Query, numbers: Sequence[int]) -> dict[int, int]:
    statement = (
        select(Transaction.run_id, func.count(Device.name.distinct()))
        .join(Device, Device.transaction_id == Transaction.id)
        .where(Transaction.run_id.in_(numbers), _asked(query))
        .group_by(Transaction.run_id)
    )
    return {number: count for number, count in session.execute(statement)}  # noqa: C416 - a row is not a pair to a type checker


def _transactions(session: Session, query: Query, numbers: Sequence[int]) -> dict[int, list[TransactionEntry]]:
    diffs = selectinload(Transaction.devices).selectinload(Device.diffs)
    statement = (
        select(Transaction)
        .where(Transaction.run_id.in_(numbers), _asked(query))
        .order_by(Transaction.id)
        .options(diffs if query.diffs else diffs.options(defer(Diff.text)), selectinload(Transaction.failed_checks))
    )
    if query.most is not None:
        ranked = select(Transaction.id, _rank().label("rank")).where(Transaction.run_id.in_(numbers), _asked(query))
        first = ranked.subquery()
        statement = statement.join(first, first.c.id == Transaction.id).where(first.c.rank <= query.most)
    found = defaultdict(list)
    for transaction in session.scalars(statement):
        found[transaction.run_id].append(_transaction(transaction, diffs=query.diffs))
    session.expunge_all()
    return found


def _rank() -> ColumnElement[int]:
    """The place of a transaction in its run, those that ended well behind the others."""
    well = func.coalesce(Transaction.result, "").in_(ENDED_WELL)
    order = (case((well, 1), else_=0), Transaction.id)
    return func.row_number().over(partition_by=Transaction.run_id, order_by=order)


def _not_begun(session: Session, query: Query, numbers: Sequence[int]) -> dict[int, list[str]]:
    begun = exists().where(Transaction.run_id == Selected.run_id, Transaction.subject == Selected.subject)
    statement = (
        select(Selected.run_id, Selected.subject)
        .where(Selected.run_id.in_(numbers), ~begun)
        .order_by(Selected.run_id, Selected.position)
    )
    if query.subjects or query.devices:
        statement = statement.where(Selected.subject.in_(query.subjects))
    found = defaultdict(list)
    for number, subject in session.execute(statement):
        found[number].append(subject)
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
