"""The transaction under every fault: wherever it strikes, what the outcome says is what the routers have.

The routers here are in-memory drivers that keep commit-confirm's promises; faults strike before or after the effect
of a step, as a lost connection does. The lab tests show the same with real routers; here every combination is tried.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.deploy.model import INTERRUPTED, DeviceState, Outcome, Result
from provisioner.deploy.parts import PartReader
from provisioner.deploy.transaction import Clock, Steps, Transaction
from provisioner.errors import CandidateError, DeviceError, LockedError, UnreachableError
from provisioner.intent.types import PlatformName
from provisioner.network.interrupts import Interruption
from provisioner.network.session import Answer
from provisioner.plan.model import DeviceRole, PartChange, Plan, Target
from provisioner.plan.subject import Subject
from provisioner.validate.model import Check

T = TypeVar("T")
OLD, NEW = "old\n", "new\n"
DEVICES = ("ar-1", "ar-2", "er-x")
REVERT_IN_SECONDS = 125
FOR_GOOD = 10_000.0
Faults = dict[str, str | tuple[str, float]]
"""By step."""


class Time(Clock):
    """Time that passes only when somebody waits, for an answer or on purpose."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Router:
    """A router in memory: commit-confirm with one step back and a timer, and faults where a test puts them.

    A fault is a word (`interrupt`, `before`, `after`), and `before` and `after` the seconds for which its line stays cut.
    """

    name: str
    running: str = OLD
    before: str = OLD
    pending: bool = False
    candidate: str = ""
    faults: Faults = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    interruption: Interruption = field(default_factory=Interruption)
    time: Time = field(default_factory=Time)
    away_until: float = 0.0
    fires_at: float = 0.0

    def _answer(self) -> None:
        """Let time do its work, and fail where the line is cut."""
        if self.time.seconds < self.away_until:
            self.time.sleep(1)
        if self.pending and self.time.seconds >= self.fires_at:
            self.timer_fires()
        if self.time.seconds < self.away_until:
            raise UnreachableError("no answer", where=self.name)

    def _step(self, step: str, effect: Callable[[], None]) -> None:
        self._answer()
        self.log.append(step)
        fault = self.faults.pop(step, "")
        word, seconds = (fault, FOR_GOOD) if isinstance(fault, str) else fault
        if word == "interrupt":
            self.interruption.press()
        if word in {"before", "after"}:
            self.away_until = self.time.seconds + seconds
        if word == "before":
            raise UnreachableError("gone before", where=self.name)
        effect()
        if word == "after":
            raise UnreachableError("gone after", where=self.name)

    def get_config(self, **_: object) -> Mapping[str, str]:
        self._answer()
        return {"running": self.running}

    def cli(self, commands: Sequence[str]) -> Mapping[str, str]:
        self._answer()
        digest = hashlib.sha256(self.running.encode()).hexdigest()
        return dict.fromkeys(commands, f"{digest}  -")

    def load_replace_candidate(self, config: str) -> None:
        self._answer()
        self.candidate = config

    def compare_config(self) -> str:
        self._answer()
        if self.candidate == self.running:
            return ""
        return f"--- f (running)\n+++ f (candidate)\n-{self.running}+{self.candidate}"

    def discard_config(self) -> None:
        self.candidate = ""

    def has_pending_commit(self) -> bool:
        self._answer()
        return self.pending

    def commit_config(self, message: str, revert_in: int) -> None:
        assert revert_in > 0

        def effect() -> None:
            if not self.pending:
                self.before = self.running
            self.running, self.pending, self.fires_at = self.candidate, True, self.time.seconds + revert_in

        self._step("commit", effect)

    def log_in(self) -> None:
        self._step("log in", lambda: None)

    def confirm_commit(self) -> None:
        def effect() -> None:
            self.pending = False

        self._step("confirm", effect)

    def rollback(self) -> None:
        def effect() -> None:
            self.running, self.pending = self.before, False

        self._step("rollback", effect)

    def timer_fires(self) -> None:
        if self.pending:
            self.running, self.pending = self.before, False


