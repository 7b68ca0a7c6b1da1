"""One transaction over all devices of a subject: commit everywhere, validate, confirm everywhere; or back everywhere.

Every device carries a revert timer from before its first change until its confirm, so that a dead orchestrator or a
cut line ends in the config from before.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from napalm.base import NetworkDriver

from provisioner.deploy.model import INTERRUPTED, DeviceOutcome, DeviceState, Outcome, Result
from provisioner.deploy.parts import PartReader
from provisioner.deploy.stages import Stage, at_once, stages
from provisioner.errors import CommitError, DeviceError, ProvisionerError, UnreachableError
from provisioner.intent.model import Uplink
from provisioner.intent.types import UplinkRole
from provisioner.intent.versions import VersionPolicy, version_in
from provisioner.network.interrupts import Interruption, keep_from_children
from provisioner.network.session import Answer, Network
from provisioner.network.signature import signature_of
from provisioner.plan.diff import split_by_file
from provisioner.plan.model import DeviceDiff, DeviceRole, Plan, Target
from provisioner.plan.subject import Subject
from provisioner.validate.model import Check
from provisioner.validate.service import Baseline

Work = Callable[[NetworkDriver, str], None]
"""What is done on one device."""

_LISTEN_EVERY_SECONDS = 0.1
"""How soon a second interruption is heard while a router is put back."""

_ASK_EVERY_SECONDS = 2.0
"""How long between two attempts to reach a router that went away when it mattered."""

_SETTLED_AFTER_SECONDS = 20
"""How long after its timer has fired a router surely runs the old config again, and answers if its line is back."""


class Clock:
    """The time, and a way to let it pass."""

    def now(self) -> datetime:
        """What time it is, with its zone."""
        return datetime.now().astimezone()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Service(Protocol):
    """The service of a subject; `provisioner.validate.service.Service` is one."""

    def look(self) -> Baseline: ...  # pragma: no cover  # noqa: D102

    def await_well(  # noqa: D102
        self,
        plan: Plan,
        before: Baseline,
        deadline_seconds: float,
        *,
        uplink: UplinkRole | None = None,
        proceed: Callable[[], None] = ...,
    ) -> tuple[Check, ...]: ...  # pragma: no cover


@dataclass(frozen=True, slots=True)
class Steps:
    """What the transaction is given to work with.

    Attributes:
        candidate: The config to load on a target, made from what runs there; with the values of secrets.
        held: Likewise for an edge router of which one uplink stays as it runs; None where it cannot be held.
        service: Looks at the service before and after.
        parts: Tells drift and other parts, and remembers what ran.
        announce: Told the name of each phase as it begins.
        validation_seconds: How long validation may wait for convergence.
        revert_in_seconds: The devices' revert timer; longer than validation.
        message: Commit message for the devices' own logs.
        versions: What a target may run.
        exclusive: Whether loading takes the device's lock; a dry run takes none.
        clock: What the timers are told by.
    """

    candidate: Callable[[Target, str], str]
    held: Callable[[Target, str, Uplink], str | None]
    service: Service
    parts: PartReader
    announce: Callable[[str], None]
    validation_seconds: float
    revert_in_seconds: int
    message: str
    versions: Callable[[Target], VersionPolicy] = lambda _: VersionPolicy()
    exclusive: bool = True
    clock: Clock = field(default_factory=Clock)


class Transaction:
    """The devices of one subject, changed together or not at all."""

    def __init__(self, subject: Subject, network: Network, steps: Steps, interruption: Interruption) -> None:
        self._subject = subject
        self._network = network
        self._steps = steps
        self._interruption = interruption
        self._targets: Mapping[str, Target] = {target.device: target for target in subject.targets}
        self._states = dict.fromkeys(self._targets, DeviceState.UNTOUCHED)
        self._errors: dict[str, str] = {}
        self._loaded: list[str] = []
        self._fires_at: dict[str, datetime] = {}
        self._asked_to_confirm: set[str] = set()
        self._signatures: dict[str, str] = {}

    def prepare(self) -> Plan:
        """Load the candidate on every device and compare it with what runs; nothing is changed.

        Raises:
            DeviceError: a device that cannot be reached, is locked or refuses the candidate; the first of them.
            KeyboardInterrupt: somebody asked the run to end.
        """
        self._begin("comparing")
        answers = self._load_exclusively() if self._steps.exclusive else self._load(self._targets)
        plan = self._plan({device: answers[device] for device in self._targets if device in answers})
        return self._steps.parts.annotated(plan)

    def push(self, approved: Plan) -> Outcome:
        """Do what the approved plan shows, or leave every device as it was.

        Args:
            approved: What a person (or `--yes`) agreed to.

        Returns:
            The outcome; trouble is in it, not raised. An interruption before the first confirm rolls back and is in it
            as well; later it is too late for going back, and confirming the rest is the shortest way to order.
        """
        checks: Sequence[Check] = ()
        try:
            self._begin("comparing again")
            self._insist_on(approved)
            self._begin("looking at the service")
            before = self._steps.service.look()
            planned, held = self._stages(approved, before)
            for number, stage in enumerate(planned, start=1):
                self._commit(stage, held if stage.held is not None else None, len(planned) - number)
                self._begin("validating" if stage.uplink is None else f"validating the {stage.uplink.value} uplink")
                checks = self._steps.service.await_well(
                    approved,
                    before,
                    self._steps.validation_seconds,
                    uplink=stage.uplink,
                    proceed=self._interruption.proceed,
                )
                if any(check.stops for check in checks):
                    return self._undo(approved, checks, _validation_error(checks), "PV6000")
            self._begin("logging in anew")
            self._insist_on_a_way_in()
            self._interruption.proceed()
            self._confirm()
            self._steps.announce("reading back")
            unread = self._insist_on_nothing_left()
        except KeyboardInterrupt:
            return self._undo(approved, checks, "interrupted", INTERRUPTED)
        except ProvisionerError as error:
            return self._undo(approved, checks, str(error), error.number)
        if unread is not None:
            # Every router has answered its confirm: going back now would part those that answer from the one that does not.
            outcome = replace(
                self._outcome(Result.UNKNOWN, approved, checks), error=str(unread), error_number=unread.number
            )
        else:
            outcome = self._outcome(Result.CONFIRMED, approved, checks)
        # One end may have been as intended before, and untouched: what it runs is deployed all the same.
        not_read = frozenset(self._in_state(DeviceState.UNKNOWN))
        changes = tuple(change for change in self._steps.parts.changes() if change.device not in not_read)
        signatures = {device: word for device, word in self._signatures.items() if device not in not_read and word}
        return replace(outcome, changes=changes, signatures=signatures)

    def release(self) -> None:
        """Throw the candidates away and let the locks go, where nothing was pushed.

        A device that failed is left alone: asking it again would be a second login where the first was refused.
        """
        self._network.run(self._loaded, _discard, "discard")

    # --- steps ------------------------------------------------------------------------------------------------------

    def _begin(self, phase: str) -> None:
        self._interruption.proceed()
        self._steps.announce(phase)

    def _load(self, devices: Iterable[str]) -> dict[str, Answer[DeviceDiff]]:
        answers = dict(self._network.run(list(devices), self._look_and_compare, "compare"))
        self._loaded += [device for device, answer in answers.items() if answer.error is None]
        return answers

    def _load_exclusively(self) -> dict[str, Answer[DeviceDiff]]:
        """One device after the other, in an order that every run has in common.

        Two runs that take the same locks at once in different orders would each stop at the other's.
        """
        answers: dict[str, Answer[DeviceDiff]] = {}
        for device in sorted(self._targets):
            self._interruption.proceed()
            answers |= self._load([device])
            if answers[device].error is not None:
                break
        return answers

    def _look_and_compare(self, driver: NetworkDriver, device: str) -> DeviceDiff:
        """The difference, and whether the router's version will do; that is asked where the inventory says anything about it."""
        policy = self._steps.versions(self._targets[device])
        refused = policy.why_not(version_in(str(driver.get_facts()["os_version"]))) if policy else ""
        return replace(self._load_and_compare(driver, device), version_refused=refused)

    def _load_and_compare(self, driver: NetworkDriver, device: str) -> DeviceDiff:
        target = self._targets[device]
        running = _running(driver, device)
        self._steps.parts.note(target, running)
        driver.load_replace_candidate(config=self._steps.candidate(target, running))
        return DeviceDiff(target, split_by_file(driver.compare_config()))

    def _read_back(self, driver: NetworkDriver, device: str) -> DeviceDiff:
        target = self._targets[device]
        if target.role is DeviceRole.EDGE:
            # Before the config: what somebody changes in between is found in the config, or else changes the signature.
            self._signatures[device] = signature_of(driver, target.platform)
        return self._load_and_compare(driver, device)

    def _plan(self, answers: Mapping[str, Answer[DeviceDiff]]) -> Plan:
        broken = [answer.error for answer in answers.values() if answer.error is not None]
        if broken:
            first = broken[0]
            if len(broken) > 1 and first.number.startswith(DeviceError.default_number[:3]):
                first.what += f" (and {len(broken) - 1} more of this location's routers in trouble)"
            raise first
        return Plan(self._subject.name, self._subject.title, tuple(answer.unwrap() for answer in answers.values()))

    def _insist_on(self, approved: Plan) -> None:
        """What was approved is what is applied: a device that moved since then stops the push."""
        now = self._plan(self._network.run(list(self._targets), _compare_again(self._targets), "compare again"))
        moved = [
            after.target.device
            for before, after in zip(approved.diffs, now.diffs, strict=True)
            if before.text != after.text
        ]
        if moved:
            raise moved_since(", ".join(moved))

    def _stages(self, approved: Plan, before: Baseline) -> tuple[tuple[Stage, ...], str | None]:
        """The stages, and the edge router's config in which one uplink is held as it runs, where a stage holds one.

        One stage alone where it cannot be held apart, since it gets another interface or other addresses.
        """
        planned = stages(self._subject.location, approved, before.checks)
        uplink = planned[0].held
        if uplink is None:
            return planned, None
        edge = next(target for target in self._targets.values() if target.role is DeviceRole.EDGE)
        held = self._steps.held(edge, self._steps.parts.before(edge), uplink)
        return (planned if held is not None else at_once(approved)), held

    def _commit(self, stage: Stage, held: str | None, stages_left: int) -> None:
        for device in stage.devices:
            self._begin(f"committing {device}")
            target = self._targets[device]
            seconds = self._steps.revert_in_seconds + stages_left * int(self._steps.validation_seconds)
            work = _commit_loaded(self._steps.message, seconds)
            if target.role is DeviceRole.EDGE and held is not None:
                work = self._commit_anew(held, work)
            elif self._states[device] is DeviceState.COMMITTED:
                work = self._commit_anew(None, work)
            # Committed until the device says otherwise: a lost answer must not keep it out of the rollback.
            self._states[device] = DeviceState.COMMITTED
            try:
                self._network.run([device], work, "commit")[device].unwrap()
            finally:
                self._fires_at[device] = self._steps.clock.now() + timedelta(seconds=seconds)

    def _commit_anew(self, text: str | None, commit: Work) -> Work:
        """Load a candidate that is not the approved one, or that one again after it; and commit it where it differs."""

        def work(driver: NetworkDriver, device: str) -> None:
            wanted = text
            if wanted is None:
                wanted = self._steps.candidate(self._targets[device], _running(driver, device))
            driver.load_replace_candidate(config=wanted)
            if driver.compare_config():
                commit(driver, device)

        return work

    def _insist_on_a_way_in(self) -> None:
        """A change that lets nobody log in any more is not confirmed, although its own sessions still stand."""
        for answer in self._network.log_in_anew(self._in_state(DeviceState.COMMITTED)).values():
            answer.unwrap()

    def _confirm(self) -> None:
        for device in self._in_state(DeviceState.COMMITTED):
            self._steps.announce(f"confirming {device}")
            self._asked_to_confirm.add(device)
            answer = self._network.run([device], _confirm_one, "confirm")[device]
            if isinstance(answer.error, UnreachableError):
                answer = self._confirm_again(device)
            answer.unwrap()
            self._states[device] = DeviceState.CONFIRMED

    def _confirm_again(self, device: str) -> Answer[None]:
        """After a lost answer the router alone knows whether its confirm arrived, and until it has told, the others must not move.

        It is asked until its timer has surely fired: from then on it runs the old config, unless the confirm arrived.
        """
        settled = self._fires_at[device] + timedelta(seconds=_SETTLED_AFTER_SECONDS)
        self._steps.announce(f"asking {device} whether its confirm arrived, until {settled:%H:%M:%S}")
        return self._until_answered(device, self._confirm_unless_done, "confirm again", settled)

    def _confirm_unless_done(self, driver: NetworkDriver, device: str) -> None:
        if driver.has_pending_commit():
            driver.confirm_commit()
            return
        changed = not self._load_and_compare(driver, device).is_empty
        driver.discard_config()
        if changed:
            raise CommitError(
                "the line broke at its confirm, and its revert timer put the old config back",
                where=device,
                remedy="run again when the line holds",
                number="PV5502",
            )

    def _until_answered(self, device: str, work: Work, name: str, until: datetime) -> Answer[None]:
        """Do work on a router that went away: again and again, and a last time when the time is up.

        A second interruption ends it where the router has a timer of its own.
        """
        clock = self._steps.clock
        while True:
            is_last = clock.now() >= until
            answer = self._unless_urgent([device], work, name)[device]
            if is_last or not isinstance(answer.error, UnreachableError) or isinstance(answer.error, LeftToTimerError):
                return answer
            clock.sleep(_ASK_EVERY_SECONDS)

    def _insist_on_nothing_left(self) -> DeviceError | None:
        """A confirm that was not checked has reverted before (SUNET/cnaas-nms#395): read every device once more.

        Returns:
            Why a device could not be read; None where all were.

        Raises:
            CommitError: a device does not run what was confirmed.
        """
        confirmed = self._in_state(DeviceState.CONFIRMED)
        answers = dict(self._network.run(confirmed, self._read_back, "read back"))
        until = self._steps.clock.now() + timedelta(seconds=_SETTLED_AFTER_SECONDS)
        while self._steps.clock.now() < until and not self._interruption.is_wanted:
            away = [device for device, answer in answers.items() if isinstance(answer.error, UnreachableError)]
            if not away:
                break
            self._steps.clock.sleep(_ASK_EVERY_SECONDS)
            answers |= self._network.run(away, self._read_back, "read back")
        self._network.run([device for device in confirmed if answers[device].error is None], _discard, "discard")
        left = [answer.value for answer in answers.values() if answer.value is not None and not answer.value.is_empty]
        if left:
            raise CommitError(
                "after the confirm the router does not run what was confirmed",
                where=", ".join(diff.target.device for diff in left),
                number="PV5501",
            )
        unread = {device: answer.error for device, answer in answers.items() if answer.error is not None}
        for device, error in unread.items():
            self._states[device] = DeviceState.UNKNOWN
            self._errors[device] = f"{error}; it has answered its confirm, but what it runs could not be read"
        return next(iter(unread.values()), None)

    # --- the way back -----------------------------------------------------------------------------------------------

    def _undo(self, approved: Plan, checks: Sequence[Check], error: str, number: str) -> Outcome:
        """Put every touched device back; a second interruption leaves those to their timers that have one."""
        wanted = self._interruption.is_wanted
        outcome = self._put_all_back(approved, checks)
        if self._interruption.is_wanted and not wanted:
            error, number = f"{error}; then interrupted", INTERRUPTED
        return replace(outcome, error=error, error_number=number)

    def _put_all_back(self, approved: Plan, checks: Sequence[Check]) -> Outcome:
        touched = self._in_state(DeviceState.COMMITTED, DeviceState.CONFIRMED)
        confirmed = self._in_state(DeviceState.CONFIRMED)
        # What is confirmed has no timer any more: it goes first. The edge before the rest: the reverse of the commit's order.
        for device in (*reversed(confirmed), *reversed(self._in_state(DeviceState.COMMITTED))):
            self._put_one_back(device)
        self._unless_urgent(self._in_state(DeviceState.UNTOUCHED), _discard, "discard")
        result = Result.ROLLED_BACK if touched else Result.FAILED
        if self._in_state(DeviceState.UNKNOWN):
            result = Result.UNKNOWN
        return self._outcome(result, approved, checks)

    def _put_one_back(self, device: str) -> None:
        self._steps.announce(f"rolling back {device}")
        is_confirmed = self._states[device] is DeviceState.CONFIRMED
        answer = self._unless_urgent([device], self._put_back, "rollback")[device]
        if isinstance(answer.error, UnreachableError) and not isinstance(answer.error, LeftToTimerError):
            # The session is dead (a jump host that got the Ctrl-C as well); the router may be well: a new session.
            # A rollback whose answer alone was lost is not to be repeated: asks what runs, also after a confirm.
            self._states[device] = DeviceState.COMMITTED
            # What is confirmed has no timer that would do it without us: worth as long a wait as a timer would run.
            patience = self._steps.revert_in_seconds if is_confirmed else 0
            until = self._steps.clock.now() + timedelta(seconds=patience)
            answer = self._until_answered(device, self._put_back, "rollback", until)
        if answer.error is None:
            self._states[device] = DeviceState.ROLLED_BACK
            return
        self._states[device] = DeviceState.UNKNOWN
        self._errors[device] = f"{answer.error}; {self._what_becomes_of(device, is_confirmed=is_confirmed)}"

    def _what_becomes_of(self, device: str, *, is_confirmed: bool) -> str:
        """What a router does that could not be put back."""
        if is_confirmed:
            return "it is confirmed and keeps the new config: provision again when it answers"
        unless = "unless its confirm arrived, " if device in self._asked_to_confirm else ""
        fires = f"{self._fires_at[device]:%H:%M:%S}" if device in self._fires_at else "the time of its timer"
        return f"{unless}its own timer puts it back at {fires}, or a reboot does"

    def _unless_urgent(
        self, devices: Sequence[str], work: Callable[[NetworkDriver, str], None], name: str
    ) -> Mapping[str, Answer[None]]:
        """As `Network.run`, but a second interruption is not made to wait for devices that have a timer of their own."""
        if not devices:
            return {}
        if any(self._states[device] is DeviceState.CONFIRMED for device in devices):
            return self._network.run(devices, work, name)
        done: Future[Mapping[str, Answer[None]]] = Future()

        def run() -> None:
            keep_from_children()
            try:
                done.set_result(self._network.run(devices, work, name))
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                done.set_exception(error)

        if not self._interruption.is_urgent:
            threading.Thread(target=run, daemon=True, name=name).start()
        while not self._interruption.is_urgent:
            with contextlib.suppress(TimeoutError):
                return done.result(_LISTEN_EVERY_SECONDS)
        left = "interrupted twice: left to the router"
        return {device: Answer(device, error=LeftToTimerError(left, where=device)) for device in devices}

    def _put_back(self, driver: NetworkDriver, device: str) -> None:
        """Back to the config from before this transaction, and never one commit further.

        A lost answer leaves open what the device did: without a pending commit it has either gone back by itself (or
        never changed), or it has confirmed; then it runs the candidate, and `rollback` takes back that last commit.
        """
        if (
            driver.has_pending_commit()
            or self._states[device] is DeviceState.CONFIRMED
            or (device in self._asked_to_confirm and self._load_and_compare(driver, device).is_empty)
        ):
            driver.rollback()

    def _outcome(self, result: Result, plan: Plan, checks: Iterable[Check]) -> Outcome:
        devices = tuple(
            DeviceOutcome(device, state, self._errors.get(device, "")) for device, state in self._states.items()
        )
        return Outcome(self._subject.name, self._subject.title, result, plan, devices, tuple(checks))

    def _in_state(self, *states: DeviceState) -> list[str]:
        return [device for device, state in self._states.items() if state in states]


