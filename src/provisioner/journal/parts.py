"""What is deployed: each owner's part of each device as it was last confirmed, and what changed it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from provisioner.journal.entry import CONFIRMED, IN_SYNC, UNKNOWN, Change, OutcomeRecord, PartState, RunId
from provisioner.journal.tables import Config, Part, Run, Transaction, storable
from provisioner.plan.model import PartChange

_MOST_NAMES: Final = 500
"""Names in one query; SQLite takes 32,766 parameters, PostgreSQL 65,535."""


def record(session: Session, transaction: Transaction, outcome: OutcomeRecord) -> None:
    """Keep what an outcome says is deployed from now on, in the place of what was kept of this transaction before."""
    transaction.parts = []
    session.flush()
    # Unknown with changes: every router has answered its confirm, and one could not be read back.
    changes = outcome.changes if str(outcome.result) in {CONFIRMED, IN_SYNC, UNKNOWN} else ()
    if str(outcome.result) == IN_SYNC:
        # Every night the same: only what was not known is news.
        changes = [change for change in changes if not _is_known(session, change)]
    ids = _ids(session, {text for change in changes for text in (change.before, change.after) if text is not None})
    transaction.parts = [
        Part(
            device=change.device,
            owner=change.owner,
            before_id=None if change.before is None else ids[_digest(change.before)],
            after_id=None if change.after is None else ids[_digest(change.after)],
        )
        for change in changes
    ]


def deployed(session: Session, device: str) -> Mapping[str, PartState]:
    """The newest confirmed text of each owner on a device."""
    newest = select(func.max(Part.id)).where(Part.device == device).group_by(Part.owner)
    query = (
        select(Part.owner, Config.text, Run.id, Run.started_at, Transaction.ended_at, Run.actor)
        .join(Transaction, Transaction.id == Part.transaction_id)
        .join(Run, Run.id == Transaction.run_id)
        .join(Config, Config.id == Part.after_id, isouter=True)
        .where(Part.id.in_(newest))
        .order_by(Part.owner)
    )
    return MappingProxyType(
        {
            owner: PartState(owner, text, RunId(run_id), at or began, actor)
            for owner, text, run_id, began, at, actor in session.execute(query)
        }
    )


def last_change(session: Session, subject: str) -> Change | None:
    """The newest confirmed transaction of a subject that changed something."""
    differs = Part.before_id.is_distinct_from(Part.after_id)
    transaction = session.scalar(
        select(Transaction)
        .join(Part, Part.transaction_id == Transaction.id)
        .where(Transaction.subject == subject, Transaction.result == CONFIRMED, differs)
        .order_by(Part.id.desc())
        .limit(1)
    )
    if transaction is None:
        return None
    before, after = aliased(Config), aliased(Config)
    rows = session.execute(
        select(Part.device, Part.owner, before.text, after.text)
        .join(before, before.id == Part.before_id, isouter=True)
        .join(after, after.id == Part.after_id, isouter=True)
        .where(Part.transaction_id == transaction.id, differs)
        .order_by(Part.id)
    )
    run = transaction.run
    return Change(
        run_id=RunId(run.id),
        subject=subject,
        title=transaction.title,
        at=transaction.ended_at or run.started_at,
        actor=run.actor,
        commit=run.inventory_commit,
        command=run.command,
        changes=tuple(PartChange(*row) for row in rows),
    )


def _is_known(session: Session, change: PartChange) -> bool:
    row = session.execute(
        select(Config.sha256)
        .select_from(Part)
        .join(Config, Config.id == Part.after_id, isouter=True)
        .where(Part.device == change.device, Part.owner == change.owner)
        .order_by(Part.id.desc())
        .limit(1)
    ).one_or_none()
    return row is not None and row[0] == (None if change.after is None else _digest(change.after))


def _ids(session: Session, texts: Iterable[str]) -> dict[str, int]:
    """Where each text is kept, by its digest; put there where it is not yet."""
    wanted = {_digest(text): text for text in texts}
    query = select(Config.sha256, Config.id).where(Config.sha256.in_(wanted))
    known = dict(session.execute(query).all())
    # In one order everywhere: two writers of the same texts would else wait for each other for ever.
    new = [{"sha256": digest, "text": wanted[digest]} for digest in sorted(wanted.keys() - known.keys())]
    if new:
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        session.execute(insert(Config).on_conflict_do_nothing(index_elements=[Config.sha256]), new)
        known = dict(session.execute(query).all())
    return known


def _digest(text: str) -> str:
    return hashlib.sha256(storable(text).encode()).hexdigest()


def newest(session: Session, devices: Iterable[str]) -> Mapping[str, str]:
    """Identifies what is deployed on each device: another text after each change of it; none where nothing is known."""
    names = list(devices)
    batches = (names[start : start + _MOST_NAMES] for start in range(0, len(names), _MOST_NAMES))
    return {
        device: str(number)
        for batch in batches
        for device, number in session.execute(
            select(Part.device, func.max(Part.id)).where(Part.device.in_(batch)).group_by(Part.device)
        )
    }
