"""One transaction over all devices of a subject: commit everywhere, validate, confirm everywhere; or back everywhere.

Every device carries a revert timer from before its first change until its confirm, so that a dead orchestrator or a
cut line ends in the config from before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from napalm.base import NetworkDriver

from provisioner.deploy.model import INTERRUPTED, DeviceOutcome, DeviceState, Outcome, Result
from provisioner.errors import CommitError, DeviceError, ProvisionerError, UnreachableError
from provisioner.network.interrupts import held_back
from provisioner.network.session import Answer, Network
from provisioner.plan.diff import split_by_file
from provisioner.plan.model import DeviceDiff, Plan, Target
from provisioner.plan.subject import Subject
from provisioner.validate.model import Check

VALIDATION_MARGIN_SECONDS = 120
"""How much longer than validation a revert timer runs: time to commit on the other devices and to confirm on all."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What the transaction is given to work with.

    Attributes:
        candidate: The config to load on a target, made from what runs there; with the values of secrets.
        validate: Looks at the service until all is well or a deadline has passed; gives the last round.
        announce: Told the name of each phase as it begins.
        validation_seconds: How long validation may wait for convergence.
        message: Commit message for the devices' own logs.
        exclusive: Whether loading takes the device's lock; a dry run takes none.
    """

    candidate: Callable[[Target, str], str]
    validate: Callable[[], Sequence[Check]]
    announce: Callable[[str], None]
    validation_seconds: float
    message: str
    exclusive: bool = True

    @property
    def revert_in_seconds(self) -> int:
        """The devices' revert timer."""
        return int(self.validation_seconds) + VALIDATION_MARGIN_SECONDS