class Routers:
    """Runs work on routers in memory, as Network does on real ones."""

    def __init__(self, routers: Sequence[Router]) -> None:
        self.by_name = {router.name: router for router in routers}
        self.interruption = Interruption()
        self.time = Time()
        for router in routers:
            router.interruption, router.time = self.interruption, self.time

    def run(self, devices: Sequence[str], work: Callable[[object, str], T], name: str) -> Mapping[str, Answer[T]]:
        answers: dict[str, Answer[T]] = {}
        for device in devices:
            try:
                answers[device] = Answer(device, value=work(self.by_name[device], device))
            except DeviceError as error:
                answers[device] = Answer(device, error=error)
        return answers

    def log_in_anew(self, devices: Sequence[str]) -> Mapping[str, Answer[None]]:
        return self.run(devices, lambda router, _: cast("Router", router).log_in(), "log in anew")


class ServiceInMemory:
    """A service that is as well as a test says."""

    checks: tuple[Check, ...] = ()

    def __init__(self, *, healthy: bool) -> None:
        self._healthy = healthy

    def look(self) -> ServiceInMemory:
        return self

    def await_well(self, *_arguments: object, proceed: Callable[[], None], **_more: object) -> tuple[Check, ...]:
        proceed()
        found = "established" if self._healthy else "idle"
        return (Check("er-x", "BGP session", self._healthy, "established", found),)


class NoParts(PartReader):
    """Knows nothing of parts: the routers in memory have no config that could be taken apart."""

    def __init__(self) -> None:
        super().__init__(lambda _device: {}, None, dict)

    def annotated(self, plan: Plan) -> Plan:
        return plan

    def changes(self) -> tuple[PartChange, ...]:
        return tuple(PartChange(name, "", OLD, NEW) for name in DEVICES)


def transaction(routers: Routers, *, healthy: bool = True, candidate: str = NEW) -> Transaction:
    targets = tuple(
        Target(name, DeviceRole.EDGE if name.startswith("er") else DeviceRole.AGGREGATION, PlatformName.FRR)
        for name in routers.by_name
    )
    steps = Steps(
        candidate=lambda _target, _running: candidate,
        held=lambda _target, _running, _uplink: None,
        service=ServiceInMemory(healthy=healthy),  # type: ignore[arg-type]
        parts=NoParts(),
        announce=lambda _phase: None,
        validation_seconds=5,
        revert_in_seconds=REVERT_IN_SECONDS,
        message="test",
        clock=routers.time,
    )
    subject = Subject("16PK00", "a school", targets)
    return Transaction(subject, routers, steps, routers.interruption)  # type: ignore[arg-type]


def push(routers: Routers, *, healthy: bool = True) -> Outcome:
    work = transaction(routers, healthy=healthy)
    return work.push(work.prepare())


def fresh(**faults: Faults) -> Routers:
    return Routers([Router(name, faults=faults.get(name.replace("-", "_"), {})) for name in DEVICES])


def test_a_healthy_push_is_confirmed_on_every_device() -> None:
    routers = fresh()
    outcome = push(routers)
    assert outcome.result is Result.CONFIRMED
    assert [(router.running, router.pending) for router in routers.by_name.values()] == [(NEW, False)] * 3
    assert {device.state for device in outcome.devices} == {DeviceState.CONFIRMED}


def test_every_device_is_committed_and_lets_people_in_before_the_first_is_confirmed() -> None:
    order: list[tuple[str, str]] = []
    routers = fresh()
    for router in routers.by_name.values():
        router.log = _Recorder(order, router.name)
    push(routers)
    assert order == [(name, step) for step in ("commit", "log in", "confirm") for name in DEVICES]


def test_a_failed_validation_rolls_back_everywhere_and_names_expected_and_found() -> None:
    routers = fresh()
    outcome = push(routers, healthy=False)
    assert outcome.result is Result.ROLLED_BACK
    assert "er-x: BGP session: expected established, found idle" in outcome.error
    assert [(router.running, router.pending) for router in routers.by_name.values()] == [(OLD, False)] * 3


def test_a_device_that_moved_since_the_diff_was_shown_stops_the_push() -> None:
    routers = fresh()
    work = transaction(routers)
    plan = work.prepare()
    routers.by_name["ar-2"].running = "somebody else's\n"
    outcome = work.push(plan)
    assert outcome.result is Result.FAILED
    assert outcome.error_number == "PV5001"
    assert "ar-2" in outcome.error
    assert all("commit" not in router.log for router in routers.by_name.values())


