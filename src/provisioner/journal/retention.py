"""What a journal forgets with time: who did something, and audits of long ago. What was done to routers stays."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from provisioner.journal import audits
from provisioner.journal.tables import Audit, Run

FORGOTTEN: Final = "-"
"""Stands where a person's name stood."""


def forget(session: Session, before: datetime) -> int:
    """Take the names of persons and of their machines off what ended before a moment; gives how many runs had some.

    The personal data of a journal is who ran a command (`user@host`), on which machine, and what was typed, in which a login may
    stand. The law asks that such data is kept no longer than it is needed (AVG/GDPR, article 5(1)(e)).
    """
    forgotten = 0
    for table in (Run, Audit):
        wanted = (table.started_at < before, or_(table.actor != FORGOTTEN, table.host != FORGOTTEN))
        done = session.execute(
            update(table).where(*wanted).values(actor=FORGOTTEN, host=FORGOTTEN, process=FORGOTTEN, command=FORGOTTEN)
        )
        forgotten += done.rowcount  # type: ignore[attr-defined]  # of an UPDATE there is one
    audits.expire(session, before)
    return forgotten
