"""Many subjects in one run: each gone through once or left, the stop where it was asked for, one failure its own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.deploy.batches import FailureLimit
from provisioner.deploy.campaign import Campaign
from provisioner.deploy.deployment import Deployment, Settings
from provisioner.deploy.model import Outcome, Result
from provisioner.deploy.parts import PartReader
from provisioner.errors import DeviceError, UnreachableError
from provisioner.intent.types import PlatformName
from provisioner.network.interrupts import Interruption
from provisioner.network.session import Answer
from provisioner.plan.candidate import Intended
from provisioner.plan.model import DeviceRole, Plan, Target
from provisioner.plan.parts import Parts
from provisioner.plan.subject import Subject
from provisioner.secrets import EnvironmentSecrets
from provisioner.validate.model import Check

T = TypeVar("T")
FAILURES = {Result.FAILED, Result.ROLLED_BACK, Result.UNKNOWN}


class Router:
    """A router in memory that keeps commit-confirm's promises; an aggregation router (`ar…`) has a line per school."""

    def __init__(self, name: str) -> None:
        self.name, self.running, self.before, self.candidate, self.pending = name, "old\n", "old\n", "", False
        self.busy = threading.Lock()

    def get_config(self, **_: object) -> Mapping[str, str]:
        return {"running": self.running}

    def cli(self, commands: Sequence[str]) -> Mapping[str, str]:
        digest = hashlib.sha256(self.running.encode()).hexdigest()
        return dict.fromkeys(commands, f"{digest}  -")

    def load_replace_candidate(self, config: str) -> None:
        is_shared = self.name.startswith("ar")
        self.candidate = self.running + ("" if config in self.running else config) if is_shared else config

    def compare_config(self) -> str:
        if self.candidate == self.running:
            return ""
        # With all that runs as context: what others change beside it is no change of this plan.
        context = "".join(f" {line}\n" for line in self.running.splitlines())
        return f"--- f\n+++ f\n@@ -1,{len(context)} @@\n{context}+{self.candidate.splitlines()[-1]}"

    def discard_config(self) -> None:
        self.candidate = ""

    def has_pending_commit(self) -> bool:
        return self.pending

    def commit_config(self, message: str, revert_in: int) -> None:
        assert message
        assert revert_in
        self.before, self.running, self.pending = self.running, self.candidate, True

    def confirm_commit(self) -> None:
        self.pending = False

    def rollback(self) -> None:
        self.running, self.pending = self.before, False


class Routers:
    """Runs work on routers in memory; two at once on one router are found out."""

    def __init__(self, names: Sequence[str], unreachable: frozenset[str] = frozenset()) -> None:
        self.by_name = {name: Router(name) for name in names}
        self.unreachable = unreachable

    def run(self, devices: Sequence[str], work: Callable[[object, str], T], name: str) -> Mapping[str, Answer[T]]:
        return {device: self._one(device, work) for device in devices}

    def _one(self, device: str, work: Callable[[object, str], T]) -> Answer[T]:
        router = self.by_name[device]
        assert router.busy.acquire(blocking=False), f"two at once on {device}"
        try:
            if device in self.unreachable:
                return Answer(device, error=UnreachableError("no answer", where=device))
            return Answer(device, value=work(router, device))
        except DeviceError as error:
            return Answer(device, error=error)
        finally:
            router.busy.release()

    def log_in_anew(self, devices: Sequence[str]) -> Mapping[str, Answer[None]]:
        return self.run(devices, lambda _router, _device: None, "log in anew")

    def part_with(self, devices: Sequence[str]) -> None:
        assert set(devices) <= self.by_name.keys()


class Service:
    """A service that is well, or not."""

    checks: tuple[Check, ...] = ()

    def __init__(self, subject: Subject, sick: frozenset[str]) -> None:
        self._check = Check(subject.name, "BGP session", subject.name not in sick, "up", "down")

    def look(self) -> Service:
        return self

    def await_well(self, *_: object, **__: object) -> tuple[Check, ...]:
        return (self._check,)


class Record:
    """A journal in memory."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def deployed(self, _device: str) -> Parts:
        return {}

    def plan(self, plan: Plan) -> None:
        assert not plan.is_empty

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class Yes:
    """Agrees to everything, and may press Ctrl-C at the question."""

    def __init__(self, interruption: Interruption | None = None) -> None:
        self._interruption = interruption

    def one(self, _plan: Plan) -> bool:
        return True

    def many(self, _looked_at: Sequence[Outcome]) -> bool:
        if self._interruption is not None:
            self._interruption.press()
            raise KeyboardInterrupt
        return True

    def over_drift(self, _plans: Sequence[Plan]) -> bool:
        return False


class Watcher:
    """Keeps the batches."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, int]] = []

    def expect(self, _total: int) -> None:
        return

    def batch(self, name: str, size: int) -> None:
        self.batches.append((name, size))

    def done(self, _subject: str, *, failed: bool = False) -> None:
        return


def subject(number: int) -> Subject:
    """Five schools to an aggregation router, each with an edge router of its own."""
    targets = tuple(
        Target(device, DeviceRole.EDGE, PlatformName.FRR, includes_base=True)
        for device in (f"ar{number // 5}", f"er{number}")
    )
    return Subject(f"s{number}", f"school {number}", targets)


