"""The service of one subject, looked at on all its devices at once until it is well or a deadline has passed."""

from __future__ import annotations

from collections.abc import Mapping

from napalm.base import NetworkDriver

from provisioner.intent.model import Fleet
from provisioner.network.session import Answer, Network
from provisioner.plan.subject import Subject
from provisioner.validate.compliance import check_device
from provisioner.validate.convergence import await_convergence
from provisioner.validate.expectations import DeviceExpectations, expect_subject
from provisioner.validate.model import Check, failed

ANSWER = "an answer"


def validate_subject(network: Network, fleet: Fleet, subject: Subject, deadline_seconds: float) -> tuple[Check, ...]:
    """The checks of the last round, in the order of the subject's devices; never empty.

    Args:
        network: The routers.
        fleet: The inventory.
        subject: A location, or the base of an aggregation router.
        deadline_seconds: How long to wait for convergence.
    """
    expectations = {expected.device: expected for expected in expect_subject(fleet, subject)}

    def look(driver: NetworkDriver, device: str) -> tuple[Check, ...]:
        return check_device(driver, expectations[device])

    def probe() -> tuple[Check, ...]:
        return collect(expectations, network.run(list(expectations), look, "validate"))

    return await_convergence(probe, deadline_seconds)


def collect(
    expectations: Mapping[str, DeviceExpectations], answers: Mapping[str, Answer[tuple[Check, ...]]]
) -> tuple[Check, ...]:
    """All devices' checks; a device without an answer is one failed check."""
    return tuple(check for device in expectations for check in _of_device(device, answers.get(device)))


def _of_device(device: str, answer: Answer[tuple[Check, ...]] | None) -> tuple[Check, ...]:
    if answer is None or (answer.error is None and not answer.value):
        return (failed(device, "device", ANSWER, "none"),)
    if answer.error is not None:
        return (failed(device, "device", ANSWER, answer.error.what),)
    return answer.value or ()