def test_a_failed_commit_is_not_rolled_back_one_commit_too_far() -> None:
    routers = fresh(ar_2={"commit": ("before", 0.0)})
    routers.by_name["ar-2"].before = "last year's\n"
    outcome = push(routers)
    assert outcome.result is Result.ROLLED_BACK
    assert routers.by_name["ar-2"].running == OLD
    assert "rollback" not in routers.by_name["ar-2"].log


def test_a_router_that_lets_nobody_in_any_more_is_not_confirmed() -> None:
    routers = Routers([Router(name) for name in DEVICES])
    routers.by_name["er-x"].faults["log in"] = ("before", 0.0)
    outcome = push(routers)
    assert outcome.result is Result.ROLLED_BACK
    assert {router.running for router in routers.by_name.values()} == {OLD}
    assert "confirm" not in [step for router in routers.by_name.values() for step in router.log]


def test_an_interruption_rolls_back_what_was_committed() -> None:
    routers = fresh(er_x={"commit": "interrupt"})
    outcome = push(routers)
    assert outcome.result is Result.ROLLED_BACK
    assert outcome.error == "interrupted"
    assert [router.running for router in routers.by_name.values()] == [OLD] * 3


def test_a_second_interruption_leaves_the_rest_to_the_timers_and_says_when_they_fire() -> None:
    routers = fresh(er_x={"commit": "interrupt", "rollback": "interrupt"})
    outcome = push(routers)
    assert outcome.result is Result.UNKNOWN
    assert outcome.error_number == INTERRUPTED
    left = [device for device in outcome.devices if device.state is DeviceState.UNKNOWN]
    assert left
    said = re.compile(r"interrupted twice: left to the router.*; its own timer puts it back at \d\d:\d\d:\d\d")
    assert all(said.search(device.error) for device in left)
    for router in routers.by_name.values():
        router.timer_fires()
    assert [router.running for router in routers.by_name.values()] == [OLD] * 3


def test_what_is_confirmed_has_no_timer_and_is_put_back_whatever_the_person_presses() -> None:
    routers = fresh(ar_2={"confirm": "before"}, ar_1={"rollback": "interrupt"})
    routers.interruption.press = _twice(routers.interruption)  # type: ignore[method-assign]
    outcome = push(routers)
    assert routers.by_name["ar-1"].running == OLD
    states = {device.device: device.state for device in outcome.devices}
    assert states["ar-1"] is DeviceState.ROLLED_BACK
    for router in routers.by_name.values():
        router.timer_fires()
    assert [router.running for router in routers.by_name.values()] == [OLD] * 3


def test_an_interruption_after_the_first_confirm_comes_too_late_and_both_ends_are_confirmed() -> None:
    routers = fresh(ar_1={"confirm": "interrupt"})
    outcome = push(routers)
    assert outcome.result is Result.CONFIRMED
    assert [(router.running, router.pending) for router in routers.by_name.values()] == [(NEW, False)] * 3


@pytest.mark.parametrize("device", ["ar_1", "ar_2", "er_x"])
@pytest.mark.parametrize("arrived", [True, False])
def test_a_lost_answer_to_a_confirm_is_asked_for_and_the_rest_is_confirmed(device: str, arrived: bool) -> None:
    cut: Faults = {"confirm": ("after" if arrived else "before", 30.0)}
    routers = fresh(**{device: cut})
    outcome = push(routers)
    assert outcome.result is Result.CONFIRMED
    assert [(router.running, router.pending) for router in routers.by_name.values()] == [(NEW, False)] * 3


@pytest.mark.parametrize("device", ["ar_1", "ar_2", "er_x"])
def test_a_confirm_that_came_to_nothing_before_the_timer_fired_puts_the_other_ends_back(device: str) -> None:
    cut: Faults = {"confirm": ("before", REVERT_IN_SECONDS + 5.0)}
    routers = fresh(**{device: cut})
    outcome = push(routers)
    assert outcome.result is Result.ROLLED_BACK
    assert outcome.error_number == "PV5502"
    assert [(router.running, router.pending) for router in routers.by_name.values()] == [(OLD, False)] * 3


