"""Audits in the journal: what was found where and since when, and what was last learnt of each device."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from provisioner.journal import parts
from provisioner.journal.entry import PartState
from provisioner.journal.tables import Audit, AuditFinding, Device, DeviceState, Run, Transaction

_MOST_NAMES: Final = 500
"""Names in one query; SQLite takes 32,766 parameters, PostgreSQL 65,535."""
Key = tuple[str, str, str, str]


class FindingRecord(Protocol):
    """A finding as the journal keeps it; see `provisioner.audit.model.Finding`."""

    @property
    def key(self) -> Key: ...  # noqa: D102
    @property
    def severity(self) -> int: ...  # noqa: D102
    @property
    def what(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Past:
    """A finding's past.

    Attributes:
        first_seen: When it was found first, without a night between in which it was gone.
        nights: In how many audits since then, the last one among them.
        times_before: How often it had come and gone before.
    """

    first_seen: datetime
    nights: int
    times_before: int


@dataclass(frozen=True, slots=True)
class ToNote:
    """What an audit found on one device.

    Attributes:
        device: Its host name.
        findings: What was found.
        closes: Whether a finding of a rule and an owner is gone where it is not among these.
    """

    device: str
    findings: Sequence[FindingRecord]
    closes: Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class PastFinding:
    """A finding of an earlier audit that is gone."""

    key: Key
    severity: int
    what: str
    first_seen: datetime
    nights: int


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was last learnt of a device.

    Attributes:
        device: Its host name.
        signature: The one that it had when it was last found as confirmed; empty where it was not.
        deployed: Identifies what was confirmed there at that time.
        observation: What it told beside its config, as JSON; empty where nothing.
        observed_at: When it told that.
    """

    device: str
    signature: str = ""
    deployed: str = ""
    observation: str = ""
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a journal knows of a device, at one moment.

    Attributes:
        learnt: What the last audit learnt of it.
        newest: Identifies what is deployed there; empty where nothing is known.
        deployed: What was last confirmed, by owner.
        is_being_pushed: Whether a push has begun to change it and has not written down how that ended.
        was_pushed: Whether a push began to change it since it was observed, whatever came of it.
    """

    learnt: Learnt
    newest: str
    deployed: Mapping[str, PartState]
    is_being_pushed: bool
    was_pushed: bool


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An audit of the past.

    Attributes:
        number: In the journal.
        started_at: When it began.
        actor: Who ran it: `user@host`.
        selection: What was audited.
        devices: How many devices it was to look at.
        is_complete: Whether it came to all of them.
        counts: Devices by status and findings by severity, under `statuses` and `severities`.
        is_under_way: Whether its process is still at work.
    """

    number: int
    started_at: datetime
    actor: str
    selection: str
    devices: int
    is_complete: bool
    counts: Mapping[str, Mapping[str, int]]
    is_under_way: bool = False


def states(session: Session, devices: Collection[str]) -> Mapping[str, Learnt]:
    """What was last learnt of these devices, as far as anything was."""
    rows = (
        row
        for names in _batches(devices)
        for row in session.scalars(select(DeviceState).where(DeviceState.device.in_(names)))
    )
    return MappingProxyType(
        {row.device: Learnt(row.device, row.signature, row.deployed, row.observation, row.observed_at) for row in rows}
    )


def learn(session: Session, at: datetime, learnt: Iterable[Learnt]) -> None:
    """Keep what was learnt of devices, in the place of what was known of them."""
    for each in learnt:
        session.merge(
            DeviceState(
                device=each.device,
                at=at,
                signature=each.signature,
                deployed=each.deployed,
                observation=each.observation,
                observed_at=each.observed_at,
            )
        )


def sign(session: Session, at: datetime, signatures: Mapping[str, str]) -> None:
    """Keep the signatures of devices that run what was confirmed there last; what else is known of them stays."""
    newest = parts.newest(session, signatures)
    for device, signature in signatures.items():
        state = session.get(DeviceState, device)
        if state is None:
            state = DeviceState(device=device, observation="", observed_at=None)
            session.add(state)
        # A change since then was made by a push, whatever the last audit knew.
        state.at, state.signature, state.deployed = at, signature, newest.get(device, "")