@pytest.fixture(autouse=True)
def _no_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The routers in memory have no config that could be taken apart."""
    monkeypatch.setattr(PartReader, "annotated", lambda _self, plan: plan)


class Run:
    """A campaign over routers in memory."""

    def __init__(
        self,
        count: int,
        *,
        sick: frozenset[int] = frozenset(),
        unreachable: frozenset[int] = frozenset(),
        limit: str = "0",
        workers: int = 4,
        approver: Yes | None = None,
        interruption: Interruption | None = None,
    ) -> None:
        self.subjects = [subject(number) for number in range(count)]
        names = sorted({target.device for each in self.subjects for target in each.targets})
        self.network = Routers(names, frozenset(f"er{number}" for number in unreachable))
        self.record, self.watcher = Record(), Watcher()
        sick_names = frozenset(f"s{number}" for number in sick)
        deployment = Deployment(
            intended=lambda each, _target: Intended(base=f"new of {each.name}\n"),
            secrets=EnvironmentSecrets({}),
            network=self.network,  # type: ignore[arg-type]
            service=lambda each: Service(each, sick_names),  # type: ignore[arg-type, return-value]
            approver=approver or Yes(),
            announce=lambda _subject, _phase: None,
            record=self.record,  # type: ignore[arg-type]
            surroundings=None,
            settings=Settings(
                dry_run=False,
                deadline_seconds=5,
                revert_in_seconds=60,
                workers=workers,
                max_failures=FailureLimit.parse(limit),
            ),
            interruption=interruption or Interruption(),
        )
        self.campaign = Campaign(deployment, self.watcher)
        self.outcomes = list(self.campaign.run(self.subjects))
        self.results = {outcome.subject: outcome.result for outcome in self.outcomes}

    @property
    def pushed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.batch]


def test_a_canary_goes_alone_and_the_batches_grow() -> None:
    run = Run(30)
    assert run.watcher.batches == [("comparing", 30), ("canary", 1), ("batch 2", 4), ("batch 3", 16), ("batch 4", 9)]
    assert run.results == {f"s{number}": Result.CONFIRMED for number in range(30)}


def test_a_canary_that_fails_stops_the_run_whatever_is_borne() -> None:
    run = Run(30, sick=frozenset({0}), limit="100%")
    assert run.results == {"s0": Result.ROLLED_BACK}
    assert "canary s0" in run.campaign.stopped


def test_a_school_that_cannot_be_reached_is_its_own_failure() -> None:
    run = Run(30, unreachable=frozenset({7}), limit="1")
    assert run.results["s7"] is Result.FAILED
    assert sum(result is Result.CONFIRMED for result in run.results.values()) == 29
    assert run.campaign.stopped == ""


def test_with_no_failure_borne_a_school_that_cannot_be_reached_stops_the_run_before_it_begins() -> None:
    run = Run(30, unreachable=frozenset({7}))
    assert run.results == {"s7": Result.FAILED}
    assert "1 of 30 failed, and --max-failures is 0" in run.campaign.stopped
    assert all(router.running == "old\n" for router in run.network.by_name.values())


def test_ctrl_c_at_the_question_pushes_nothing() -> None:
    interruption = Interruption()
    run = Run(6, approver=Yes(interruption), interruption=interruption)
    assert run.campaign.stopped == "interrupted"
    assert all(router.running == "old\n" for router in run.network.by_name.values())


limits = st.one_of(st.integers(0, 12).map(str), st.integers(0, 100).map(lambda percent: f"{percent}%"))
few = st.frozensets(st.integers(0, 24), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 25), few, few, limits, st.integers(1, 8))
def test_each_subject_is_gone_through_once_or_left_and_failures_beyond_the_limit_stop_the_run(
    count: int, sick: frozenset[int], unreachable: frozenset[int], limit: str, workers: int
) -> None:
    unreachable = frozenset(number for number in unreachable if number < count)
    run = Run(count, sick=sick, unreachable=unreachable, limit=limit, workers=workers)
    assert len(run.results) == len(run.outcomes)
    assert {outcome.subject for outcome in run.record.outcomes} == run.results.keys()
    failures = sum(result in FAILURES for result in run.results.values())
    borne = FailureLimit.parse(limit)
    if run.campaign.stopped:
        canary_failed = run.pushed != [] and run.pushed[0].result in FAILURES
        assert canary_failed or borne.is_exceeded(failures, count)
        # What was under way when the limit was reached comes to its end; nothing more is begun.
        late = [outcome.result in FAILURES for outcome in run.outcomes]
        assert not borne.is_exceeded(sum(late[: max(0, len(late) - workers)]), count) or not run.pushed
    else:
        assert len(run.results) == count
        assert not borne.is_exceeded(failures, count)
    for outcome in run.outcomes:
        edge = run.network.by_name[outcome.subject.replace("s", "er")]
        expected = f"new of {outcome.subject}\n" if outcome.result is Result.CONFIRMED else "old\n"
        assert edge.running == expected
    assert not any(router.pending for router in run.network.by_name.values())


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 25), st.integers(1, 25))
def test_after_an_interruption_nothing_more_is_begun_and_nothing_is_left_pending(count: int, at: int) -> None:
    interruption = Interruption()
    workers = 3

    def press_in_time(record: Record, outcome: Outcome) -> None:
        record.outcomes.append(outcome)
        if len(record.outcomes) == at:
            interruption.press()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Record, "outcome", press_in_time)
        run = Run(count, limit="100%", workers=workers, interruption=interruption)
    if interruption.is_wanted and len(run.outcomes) < count:
        assert run.campaign.stopped == "interrupted"
        assert len(run.outcomes) < at + workers
    assert not any(router.pending for router in run.network.by_name.values())