def test_two_interruptions_end_the_wait_for_a_lost_answer() -> None:
    routers = fresh(er_x={"confirm": "before"})

    def pressed_twice(_seconds: float) -> None:
        routers.interruption.press()

    routers.time.sleep = pressed_twice  # type: ignore[method-assign, assignment]
    outcome = push(routers)
    assert outcome.result is Result.UNKNOWN
    states = {device.device: device.state for device in outcome.devices}
    assert states == {
        "ar-1": DeviceState.ROLLED_BACK,
        "ar-2": DeviceState.ROLLED_BACK,
        "er-x": DeviceState.UNKNOWN,
    }


def test_a_line_that_breaks_after_the_last_confirm_takes_nothing_back() -> None:
    routers = fresh(ar_1={"confirm": ("after", 0.0)}, er_x={"confirm": "interrupt"})
    last = routers.by_name["er-x"]
    confirm = last.confirm_commit

    def then_cut() -> None:
        confirm()
        last.away_until = FOR_GOOD

    last.confirm_commit = then_cut  # type: ignore[method-assign]
    outcome = push(routers)
    assert outcome.result is Result.UNKNOWN
    (told,) = [device for device in outcome.devices if device.error]
    assert told.device == "er-x"
    assert "answered its confirm" in told.error
    assert [change.device for change in outcome.changes] == ["ar-1", "ar-2"], "what was read is known"
    assert [(router.running, router.pending) for router in routers.by_name.values()] == [(NEW, False)] * 3


def test_an_end_that_was_as_intended_before_is_deployed_with_the_one_that_changed() -> None:
    """A push that was killed between its confirms leaves one end new: the next one changes the other, and both are known."""
    routers = fresh()
    routers.by_name["ar-1"].running = NEW
    outcome = push(routers)
    assert outcome.result is Result.CONFIRMED
    assert [change.device for change in outcome.changes] == list(DEVICES)


def test_an_interruption_while_a_failed_push_is_put_back_is_told_and_ends_the_run() -> None:
    routers = fresh(er_x={"rollback": "interrupt"})
    outcome = push(routers, healthy=False)
    assert outcome.result is Result.ROLLED_BACK
    assert outcome.error.endswith("then interrupted")
    assert outcome.error_number == INTERRUPTED


def test_a_session_that_died_is_opened_again_to_put_a_router_back() -> None:
    routers = fresh()
    asked = []

    def dead_once() -> bool:
        asked.append("pending?")
        if len(asked) == 1:
            raise UnreachableError("the jump host has gone", where="er-x")
        return routers.by_name["er-x"].pending

    routers.by_name["er-x"].has_pending_commit = dead_once  # type: ignore[method-assign]
    outcome = push(routers, healthy=False)
    assert outcome.result is Result.ROLLED_BACK
    assert routers.by_name["er-x"].running == OLD


def test_a_missing_secret_is_not_counted_as_trouble_of_routers() -> None:
    routers = fresh()

    def nothing(_target: Target, _running: str) -> str:
        raise DeviceError("no value for bgp/x", number="PV4005")

    work = transaction(routers)
    work._steps = replace(work._steps, candidate=nothing, exclusive=False)
    with pytest.raises(DeviceError) as caught:
        work.prepare()
    assert "routers in trouble" not in str(caught.value)


def test_a_router_that_does_not_answer_while_it_is_put_back_is_told_with_its_timer() -> None:
    routers = fresh(er_x={"rollback": "before"})
    outcome = push(routers, healthy=False)
    assert outcome.result is Result.UNKNOWN
    (told,) = [device.error for device in outcome.devices if device.error]
    assert re.search(r"its own timer puts it back at \d\d:\d\d:\d\d", told)


def test_an_empty_answer_is_trouble_and_never_in_sync() -> None:
    routers = fresh()
    routers.by_name["ar-1"].running = "\n"
    with pytest.raises(DeviceError, match="empty configuration"):
        transaction(routers).prepare()