class Transaction:
    """The devices of one subject, changed together or not at all."""

    def __init__(self, subject: Subject, network: Network, steps: Steps) -> None:
        self._subject = subject
        self._network = network
        self._steps = steps
        self._targets: Mapping[str, Target] = {target.device: target for target in subject.targets}
        self._states = dict.fromkeys(self._targets, DeviceState.UNTOUCHED)
        self._errors: dict[str, str] = {}
        self._loaded: list[str] = []
        self._asked_to_confirm: set[str] = set()

    def prepare(self) -> Plan:
        """Load the candidate on every device and compare it with what runs; nothing is changed.

        Raises:
            DeviceError: a device that cannot be reached, is locked or refuses the candidate; the first of them.
        """
        self._steps.announce("comparing")
        answers = self._load_exclusively() if self._steps.exclusive else self._load(self._targets)
        return self._plan({device: answers[device] for device in self._targets if device in answers})

    def push(self, approved: Plan) -> Outcome:
        """Do what the approved plan shows, or leave every device as it was.

        Args:
            approved: What a person (or `--yes`) agreed to.

        Returns:
            The outcome; trouble is in it, not raised. A KeyboardInterrupt rolls back first and is in it as well.
        """
        checks: Sequence[Check] = ()
        try:
            self._steps.announce("comparing again")
            self._insist_on(approved)
            self._steps.announce("pushing")
            self._commit(approved)
            self._steps.announce("validating")
            checks = self._steps.validate()
            failed = [check for check in checks if not check.passed]
            if failed:
                return self._undo(approved, checks, _validation_error(failed), "PV6000")
            self._steps.announce("confirming")
            self._confirm()
            self._steps.announce("reading back")
            self._insist_on_nothing_left()
            return self._outcome(Result.CONFIRMED, approved, checks)
        except KeyboardInterrupt:
            return self._undo(approved, checks, "interrupted", INTERRUPTED)
        except ProvisionerError as error:
            return self._undo(approved, checks, str(error), error.number)

    def release(self) -> None:
        """Throw the candidates away and let the locks go, where nothing was pushed.

        A device that failed is left alone: asking it again would be a second login where the first was refused.
        """
        self._network.run(self._loaded, _discard, "discard")

    # --- steps ------------------------------------------------------------------------------------------------------

    def _load(self, devices: Iterable[str]) -> dict[str, Answer[DeviceDiff]]:
        answers = dict(self._network.run(list(devices), self._load_and_compare, "compare"))
        self._loaded += [device for device, answer in answers.items() if answer.error is None]
        return answers

    def _load_exclusively(self) -> dict[str, Answer[DeviceDiff]]:
        """One device after the other, in an order that every run has in common.

        Two runs that take the same locks at once in different orders would each stop at the other's.
        """
        answers: dict[str, Answer[DeviceDiff]] = {}
        for device in sorted(self._targets):
            answers |= self._load([device])
            if answers[device].error is not None:
                break
        return answers

    def _load_and_compare(self, driver: NetworkDriver, device: str) -> DeviceDiff:
        target = self._targets[device]
        running = driver.get_config(retrieve="running", full=True)["running"]
        if not running.strip():
            raise DeviceError("the router answered with an empty configuration", where=device, number="PV5003")
        driver.load_replace_candidate(config=self._steps.candidate(target, running))
        return DeviceDiff(target, split_by_file(driver.compare_config()))

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
            raise DeviceError(
                "the router changed after the diff was shown",
                where=", ".join(moved),
                remedy="nothing was pushed; run again and look at the new diff",
                number="PV5001",
            )

    def _commit(self, approved: Plan) -> None:
        for diff in approved.diffs:
            if diff.is_empty:
                continue
            device = diff.target.device
            # Committed until the device says otherwise: a lost answer must not keep it out of the rollback.
            self._states[device] = DeviceState.COMMITTED
            self._network.run([device], self._commit_one, "commit")[device].unwrap()

    def _commit_one(self, driver: NetworkDriver, _device: str) -> None:
        driver.commit_config(message=self._steps.message, revert_in=self._steps.revert_in_seconds)

    def _confirm(self) -> None:
        for device in self._in_state(DeviceState.COMMITTED):
            self._asked_to_confirm.add(device)
            self._network.run([device], _confirm_one, "confirm")[device].unwrap()
            self._states[device] = DeviceState.CONFIRMED

    def _insist_on_nothing_left(self) -> None:
        """A confirm that was not checked has reverted before (SUNET/cnaas-nms#395): read every device once more."""
        answers = self._network.run(self._in_state(DeviceState.CONFIRMED), self._load_and_compare, "read back")
        left = self._plan(answers)
        self._network.run(self._in_state(DeviceState.CONFIRMED), _discard, "discard")
        if not left.is_empty:
            raise CommitError(
                "after the confirm the router does not run what was confirmed",
                where=", ".join(diff.target.device for diff in left.diffs if not diff.is_empty),
                number="PV5501",
            )

    def _undo(self, approved: Plan, checks: Sequence[Check], error: str, number: str) -> Outcome:
        """Put every touched device back. A person who presses Ctrl-C again wants this to happen, and it does."""
        with held_back() as again:
            outcome = self._put_all_back(approved, checks)
            if again.take() is not None and number != INTERRUPTED:
                error, number = f"{error}; then interrupted", INTERRUPTED
        return replace(outcome, error=error, error_number=number)

    def _put_all_back(self, approved: Plan, checks: Sequence[Check]) -> Outcome:
        self._steps.announce("rolling back")
        touched = self._in_state(DeviceState.COMMITTED, DeviceState.CONFIRMED)
        # The edge first: the reverse of the order of the commit.
        for device in reversed(touched):
            answer = self._network.run([device], self._put_back, "rollback")[device]
            if isinstance(answer.error, UnreachableError):
                # The session is dead (a jump host that got the Ctrl-C as well); the router may be well: one new session.
                # A rollback whose answer alone was lost is not to be repeated: asks what runs, also after a confirm.
                self._states[device] = DeviceState.COMMITTED
                answer = self._network.run([device], self._put_back, "rollback")[device]
            if answer.error is None:
                self._states[device] = DeviceState.ROLLED_BACK
            else:
                self._states[device] = DeviceState.UNKNOWN
                unless = "unless its confirm arrived, " if device in self._asked_to_confirm else ""
                timer = f"; {unless}its own timer puts it back {self._steps.revert_in_seconds} s after the commit, or a reboot does"
                self._errors[device] = f"{answer.error}{timer}"
        self._network.run(self._in_state(DeviceState.UNTOUCHED), _discard, "discard")
        result = Result.ROLLED_BACK if touched else Result.FAILED
        if self._in_state(DeviceState.UNKNOWN):
            result = Result.UNKNOWN
        return self._outcome(result, approved, checks)

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


def _compare_again(targets: Mapping[str, Target]) -> Callable[[NetworkDriver, str], DeviceDiff]:
    def work(driver: NetworkDriver, device: str) -> DeviceDiff:
        return DeviceDiff(targets[device], split_by_file(driver.compare_config()))

    return work


def _confirm_one(driver: NetworkDriver, _device: str) -> None:
    driver.confirm_commit()


def _discard(driver: NetworkDriver, _device: str) -> None:
    driver.discard_config()


def _validation_error(failed: Sequence[Check]) -> str:
    first = failed[0]
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"{first.device}: {first.name}: expected {first.expected}, found {first.found}{more}"