class LeftToTimerError(UnreachableError):
    """Nobody waits for this router any more; its revert timer does the rest."""

    default_number = "PV5102"


def moved_since(where: str) -> DeviceError:
    """The error of a device that does not run any more what was looked at."""
    return DeviceError(
        "the router changed after the diff was shown",
        where=where,
        remedy="nothing was pushed; run again and look at the new diff",
        number="PV5001",
    )


def _running(driver: NetworkDriver, device: str) -> str:
    running: str = driver.get_config(retrieve="running", full=True)["running"]
    if not running.strip():
        raise DeviceError("the router answered with an empty configuration", where=device, number="PV5003")
    return running


def _compare_again(targets: Mapping[str, Target]) -> Callable[[NetworkDriver, str], DeviceDiff]:
    def work(driver: NetworkDriver, device: str) -> DeviceDiff:
        return DeviceDiff(targets[device], split_by_file(driver.compare_config()))

    return work


def _commit_loaded(message: str, seconds: int) -> Work:
    def work(driver: NetworkDriver, _device: str) -> None:
        driver.commit_config(message=message, revert_in=seconds)

    return work


def _confirm_one(driver: NetworkDriver, _device: str) -> None:
    driver.confirm_commit()


def _discard(driver: NetworkDriver, _device: str) -> None:
    driver.discard_config()


def _validation_error(checks: Sequence[Check]) -> str:
    failed = [check for check in checks if check.stops]
    first = failed[0]
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"{first.device}: {first.name}: expected {first.expected}, found {first.found}{more}"
