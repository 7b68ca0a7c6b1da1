"""Provision subjects: plan, ask, push, record. The transaction itself is in `transaction`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from provisioner.deploy.model import INTERRUPTED, Outcome, Result
from provisioner.deploy.recorder import Recorder
from provisioner.deploy.transaction import Steps, Transaction
from provisioner.errors import ProvisionerError
from provisioner.intent.model import Fleet, Slice
from provisioner.network.interrupts import held_back
from provisioner.network.session import Network
from provisioner.plan.candidate import Intended, candidate
from provisioner.plan.model import DeviceRole, Plan, Target
from provisioner.plan.subject import Subject
from provisioner.platforms import platform_for
from provisioner.render.engine import Renderer
from provisioner.secrets import SecretProvider, reveal
from provisioner.validate.model import Check


@dataclass(frozen=True)
class Deployment:
    """What one run of `provision` works with.

    Attributes:
        fleet: The inventory.
        renderer: The templates.
        secrets: Where values come from.
        network: The routers.
        validator: Looks at a subject's service until it is well or the deadline passes.
        approve: Asked before a push; False declines.
        announce: Told the subject and the phase that begins.
        record: This run in the journal.
        dry_run: Whether to stop after the diff.
        deadline_seconds: How long validation may wait.
        workers: How many subjects a dry run looks at at once.
        stopped: Set by an interruption that came when a subject was through: no further one is begun.
    """

    fleet: Fleet
    renderer: Renderer
    secrets: SecretProvider
    network: Network
    validator: Callable[[Network, Fleet, Subject, float], Sequence[Check]]
    approve: Callable[[Plan], bool]
    announce: Callable[[str, str], None]
    record: Recorder
    dry_run: bool
    deadline_seconds: float
    workers: int = 1
    stopped: threading.Event = field(default_factory=threading.Event)

    def provision_all(self, subjects: Sequence[Subject]) -> Iterator[Outcome]:
        """Bring subjects to what the inventory says, in their order: pushes one after the other, dry runs side by side.

        Yields:
            One outcome per subject; after an interruption of a push none of the rest.
        """
        if self.dry_run:
            yield from self._look_at_all(subjects)
            return
        for subject in subjects:
            outcome = self.provision(subject)
            yield outcome
            if outcome.error_number == INTERRUPTED or self.stopped.is_set():
                return

    def _look_at_all(self, subjects: Sequence[Subject]) -> Iterator[Outcome]:
        # A session holds one candidate: subjects that share a router take turns on it.
        turns = {target.device: threading.Lock() for subject in subjects for target in subject.targets}

        def look(subject: Subject) -> Outcome:
            with ExitStack() as held:
                for device in sorted(target.device for target in subject.targets):
                    held.enter_context(turns[device])
                return self.provision(subject)

        pool = ThreadPoolExecutor(max_workers=self.workers, thread_name_prefix="look")
        try:
            yield from pool.map(look, subjects)
        finally:
            pool.shutdown(cancel_futures=True)

    def provision(self, subject: Subject) -> Outcome:
        """Bring one subject to what the inventory says; trouble is in the outcome, not raised."""
        began = time.monotonic()
        try:
            outcome = self._provision(subject, began)
        except ProvisionerError as error:
            outcome = Outcome(subject.name, subject.title, Result.FAILED, error=str(error), error_number=error.number)
        except KeyboardInterrupt:
            outcome = Outcome(
                subject.name,
                subject.title,
                Result.FAILED,
                error="interrupted before anything was pushed",
                error_number=INTERRUPTED,
            )
        if not outcome.seconds:
            outcome = replace(outcome, seconds=time.monotonic() - began)
        with held_back() as late:
            self.record.outcome(outcome)
            if late.take() is not None:
                self.stopped.set()
        return outcome

    def _provision(self, subject: Subject, began: float) -> Outcome:
        intended = {target.device: self._intended(subject, target) for target in subject.targets}

        def load(target: Target, running: str) -> str:
            text = candidate(platform_for(target.platform), target, intended[target.device], running)
            return reveal(text, self.secrets, where=target.device)

        steps = Steps(
            candidate=load,
            validate=lambda: self.validator(self.network, self.fleet, subject, self.deadline_seconds),
            announce=lambda phase: self.announce(subject.name, phase),
            validation_seconds=self.deadline_seconds,
            message=f"provision {subject.name}",
            exclusive=not self.dry_run,
        )
        transaction = Transaction(subject, self.network, steps)
        plan: Plan | None = None
        try:
            plan = transaction.prepare()
            if plan.is_empty or self.dry_run:
                transaction.release()
                return Outcome(
                    subject.name, subject.title, Result.IN_SYNC if plan.is_empty else Result.DIFFERENCES, plan
                )
            self.record.plan(plan)
            asked = time.monotonic()
            if not self.approve(plan):
                transaction.release()
                return Outcome(subject.name, subject.title, Result.DECLINED, plan, seconds=asked - began)
        except BaseException:
            # Whatever it was (a closed pipe, a fault of ours): no router stays locked for it.
            with held_back():
                transaction.release()
            raise
        thinking = time.monotonic() - asked
        outcome = transaction.push(plan)
        return replace(outcome, seconds=time.monotonic() - began - thinking)

    def _intended(self, subject: Subject, target: Target) -> Intended:
        """What the templates say for a target. Raises RenderError."""
        if target.role is DeviceRole.EDGE:
            if subject.location is None:  # pragma: no cover - a subject with an edge router is a location
                raise ValueError(subject.name)
            return Intended(base=self.renderer.edge(self.fleet, subject.location))
        base = self.renderer.aggregation_base(self.fleet, target.device) if target.includes_base else None
        slices: dict[str, str | None] = {}
        for code in target.slices:
            location = self.fleet.locations[code]
            uplink = next(uplink for uplink in location.uplinks if uplink.aggregation_router == target.device)
            slices[code] = self.renderer.aggregation_slice(self.fleet, Slice(location, uplink))
        return Intended(base, slices)
