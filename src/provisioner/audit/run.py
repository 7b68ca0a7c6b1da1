"""One audit: ask every device, judge what it tells, write down what was found, and make the report of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

from napalm.base import NetworkDriver

from provisioner.audit import judging
from provisioner.audit.config import CONFIG_RULES
from provisioner.audit.fetching import Reading, Wanted, read
from provisioner.audit.judging import Known
from provisioner.audit.model import (
    AuditReport,
    DeviceAudit,
    Finding,
    Gone,
    Night,
    Noted,
    Owner,
    Severity,
    Status,
    Tier,
)
from provisioner.audit.observation import Observation
from provisioner.audit.scope import Scope
from provisioner.audit.service import audit_expectations
from provisioner.audit.since import baseline, bgp_restarted, without_explained_flaps
from provisioner.errors import DeviceError, RenderError, UsageError
from provisioner.intent.model import Fleet
from provisioner.journal.audits import AuditEntry, Learnt, Past, PastFinding, ToNote
from provisioner.journal.store import Journal
from provisioner.network.pacing import Pace
from provisioner.network.session import Answer
from provisioner.plan.candidate import Intended
from provisioner.plan.model import Target
from provisioner.plan.subject import Subject
from provisioner.secrets import SecretProvider, tokens_by_value

T = TypeVar("T")
G = TypeVar("G")

NIGHTS_OF_TREND: Final = 90
_WRITTEN_AT_ONCE: Final = 50
"""Devices of which the findings go to the journal in one transaction."""
_FLAP: Final = "AUD025"
_OUT_OF_REACH: Final = frozenset({"AUD010", "AUD011", "AUD012", "AUD013"})


@dataclass(frozen=True, slots=True)
class Settings:
    """How an audit goes about it.

    Attributes:
        workers: Devices at once.
        per_aggregation_point: Devices of one aggregation point at once; None for any number.
        logins_a_second: New sessions in a second, over all; None for any number.
        deadline_seconds: After which no further device is begun; None for never.
        device_seconds: After which a device counts as out of reach.
        deep: Whether to compare the whole config also where the signature says that nothing has changed.
        accept: Whether system files, listening services and settings are right from now on as they are found.
    """

    workers: int = 20
    per_aggregation_point: int | None = None
    logins_a_second: float | None = None
    deadline_seconds: float | None = None
    device_seconds: float = 120.0
    deep: bool = False
    accept: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What the journal keeps of an audit.

    Attributes:
        command: The command line, without passwords.
        commit: The inventory's commit.
        actor: Who runs it: `user@host`.
        selection: What is audited, in the words of the command line.
        again: How a command begins that works on the same routers from the same sources.
    """

    command: str
    commit: str
    actor: str
    selection: str
    again: str


class Progress(Protocol):
    """Told how far an audit is."""

    def expect(self, total: int, /) -> None:
        """So many devices."""
        ...  # pragma: no cover

    def done(self, subject: str, /, *, failed: bool = False) -> None:
        """A device is through."""
        ...  # pragma: no cover


class Routers(Protocol):
    """Who asks the routers: threads here (`network.session.Network`), or Dask workers on several machines (`network.spread.Spread`)."""

    def each(
        self,
        devices: Sequence[str],
        given: Callable[[str], G],
        work: Callable[[NetworkDriver, G], T],
        name: str,
        pace: Pace,
        device_seconds: float,
    ) -> Iterator[Answer[T]]:
        """See `Network.each`."""
        ...  # pragma: no cover


