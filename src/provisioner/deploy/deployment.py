"""Provision subjects: look, ask, push, record. The transaction itself is in `transaction`, many of them in `campaign`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from provisioner.deploy.batches import FailureLimit
from provisioner.deploy.model import INTERRUPTED, Outcome, Result
from provisioner.deploy.parts import PartReader
from provisioner.deploy.recorder import Recorder
from provisioner.deploy.transaction import Service, Steps, Transaction, moved_since
from provisioner.errors import DeviceError, ProvisionerError
from provisioner.intent.model import Uplink
from provisioner.intent.types import PlatformName
from provisioner.intent.versions import VersionPolicy
from provisioner.network.interrupts import Interruption
from provisioner.network.session import Network
from provisioner.plan.candidate import Intended, candidate
from provisioner.plan.impact import impact_of
from provisioner.plan.model import DeviceRole, PartChange, Plan, Target
from provisioner.plan.parts import Parts
from provisioner.plan.subject import Subject
from provisioner.platforms import platform_for
from provisioner.secrets import SecretProvider, reveal, tokens_by_value

REVERT_MARGIN_SECONDS: Final = 120
"""How much longer than validation a revert timer runs: time to commit on the other devices and to confirm on all."""

SESSIONS_PER_SUBJECT: Final = 3
"""Routers of a dual-homed location."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says of how to go about it.

    Attributes:
        dry_run: Whether to stop after the diff.
        deadline_seconds: How long validation may wait for convergence, per stage of a push.
        revert_in_seconds: The revert timer on the routers; longer than the deadline.
        workers: Subjects that are worked on at once.
        accept_drift: Whether to push over what somebody changed by hand.
        accept_version: Whether to push to routers whose version the inventory does not allow.
        max_impact: The highest impact score that may be pushed; None for any.
        max_failures: How many failed subjects a run of several bears.
        asks: Whether a person is there to answer.
    """

    dry_run: bool
    deadline_seconds: float
    revert_in_seconds: int
    workers: int = 1
    accept_drift: bool = False
    accept_version: bool = False
    max_impact: int | None = None
    max_failures: FailureLimit = field(default_factory=lambda: FailureLimit(0))
    asks: bool = False


class Approver(Protocol):
    """Shows what would be done and asks; without a clear yes the answer is no."""

    def one(self, plan: Plan) -> bool:
        """May this be pushed? Asks apart about what it goes over."""
        ...  # pragma: no cover

    def many(self, looked_at: Sequence[Outcome]) -> bool:
        """May all of these be pushed that have a plan and no error?"""
        ...  # pragma: no cover

    def over_drift(self, plans: Sequence[Plan]) -> bool:
        """May these, too, be pushed, over what somebody changed by hand?"""
        ...  # pragma: no cover


@dataclass(frozen=True)
class Deployment:
    """What one run of `provision` works with.

    Attributes:
        intended: What a target of a subject is to be; secrets are tokens.
        secrets: Where values come from.
        network: The routers.
        service: What looks at a subject's service.
        approver: Asked before a push.
        announce: Told the subject and the phase that begins.
        record: This run in the journal.
        surroundings: What the inventory says of every part of an aggregation router; None where nobody asks for other parts.
        settings: How to go about it.
        interruption: Asked between steps whether the run is to end.
        versions: What a platform's routers may run.
    """

    intended: Callable[[Subject, Target], Intended]
    secrets: SecretProvider
    network: Network
    service: Callable[[Subject], Service]
    approver: Approver
    announce: Callable[[str, str], None]
    record: Recorder
    surroundings: Callable[[str], Parts] | None
    settings: Settings
    interruption: Interruption
    versions: Callable[[PlatformName], VersionPolicy] = lambda _: VersionPolicy()

    def provision(self, subject: Subject, approved: Plan | None = None) -> Outcome:
        """Bring one subject to what is intended; trouble is in the outcome, not raised.

        Args:
            subject: A location, or the base of an aggregation router.
            approved: What was agreed to when all subjects of the run were looked at; None asks now. A change since then
                stops the push.
        """
        outcome = self._told(subject, lambda began: self._provision(subject, approved, began))
        self.record.outcome(outcome)
        # What was deployed is in the journal now: a run over a whole fleet does not keep its configs.
        return replace(outcome, changes=())

    def look(self, subject: Subject) -> Outcome:
        """What a push of this subject would change; takes no lock and changes nothing. Trouble is in the outcome."""
        return self._told(subject, lambda _began: self._look(subject))

    def look_at_all(self, subjects: Sequence[Subject]) -> Iterator[Outcome]:
        """Look at subjects side by side.

        Yields:
            One outcome per subject, in their order; after an interruption none of the rest.
        """
        # A session holds one candidate: subjects that share a router take turns on it.
        turns = {target.device: threading.Lock() for subject in subjects for target in subject.targets}

        def look(subject: Subject) -> Outcome:
            with ExitStack() as held:
                for device in sorted(target.device for target in subject.targets):
                    held.enter_context(turns[device])
                outcome = self.look(subject)
                self.part_with(subject)
                return outcome

        pool = ThreadPoolExecutor(max_workers=self.settings.workers, thread_name_prefix="look")
        try:
            for outcome in pool.map(look, subjects):
                yield outcome
                if outcome.error_number == INTERRUPTED:
                    return
        finally:
            pool.shutdown(cancel_futures=True)

    def part_with(self, subject: Subject) -> None:
        """Close the session with a subject's edge router; aggregation routers are needed again."""
        self.network.part_with([target.device for target in subject.targets if target.role is DeviceRole.EDGE])

    def refusal(self, plan: Plan) -> DeviceError | None:
        """Why a plan must not be pushed as things are; None where it may."""
        if plan.is_empty:
            return None
        limit = self.settings.max_impact
        if limit is not None and (impact := impact_of(plan)).score > limit:
            reasons = f" ({'; '.join(impact.reasons)})" if impact.reasons else ""
            return DeviceError(
                f"impact {impact.score} is above --max-impact {limit}{reasons}",
                where=plan.subject,
                remedy="look at the diff; provision it by itself, or with a higher limit",
                number="PV5005",
            )
        if not (self.settings.accept_version or self.settings.dry_run) and (why := unfit(plan)) is not None:
            return why
        if plan.is_drifted and not (self.settings.accept_drift or self.settings.asks or self.settings.dry_run):
            return drifted(plan)
        return None

    def _told(self, subject: Subject, work: Callable[[float], Outcome]) -> Outcome:
        began = time.monotonic()
        try:
            outcome = work(began)
        except ProvisionerError as error:
            outcome = Outcome(subject.name, subject.title, Result.FAILED, error=str(error), error_number=error.number)
        except KeyboardInterrupt:
            error_text = "interrupted before anything was pushed"
            outcome = Outcome(subject.name, subject.title, Result.FAILED, error=error_text, error_number=INTERRUPTED)
        return outcome if outcome.seconds else replace(outcome, seconds=time.monotonic() - began)

    def _look(self, subject: Subject) -> Outcome:
        transaction, parts = self._transaction(subject, exclusive=False)
        try:
            plan = transaction.prepare()
        finally:
            transaction.release()
        why = self.refusal(plan)
        if why is not None:
            return refused(plan, why)
        if plan.is_empty:
            return Outcome(subject.name, subject.title, Result.IN_SYNC, plan, changes=self._deployed(parts))
        return Outcome(subject.name, subject.title, Result.DIFFERENCES, plan)

    def _provision(self, subject: Subject, approved: Plan | None, began: float) -> Outcome:
        transaction, parts = self._transaction(subject, exclusive=True)
        try:
            plan = transaction.prepare()
            if plan.is_empty:
                transaction.release()
                return Outcome(subject.name, subject.title, Result.IN_SYNC, plan, changes=self._deployed(parts))
            why = self.refusal(plan)
            if approved is not None and plan.basis != approved.basis:
                why = moved_since(subject.name)
            if why is not None:
                transaction.release()
                return refused(plan, why)
            self.record.plan(plan)
            asked = time.monotonic()
            if approved is None and not self.approver.one(plan):
                transaction.release()
                return Outcome(subject.name, subject.title, Result.DECLINED, plan, seconds=asked - began)
        except BaseException:
            # Whatever it was (a closed pipe, a fault of ours): no router stays locked for it.
            transaction.release()
            raise
        thinking = time.monotonic() - asked
        outcome = transaction.push(plan)
        return replace(outcome, seconds=time.monotonic() - began - thinking)

    def _deployed(self, parts: PartReader) -> tuple[PartChange, ...]:
        """What runs is what is intended: from now on that is what was deployed, whoever did it."""
        return () if self.settings.dry_run else parts.changes()

    def _transaction(self, subject: Subject, *, exclusive: bool) -> tuple[Transaction, PartReader]:
        intended = {target.device: self.intended(subject, target) for target in subject.targets}
        texts = [text for each in intended.values() for text in (each.base, *each.slices.values()) if text is not None]
        parts = PartReader(
            deployed=self.record.deployed,
            intended=self.surroundings,
            tokens=lambda: tokens_by_value(texts, self.secrets),
        )

        def load(target: Target, running: str) -> str:
            text = candidate(platform_for(target.platform), target, intended[target.device], running)
            return reveal(text, self.secrets, where=target.device)

        def hold(target: Target, running: str, uplink: Uplink) -> str | None:
            peers = (str(uplink.aggregation_ipv4.ip), str(uplink.aggregation_ipv6.ip))
            platform = platform_for(target.platform)
            return platform.hold(running, load(target, running), uplink.edge_interface, peers)

        steps = Steps(
            candidate=load,
            held=hold,
            service=self.service(subject),
            parts=parts,
            announce=lambda phase: self.announce(subject.name, phase),
            validation_seconds=self.settings.deadline_seconds,
            revert_in_seconds=self.settings.revert_in_seconds,
            message=f"provision {subject.name}",
            versions=lambda target: self.versions(target.platform),
            exclusive=exclusive,
        )
        return Transaction(subject, self.network, steps, self.interruption), parts


def refused(plan: Plan, why: DeviceError) -> Outcome:
    """The outcome of a plan that must not be pushed."""
    return Outcome(plan.subject, plan.title, Result.FAILED, plan, error=str(why), error_number=why.number)


def unfit(plan: Plan) -> DeviceError | None:
    """The error of a push to a router whose version will not do; None where all will."""
    found = [diff for diff in plan.diffs if diff.version_refused and not diff.is_empty]
    if not found:
        return None
    return DeviceError(
        found[0].version_refused,
        where=", ".join(diff.target.device for diff in found),
        remedy="upgrade it first; or push with --accept-version, or mend allowed_versions in service.yaml",
        number="PV5006",
    )


def drifted(plan: Plan) -> DeviceError:
    """The error of a push that would go over what somebody changed by hand."""
    devices = [diff.target.device for diff in plan.diffs if diff.drift and not diff.is_empty]
    return DeviceError(
        "somebody changed this router by hand since the last confirm, and the push would take that back",
        where=", ".join(devices),
        remedy="look at the dry run; then push with --accept-drift, or put the change into the inventory (provision adopt)",
        number="PV5004",
    )
