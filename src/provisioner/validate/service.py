"""The service of one subject, as its routers show it before and after a change."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from napalm.base import NetworkDriver

from provisioner.intent.model import Fleet
from provisioner.intent.types import UplinkRole
from provisioner.network.session import Answer, Network
from provisioner.plan.model import Plan
from provisioner.plan.subject import Subject
from provisioner.validate.bystanders import UpSince, Watched, check_bystanders, up_since
from provisioner.validate.compliance import check_device
from provisioner.validate.convergence import await_convergence
from provisioner.validate.expectations import expect_subject
from provisioner.validate.judgement import Goal, Judgement, words_of
from provisioner.validate.model import Check, failed
from provisioner.validate.readings import Readings
from provisioner.validate.touch import is_touched, words_touched

ANSWER = "an answer"
_LONGEST_NAP_SECONDS = 0.25
"""How soon an interruption is heard in a pause between two rounds."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one device showed.

    Attributes:
        checks: What was expected of it.
        sessions: Its BGP sessions that are up.
    """

    checks: tuple[Check, ...]
    sessions: UpSince


@dataclass(frozen=True, slots=True)
class Baseline:
    """One round from before a change.

    Attributes:
        checks: Of all devices.
        sessions: By device: the sessions that were up.
    """

    checks: tuple[Check, ...]
    sessions: Mapping[str, UpSince]


class Service:
    """The service of one subject.

    Args:
        network: The routers.
        fleet: The inventory.
        subject: A location, or the base of an aggregation router.
        goal: What a change is to lead to.
    """

    def __init__(self, network: Network, fleet: Fleet, subject: Subject, goal: Goal = Goal.INTENDED) -> None:
        self._network = network
        self._fleet = fleet
        self._subject = subject
        self._goal = goal
        self._expectations = {expected.device: expected for expected in expect_subject(fleet, subject)}

    def look(self) -> Baseline:
        """One round, without waiting; a device that does not answer is a failed check in it."""
        answers = self._round()
        return Baseline(
            checks=self._checks(answers),
            sessions={device: answer.value.sessions for device, answer in answers.items() if answer.value is not None},
        )

    def await_well(
        self,
        plan: Plan,
        before: Baseline,
        deadline_seconds: float,
        *,
        uplink: UplinkRole | None = None,
        proceed: Callable[[], None] = lambda: None,
    ) -> tuple[Check, ...]:
        """Look again and again until nothing stops the push, or until the deadline has passed.

        Args:
            plan: The change.
            before: What the service looked like before it.
            deadline_seconds: How long a new round may begin.
            uplink: The one uplink that has changed so far; None where all of the change is in.
            proceed: Called before every round and in the pauses; what it raises ends the wait.

        Returns:
            The checks of the last round, never empty.
        """
        words = words_touched(plan)
        judgement = Judgement(before.checks, words, self._goal, self._own_peers())

        def probe() -> tuple[Check, ...]:
            proceed()
            answers = self._round()
            checks = (*self._checks(answers), *self._bystanders(answers, before, words))
            if uplink is None or self._subject.location is None:
                return judgement.of(checks)
            return judgement.of_stage(checks, self._subject.location, uplink)

        return await_convergence(probe, deadline_seconds, sleep=lambda seconds: _nap(seconds, proceed))

    def _round(self) -> Mapping[str, Answer[Round]]:
        def look(driver: NetworkDriver, device: str) -> Round:
            readings = Readings(driver)
            checks = check_device(driver, self._expectations[device], readings)
            return Round(checks, up_since(readings))

        return self._network.run(list(self._expectations), look, "validate")

    def _checks(self, answers: Mapping[str, Answer[Round]]) -> tuple[Check, ...]:
        return tuple(check for device in self._expectations for check in _of_device(device, answers.get(device)))

    def _bystanders(
        self, answers: Mapping[str, Answer[Round]], before: Baseline, words: frozenset[str]
    ) -> tuple[Check, ...]:
        found: list[Check] = []
        for device, answer in answers.items():
            if answer.value is None:
                continue
            watched = Watched(device, self._own_peers(), self._core_peers(device), before.sessions.get(device, {}))
            touched = [peer for peer in watched.before if is_touched((peer,), words)]
            found += check_bystanders(watched, answer.value.sessions, touched)
        return tuple(found)

    def _own_peers(self) -> frozenset[str]:
        location = self._subject.location
        uplinks = () if location is None else location.uplinks
        return frozenset(word for uplink in uplinks for word in words_of(uplink))

    def _core_peers(self, device: str) -> frozenset[str]:
        if device not in self._fleet.aggregation_routers:
            return frozenset()
        core = self._fleet.aggregation_router(device).core
        return frozenset({str(core.core_ipv4), str(core.core_ipv6)})


def _of_device(device: str, answer: Answer[Round] | None) -> tuple[Check, ...]:
    if answer is not None and answer.error is not None:
        return (failed(device, "device", ANSWER, answer.error.what),)
    shown = answer.value if answer is not None else None
    return (shown.checks if shown is not None else ()) or (failed(device, "device", ANSWER, "none"),)


def _nap(seconds: float, proceed: Callable[[], None]) -> None:
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        proceed()
        time.sleep(min(left, _LONGEST_NAP_SECONDS))