class Audit:
    """One audit of devices.

    Args:
        fleet: The inventory, or as much of it as is needed.
        scopes: The devices.
        intended: What a target of a subject is to be; secrets are tokens.
        secrets: Where values come from.
        network: The routers.
        journal: Where the past is, and where this audit goes.
        record: What is kept of it.
        settings: How to go about it.
        progress: Told how far it is.
        is_wanted: Whether it is to end before its time.
        clock: Gives the moment, with its time zone.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        scopes: Sequence[Scope],
        intended: Callable[[Subject, Target], Intended],
        secrets: SecretProvider,
        network: Routers,
        journal: Journal,
        record: Record,
        settings: Settings,
        progress: Progress,
        is_wanted: Callable[[], bool] = lambda: False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fleet = fleet
        self._scopes = {scope.device: scope for scope in scopes}
        self._intended = intended
        self._secrets = secrets
        self._network = network
        self._journal = journal
        self._record = record
        self._settings = settings
        self._progress = progress
        self._is_wanted = is_wanted
        self._clock = clock
        self._began = time.monotonic()
        self._started_at = clock()
        self._restarted: set[str] = set()
        self._untold: datetime | None = None

    def run(self) -> AuditReport:
        """Look at every device. Until `conclude` the journal knows of no end: who dies before the report is written was cut off.

        Raises:
            JournalError: the journal cannot be read or written; nothing can be said about drift without it.
            UsageError: another audit of the same selection is under way.
        """
        self._started_at, self._began = self._clock(), time.monotonic()
        number = self._journal.begin_audit(
            command=self._record.command,
            commit=self._record.commit,
            actor=self._record.actor,
            selection=self._record.selection,
            devices=len(self._scopes),
            at=self._started_at,
        )
        # Looked at after our own was begun: of two that begin at the same moment one sees the other.
        earlier = [entry for entry in self._journal.audits_without_end(self._record.selection) if entry.number < number]
        for entry in earlier:
            if entry.is_under_way:
                self._journal.withdraw_audit(number)
                raise UsageError(
                    f"an audit of the same devices is under way: {entry.actor} began it at {entry.started_at:%H:%M} UTC",
                    remedy="wait for its end",
                    number="PV0160",
                )
        # What audits that were cut off wrote down they told nobody.
        self._untold = min((entry.started_at for entry in earlier), default=None)
        self._progress.expect(len(self._scopes))
        devices: list[DeviceAudit] = []
        noted: list[Noted] = []
        gone: list[Gone] = []
        for batch in _batches(self._judged(), _WRITTEN_AT_ONCE):
            new, ended = self._noted(batch)
            noted += new
            gone += ended
            devices += [audit for audit, _ in batch]
        left = tuple(sorted(self._scopes.keys() - {audit.device for audit in devices}))
        report = AuditReport(
            command=self._record.command,
            commit=self._record.commit,
            run_id=number,
            started_at=self._started_at,
            finished_at=self._clock(),
            devices=tuple(sorted(devices, key=lambda audit: audit.device)),
            noted=tuple(sorted(noted, key=lambda each: (-each.finding.severity, *each.finding.key))),
            gone=tuple(gone),
            left=left,
            stopped=self._why_stopped() if left else "",
            earlier=tuple(_told(entry) for entry in earlier),
            owners=self._owners({*(each.finding.owner for each in noted), *(each.owner for each in gone)}),
            again=self._record.again,
        )
        before = self._journal.trend(self._record.selection, NIGHTS_OF_TREND)
        trend = [_night(entry) for entry in before]
        if report.is_complete:
            trend = [*trend, _tonight(report)][-NIGHTS_OF_TREND:]
        return replace(report, trend=tuple(trend))

    # --- devices ------------------------------------------------------------------------------------------------------

    def _judged(self) -> Iterator[tuple[DeviceAudit, Learnt | None]]:
        """Every device that was looked at, once; those that a push changed meanwhile were looked at again."""
        moved: list[str] = []
        flapped: list[tuple[DeviceAudit, Learnt | None]] = []
        for device, answer in self._asked(tuple(self._scopes), deep=self._settings.deep):
            judged = self._judge(device, answer)
            if judged is None:
                moved.append(device)
                continue
            self._progress.done(device, failed=judged[0].status.is_trouble)
            if any(finding.rule == _FLAP for finding in judged[0].findings):
                # Whether the other end was restarted is known when it was looked at.
                flapped.append(judged)
            else:
                yield judged
        for device, answer in self._asked(moved, deep=True) if moved else ():
            judged = self._judge(device, answer) or self._moving(device)
            self._progress.done(device, failed=judged[0].status.is_trouble)
            yield judged
        for audit, learnt in flapped:
            findings = without_explained_flaps(self._fleet, audit.device, audit.findings, self._restarted)
            yield replace(audit, findings=findings), learnt

    def _asked(self, devices: Sequence[str], *, deep: bool) -> Iterator[tuple[str, Answer[Reading]]]:
        wanted = self._wanted(devices, deep=deep)
        answers = self._network.each(devices, wanted, read, "audit", self._pace(), self._settings.device_seconds)
        return ((answer.device, answer) for answer in answers)

    def _wanted(self, devices: Sequence[str], *, deep: bool) -> Callable[[str], Wanted]:
        signatures: dict[str, str] = {}
        if not deep:
            newest = self._journal.newest_deployed(devices)
            for learnt in self._journal.learnt(devices).values():
                if learnt.signature and learnt.deployed == newest.get(learnt.device):
                    signatures[learnt.device] = learnt.signature

        def wanted(device: str) -> Wanted:
            scope = self._scopes[device]
            expectations = audit_expectations(self._fleet, device, scope.codes)
            return Wanted(scope.platform, signatures.get(device, ""), expectations)

        return wanted

    def _pace(self) -> Pace:
        settings = self._settings
        return Pace(
            settings.workers,
            {scope.device: scope.aggregation_points for scope in self._scopes.values()},
            per_lane=settings.per_aggregation_point,
            logins_a_second=settings.logins_a_second,
            proceed=lambda: not self._why_stopped(),
        )

    def _why_stopped(self) -> str:
        if self._is_wanted():
            return "interrupted"
        limit = self._settings.deadline_seconds
        return "deadline" if limit is not None and time.monotonic() - self._began > limit else ""

    def _judge(self, device: str, answer: Answer[Reading]) -> tuple[DeviceAudit, Learnt | None] | None:
        """What one device's answer says; None where a push changed it while it was asked."""
        scope, again = self._scopes[device], self._record.again
        if answer.error is not None or answer.value is None:
            error = answer.error or DeviceError("it told nothing", where=device, number="PV5900")
            return judging.unreadable(scope, error), None
        reading = answer.value
        standing = self._journal.standing(device)
        before, states = standing.learnt, standing.deployed
        try:
            intended = scope.intended(self._intended)
        except RenderError as error:
            trouble = DeviceError(error.what, where=error.where, remedy=error.remedy, number=error.number)
            return judging.unreadable(scope, trouble), None
        texts = [text for text in (*intended.values(), *(state.text for state in states.values())) if text is not None]
        known = Known(
            intended=intended,
            deployed={owner: state.text for owner, state in states.items()},
            tokens=tokens_by_value(texts, self._secrets),
            observation=Observation.from_json(before.observation) if before.observation else None,
            is_signature_known=bool(before.signature) and reading.signature == before.signature,
            was_provisioned=standing.was_pushed,
            is_being_pushed=standing.is_being_pushed,
        )
        seen, before_it = reading.observation, known.observation
        if seen is not None and before_it is not None and bgp_restarted(seen, before_it):
            self._restarted.add(device)
        audit = judging.judge(self._fleet, scope, reading, known, again)
        asked_at = self._clock().timestamp() - reading.seconds
        if audit.status is Status.DRIFTED and any(state.at.timestamp() >= asked_at for state in states.values()):
            return None
        return audit, self._learnt(scope, reading, known, audit, before, standing.newest)

    def _moving(self, device: str) -> tuple[DeviceAudit, Learnt | None]:
        """A device that was changed again and again while it was asked."""
        return judging.under_way(self._scopes[device]), None

    def _learnt(
        self, scope: Scope, reading: Reading, known: Known, audit: DeviceAudit, before: Learnt, newest: str
    ) -> Learnt | None:
        """What the next audit is to know of a device; None where nothing is to be kept of a push that is under way."""
        if audit.status is Status.UNDER_WAY:
            return None
        signature = ""
        if reading.is_steady and judging.is_as_confirmed(audit.parts, known.deployed, scope):
            signature = reading.signature
        elif not scope.is_whole:
            # One slice says nothing about the router's others.
            signature = before.signature
        seen = reading.observation
        if seen is None or not scope.is_whole:
            return replace(before, signature=signature, deployed=newest)
        kept = baseline(seen, known.observation, accept=self._settings.accept)
        return Learnt(scope.device, signature, newest, kept.to_json(), self._clock())

    # --- findings -----------------------------------------------------------------------------------------------------

    def _noted(self, batch: Sequence[tuple[DeviceAudit, Learnt | None]]) -> tuple[list[Noted], list[Gone]]:
        to_note = [ToNote(audit.device, audit.findings, self._closes(audit)) for audit, _ in batch]
        learnt = [learnt for _, learnt in batch if learnt is not None]
        answers = self._journal.note(self._started_at, to_note, learnt, self._untold)
        noted: list[Noted] = []
        gone: list[Gone] = []
        for (audit, _), (pasts, ended) in zip(batch, answers, strict=True):
            noted += [
                Noted(finding, past.first_seen, past.nights, past.times_before, is_new=self._is_new(past))
                for finding, past in zip(audit.findings, pasts, strict=True)
            ]
            gone += [_gone(each) for each in ended]
        return noted, gone

    def _is_new(self, past: Past) -> bool:
        return past.nights == 1 or (self._untold is not None and past.first_seen >= self._untold)

    def _closes(self, audit: DeviceAudit) -> Callable[[str, str], bool]:
        """Whether a finding of an earlier audit is gone where this one does not have it: not where nobody could look."""
        scope = self._scopes[audit.device]
        owners = {part.owner for part in audit.parts} | {scope.location}
        status = audit.status

        def closes(rule: str, owner: str) -> bool:
            if status.is_trouble:
                return rule in _OUT_OF_REACH
            if rule in _OUT_OF_REACH:
                return True
            if status is Status.UNDER_WAY:
                return False
            if audit.tier is Tier.NONE and rule in CONFIG_RULES:
                return False
            return scope.is_whole or owner in owners

        return closes

    def _owners(self, codes: Collection[str]) -> Mapping[str, Owner]:
        named = {*codes, *(scope.location for scope in self._scopes.values())}
        found = {}
        for code in sorted(named):
            location = self._fleet.locations.get(code)
            if location is not None:
                board = self._fleet.boards.get(location.board)
                found[code] = Owner(
                    code, location.name, location.municipality, location.board, board.name if board else ""
                )
        return found


