"""Many subjects in one run: look at all, ask once, push a canary, then growing batches; stop where too much goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Protocol

from provisioner.deploy.batches import batches
from provisioner.deploy.deployment import Deployment, drifted, refused
from provisioner.deploy.model import INTERRUPTED, Outcome, Result
from provisioner.deploy.schedule import Schedule
from provisioner.plan.model import Plan
from provisioner.plan.subject import Subject


class Watcher(Protocol):
    """Told how far a run of many subjects is."""

    def expect(self, total: int, /) -> None:
        """So many subjects will be gone through."""
        ...  # pragma: no cover

    def batch(self, name: str, size: int, /) -> None:
        """A batch of so many subjects begins."""
        ...  # pragma: no cover

    def done(self, subject: str, /, *, failed: bool = False) -> None:
        """A subject is through."""
        ...  # pragma: no cover


class Campaign:
    """The pushes of one run.

    Args:
        deployment: How each subject is provisioned.
        watcher: Told how far the run is.

    Attributes:
        stopped: Why the run ended before all were through, in one line; empty where it did not.
    """

    def __init__(self, deployment: Deployment, watcher: Watcher) -> None:
        self._deployment = deployment
        self._watcher = watcher
        self._total = 0
        self._failures = 0
        self.stopped = ""

    def run(self, subjects: Sequence[Subject]) -> Iterator[Outcome]:
        """Provision all subjects: bases first and by themselves, since a slice may need what a base gets.

        Yields:
            One outcome per subject that was gone through.
        """
        self._total = len(subjects)
        self._watcher.expect(len(subjects))
        for group in (
            [subject for subject in subjects if subject.location is None],
            [subject for subject in subjects if subject.location is not None],
        ):
            if group and not self._is_stopping:
                for outcome in self._run_group(group):
                    self._watcher.done(outcome.subject, failed=outcome.result.is_trouble)
                    yield outcome

    def _run_group(self, subjects: Sequence[Subject]) -> Iterator[Outcome]:
        looked_at = {outcome.subject: outcome for outcome in self._look(subjects)}
        if self._interrupted():
            return
        looked_at |= self._without_unwanted_drift(list(looked_at.values()))
        plans = {
            name: outcome.plan
            for name, outcome in looked_at.items()
            if outcome.result is Result.DIFFERENCES and outcome.plan is not None
        }
        agreed = not plans or self._approve(list(looked_at.values()))
        for outcome in looked_at.values():
            if outcome.subject not in plans:
                yield self._ended(outcome)
            elif not agreed:
                yield self._ended(replace(outcome, result=Result.DECLINED))
        self._judge()
        if plans and agreed:
            yield from self._push([subject for subject in subjects if subject.name in plans], plans)
        elif plans:
            self.stopped = self.stopped or "declined"

    def _look(self, subjects: Sequence[Subject]) -> Iterator[Outcome]:
        self._watcher.batch("comparing", len(subjects))
        for outcome in self._deployment.look_at_all(subjects):
            if outcome.error_number == INTERRUPTED:
                return
            yield outcome

    def _without_unwanted_drift(self, looked_at: Sequence[Outcome]) -> dict[str, Outcome]:
        """Subjects over whose drift nobody wants to push, as failures."""
        found = [
            (outcome, outcome.plan)
            for outcome in looked_at
            if outcome.result is Result.DIFFERENCES and outcome.plan is not None and outcome.plan.is_drifted
        ]
        settings = self._deployment.settings
        if not found or settings.accept_drift:
            return {}
        if settings.asks and self._deployment.approver.over_drift([plan for _, plan in found]):
            return {}
        return {
            outcome.subject: replace(refused(plan, drifted(plan)), seconds=outcome.seconds) for outcome, plan in found
        }

    def _approve(self, looked_at: Sequence[Outcome]) -> bool:
        try:
            return self._deployment.approver.many(looked_at)
        except KeyboardInterrupt:
            return False

    def _ended(self, outcome: Outcome) -> Outcome:
        self._failures += outcome.result.is_trouble
        self._deployment.record.outcome(outcome)
        return replace(outcome, changes=())

    def _push(self, subjects: Sequence[Subject], plans: Mapping[str, Plan]) -> Iterator[Outcome]:
        for number, batch in enumerate(batches(subjects), start=1):
            if self._is_stopping:
                return
            self._watcher.batch("canary" if number == 1 else f"batch {number}", len(batch))
            for outcome in self._push_batch(batch, plans):
                failed = outcome.result.is_trouble
                self._failures += failed
                self._judge()
                if failed and number == 1 and len(subjects) > 1:
                    self.stopped = self.stopped or f"the canary {outcome.subject} failed"
                if outcome.result is Result.UNKNOWN:
                    self.stopped = self.stopped or f"a router of {outcome.subject} must be looked at first"
                yield replace(outcome, batch=number)

    def _judge(self) -> None:
        limit = self._deployment.settings.max_failures
        if not self._interrupted() and limit.is_exceeded(self._failures, self._total):
            self.stopped = self.stopped or f"{self._failures} of {self._total} failed, and --max-failures is {limit}"

    def _interrupted(self) -> bool:
        if self._deployment.interruption.is_wanted:
            self.stopped = self.stopped or "interrupted"
        return self._deployment.interruption.is_wanted

    def _push_batch(self, batch: Sequence[Subject], plans: Mapping[str, Plan]) -> Iterator[Outcome]:
        """Push subjects side by side, never two on one router; begin none after a stop."""
        schedule = Schedule(batch)
        under_way: dict[Future[Outcome], Subject] = {}
        workers = self._deployment.settings.workers
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="push") as pool:
            while True:
                while not self._is_stopping and len(under_way) < workers and (subject := schedule.next()) is not None:
                    under_way[pool.submit(self._work(subject, plans[subject.name]))] = subject
                if not under_way:
                    return
                ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in ended:
                    subject = under_way.pop(future)
                    schedule.done(subject)
                    yield future.result()

    @property
    def _is_stopping(self) -> bool:
        return bool(self.stopped) or self._deployment.interruption.is_wanted

    def _work(self, subject: Subject, plan: Plan) -> Callable[[], Outcome]:
        def work() -> Outcome:
            outcome = self._deployment.provision(subject, plan)
            self._deployment.part_with(subject)
            return outcome

        return work