def note(
    session: Session, at: datetime, noted: ToNote, untold: datetime | None = None
) -> tuple[list[Past], list[PastFinding]]:
    """Keep what an audit that began at a moment found on a device.

    Args:
        session: The database.
        at: When the audit began.
        noted: What it found.
        untold: When the first of the audits began that were cut off since the last report; None where none was.

    Returns:
        The past of each finding, in their order; and what is gone since the last report.
    """
    rows = session.scalars(select(AuditFinding).where(AuditFinding.device == noted.device)).all()
    still = {(row.rule, row.device, row.owner, row.about): row for row in rows if row.gone_at is None}
    before: dict[Key, int] = {}
    for row in rows:
        if row.gone_at is not None:
            key = (row.rule, row.device, row.owner, row.about)
            before[key] = before.get(key, 0) + 1
    pasts = []
    for finding in noted.findings:
        known = still.pop(finding.key, None)
        if known is None:
            rule, name, owner, about = finding.key
            known = AuditFinding(
                rule=rule, device=name, owner=owner, about=about, first_seen=at, nights=0, gone_at=None
            )
            session.add(known)
        known.severity, known.what, known.last_seen, known.nights = (
            int(finding.severity),
            finding.what,
            at,
            known.nights + 1,
        )
        pasts.append(Past(known.first_seen, known.nights, before.get(finding.key, 0)))
    gone = []
    for key, row in still.items():
        if noted.closes(row.rule, row.owner):
            row.gone_at = at
            gone.append(PastFinding(key, row.severity, row.what, row.first_seen, row.nights))
    found = {finding.key for finding in noted.findings}
    for row in rows:
        # An audit that was cut off saw it go, and told nobody.
        key = (row.rule, row.device, row.owner, row.about)
        if untold is not None and row.gone_at is not None and untold <= row.gone_at < at and key not in found:
            gone.append(PastFinding(key, row.severity, row.what, row.first_seen, row.nights))
    return pasts, gone


def trend(session: Session, selection: str, most: int) -> list[AuditEntry]:
    """The last complete audits of a selection, the oldest first."""
    query = (
        select(Audit)
        .where(Audit.selection == selection, Audit.is_complete, Audit.finished_at.is_not(None))
        .order_by(Audit.id.desc())
        .limit(most)
    )
    return [_entry(row) for row in reversed(session.scalars(query).all())]


def cut_off(session: Session, selection: str, is_alive: Callable[[Audit], bool]) -> list[AuditEntry]:
    """Audits of a selection without an end, newer than its last one with an end; the oldest first."""
    last = session.scalar(
        select(func.max(Audit.id)).where(Audit.selection == selection, Audit.finished_at.is_not(None))
    )
    query = (
        select(Audit)
        .where(Audit.selection == selection, Audit.finished_at.is_(None), Audit.id > (last or 0))
        .order_by(Audit.id)
    )
    return [_entry(row, is_under_way=is_alive(row)) for row in session.scalars(query)]


def planned(session: Session, device: str, since: datetime) -> list[Run]:
    """The runs that have begun to change a device since a moment and have not written down how that ended."""
    query = (
        select(Run)
        .join(Transaction, Transaction.run_id == Run.id)
        .join(Device, Device.transaction_id == Transaction.id)
        .where(Device.name == device, Transaction.result.is_(None), Run.dry_run.is_(False), Run.finished_at.is_(None))
        .where(Transaction.planned_at >= since)
    )
    return list(session.scalars(query))


def is_pushed_since(session: Session, device: str, at: datetime) -> bool:
    """Whether a push began to change a device since a moment, whatever came of it."""
    query = (
        select(Transaction.id)
        .join(Run, Run.id == Transaction.run_id)
        .join(Device, Device.transaction_id == Transaction.id)
        .where(Device.name == device, Run.dry_run.is_(False), Transaction.planned_at >= at)
        .limit(1)
    )
    return session.scalar(query) is not None


def standing(session: Session, device: str, since: datetime, is_under_way: Callable[[Run], bool]) -> Standing:
    """All that is known of a device; a push that began before a moment is not at work on it any more."""
    learnt = states(session, [device]).get(device, Learnt(device))
    return Standing(
        learnt=learnt,
        newest=parts.newest(session, [device]).get(device, ""),
        deployed=parts.deployed(session, device),
        is_being_pushed=any(map(is_under_way, planned(session, device, since))),
        was_pushed=learnt.observed_at is not None and is_pushed_since(session, device, learnt.observed_at),
    )


def expire(session: Session, before: datetime) -> None:
    """Forget audits and findings that ended before a moment."""
    session.execute(delete(Audit).where(Audit.started_at < before))
    session.execute(delete(AuditFinding).where(AuditFinding.gone_at < before))


def _entry(row: Audit, *, is_under_way: bool = False) -> AuditEntry:
    counts = json.loads(row.counts) if row.counts else {}
    return AuditEntry(
        row.id, row.started_at, row.actor, row.selection, row.devices, row.is_complete, counts, is_under_way
    )


def _batches(names: Collection[str]) -> Iterable[Sequence[str]]:
    ordered = list(names)
    return (ordered[start : start + _MOST_NAMES] for start in range(0, len(ordered), _MOST_NAMES))