def conclude(journal: Journal, report: AuditReport) -> None:
    """Write down that an audit came to its end and that its report is where it belongs. Raises JournalError."""
    journal.finish_audit(report.run_id, _counts(report), is_complete=report.is_complete)


def findings_by_severity(findings: Iterable[Finding]) -> Mapping[Severity, int]:
    """How many findings are how bad."""
    return Counter(finding.severity for finding in findings)


def _counts(report: AuditReport) -> Mapping[str, Mapping[str, int]]:
    statuses = Counter(device.status.value for device in report.devices)
    severities = findings_by_severity(noted.finding for noted in report.noted)
    return {"statuses": statuses, "severities": {severity.word: count for severity, count in severities.items()}}


def _night(entry: AuditEntry) -> Night:
    statuses, severities = entry.counts.get("statuses", {}), entry.counts.get("severities", {})
    return Night(
        entry.started_at,
        entry.devices,
        {status: statuses[status.value] for status in Status if status.value in statuses},
        {severity: severities[severity.word] for severity in Severity if severity.word in severities},
    )


def _tonight(report: AuditReport) -> Night:
    statuses = Counter(device.status for device in report.devices)
    severities = findings_by_severity(noted.finding for noted in report.noted)
    return Night(report.started_at, len(report.devices), statuses, severities)


def _gone(past: PastFinding) -> Gone:
    rule, device, owner, about = past.key
    return Gone(rule, Severity(past.severity), device, owner, about, past.what, past.first_seen, past.nights)


def _told(entry: AuditEntry) -> str:
    # Whose it was is in the journal, which forgets persons; reports are sent around.
    return f"the audit that began at {entry.started_at:%Y-%m-%d %H:%M} UTC was cut off before its end"


def _batches(
    each: Iterator[tuple[DeviceAudit, Learnt | None]], size: int
) -> Iterator[list[tuple[DeviceAudit, Learnt | None]]]:
    batch: list[tuple[DeviceAudit, Learnt | None]] = []
    for one in each:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
