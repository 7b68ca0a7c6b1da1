"""Runs that left something to do: what was selected, and what came of each subject in the run and after it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import and_, func, or_, select, union
from sqlalchemy.orm import Session

from provisioner.journal.entry import DECLINED, THROUGH, NotThrough, RunId, RunState, Unfinished
from provisioner.journal.tables import Run, Selected, Transaction


def newest(session: Session) -> int | None:
    """The newest run with a subject that neither it nor a later run brought to a good end, and that nobody declined."""
    # Runs from before selections were kept have their transactions alone.
    asked = union(select(Selected.run_id, Selected.subject), select(Transaction.run_id, Transaction.subject)).subquery()
    settled = (
        select(Transaction.subject, func.max(Transaction.run_id).label("run_id"))
        .join(Run, Run.id == Transaction.run_id)
        .where(Transaction.result.in_(THROUGH), Run.dry_run.is_(False))
        .group_by(Transaction.subject)
        .subquery()
    )
    return session.scalar(
        select(func.max(Run.id))
        .join(asked, asked.c.run_id == Run.id)
        .join(settled, settled.c.subject == asked.c.subject, isouter=True)
        .join(
            Transaction,
            and_(Transaction.run_id == Run.id, Transaction.subject == asked.c.subject),
            isouter=True,
        )
        .where(
            Run.dry_run.is_(False),
            or_(settled.c.run_id.is_(None), settled.c.run_id < Run.id),
            Transaction.result.is_distinct_from(DECLINED),
        )
    )


def look_at(session: Session, run_id: int, state: Callable[[Run], RunState]) -> Unfinished | None:
    """What one run left to do; None where it is nothing, or it was a dry run."""
    run = session.get_one(Run, run_id)
    if run.dry_run:
        return None
    ended = {
        subject: (result, error)
        for subject, result, error in session.execute(
            select(Transaction.subject, Transaction.result, Transaction.error)
            .where(Transaction.run_id == run_id)
            .order_by(Transaction.id)
        )
    }
    subjects = tuple(dict.fromkeys((*(selected.subject for selected in run.selected), *ended)))
    settled = set(
        session.scalars(
            select(Transaction.subject)
            .join(Run, Run.id == Transaction.run_id)
            .where(Transaction.run_id >= run_id, Transaction.result.in_(THROUGH), Run.dry_run.is_(False))
        )
    )
    left = [subject for subject in subjects if subject not in settled]
    if not left:
        return None
    results = {subject: ended.get(subject, (None, "")) for subject in left}
    return Unfinished(
        run_id=RunId(run.id),
        command=run.command,
        commit=run.inventory_commit,
        actor=run.actor,
        started_at=run.started_at,
        state=state(run),
        subjects=subjects,
        through=tuple(subject for subject in subjects if subject in settled),
        failed=tuple(
            NotThrough(subject, result, error) for subject, (result, error) in results.items() if result is not None
        ),
        without_outcome=tuple(subject for subject, (result, _) in results.items() if result is None),
    )