def test_a_device_that_refuses_the_candidate_stops_before_anything_is_changed() -> None:
    routers = fresh()

    def refuse(config: str) -> None:
        raise CandidateError("line 3: unknown command", where="er-x")

    routers.by_name["er-x"].load_replace_candidate = refuse  # type: ignore[method-assign]
    with pytest.raises(CandidateError, match="line 3"):
        transaction(routers).prepare()


STEPS = st.sampled_from(["commit", "log in", "confirm", "rollback"])
cuts = st.tuples(st.sampled_from(["before", "after"]), st.one_of(st.floats(0, 300), st.just(FOR_GOOD)))
faults = st.dictionaries(STEPS, st.one_of(cuts, st.just("interrupt")), max_size=2)


@settings(max_examples=400, deadline=None)
@given(device=st.sampled_from(DEVICES), step=STEPS, cut=cuts, healthy=st.booleans())
def test_one_line_that_breaks_and_comes_back_leaves_all_ends_alike(
    device: str, step: str, cut: tuple[str, float], healthy: bool
) -> None:
    """Whenever it breaks; and where it does not come back, for as long as only the router behind it knows what it did."""
    routers = Routers([Router(name, faults={step: cut} if name == device else {}) for name in DEVICES])
    outcome = push(routers, healthy=healthy)
    for router in routers.by_name.values():
        router.timer_fires()
    if step != "confirm" or cut[1] < REVERT_IN_SECONDS + 15:
        assert len({router.running for router in routers.by_name.values()}) == 1
        assert all(router.running == NEW for router in routers.by_name.values()) == (outcome.result is Result.CONFIRMED)


@settings(max_examples=400, deadline=None)
@given(schedule=st.fixed_dictionaries(dict.fromkeys(DEVICES, faults)), healthy=st.booleans())
def test_whatever_fails_the_outcome_tells_the_truth(schedule: dict[str, Faults], healthy: bool) -> None:
    cut = any(not isinstance(fault, str) for faults in schedule.values() for fault in faults.values())
    routers = Routers([Router(name, faults=dict(schedule[name])) for name in DEVICES])
    outcome = push(routers, healthy=healthy)
    said = {device.device: device.state for device in outcome.devices}
    for name, router in routers.by_name.items():
        match said[name]:
            case DeviceState.CONFIRMED:
                assert (router.running, router.pending) == (NEW, False)
            case DeviceState.ROLLED_BACK | DeviceState.UNTOUCHED:
                assert (router.running, router.pending) == (OLD, False)
            case DeviceState.COMMITTED:
                pytest.fail("a device was left committed and unconfirmed")
    if outcome.result is Result.CONFIRMED:
        assert healthy
        assert set(said.values()) == {DeviceState.CONFIRMED}
    if outcome.result is Result.ROLLED_BACK:
        assert DeviceState.UNKNOWN not in said.values()
        assert DeviceState.CONFIRMED not in said.values()
    if outcome.result is Result.UNKNOWN:
        assert DeviceState.UNKNOWN in said.values()
        assert any(device.error for device in outcome.devices)
    for router in routers.by_name.values():
        router.timer_fires()
    if not cut:
        # People alone, however often they press, never leave two ends that do not fit.
        assert len({router.running for router in routers.by_name.values()}) == 1


def _twice(interruption: Interruption) -> Callable[[], None]:
    def press() -> None:
        for _ in range(2):
            Interruption.press(interruption)

    return press


class _Recorder(list[str]):
    """Appends to a list that several routers share."""

    def __init__(self, order: list[tuple[str, str]], name: str) -> None:
        super().__init__()
        self._order, self._name = order, name

    def append(self, step: str) -> None:
        self._order.append((self._name, step))


def test_locks_are_taken_in_one_order_and_a_held_one_ends_the_attempt() -> None:
    asked: list[str] = []
    routers = fresh()

    def loading(router: Router, *, held: bool) -> Callable[[str], None]:
        def load(config: str) -> None:
            asked.append(router.name)
            if held:
                raise LockedError("locked by somebody", where=router.name)
            router.candidate = config

        return load

    for router in routers.by_name.values():
        router.load_replace_candidate = loading(router, held=router.name == "ar-2")  # type: ignore[method-assign,assignment]
    with pytest.raises(LockedError):
        transaction(routers).prepare()
    assert asked == ["ar-1", "ar-2"]
