"""A subject on all its devices: a device without an answer is a failed check, never nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from provisioner.errors import UnreachableError
from provisioner.intent.load import load_fleet
from provisioner.network.session import Answer
from provisioner.plan.subject import base_subject, location_subject
from provisioner.validate.expectations import expect_location
from provisioner.validate.location import collect, validate_subject
from provisioner.validate.model import Check

FLEET = load_fleet(Path(__file__).parents[3] / "inventory")
LOCATION = FLEET.locations["03BK00"]
EXPECTATIONS = {each.device: each for each in expect_location(FLEET, LOCATION)}
GOOD = Check("utr1-ar1", "x", passed=True, expected="a", found="a")


class SilentNetwork:
    """Devices that cannot be reached."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def run(self, devices: Sequence[str], work: Any, name: str) -> Mapping[str, Answer[Any]]:
        self.asked.append((*devices, name))
        return {
            device: Answer(device, error=UnreachableError("connection refused", where=device)) for device in devices
        }


def test_a_device_that_answers_with_an_error_is_a_failed_check_beside_the_others() -> None:
    error = UnreachableError("connection refused", where="er-03bk00")
    checks = collect(
        EXPECTATIONS, {"utr1-ar1": Answer("utr1-ar1", value=(GOOD,)), "er-03bk00": Answer("er-03bk00", error=error)}
    )
    assert checks == (
        GOOD,
        Check("er-03bk00", "device", passed=False, expected="an answer", found="connection refused"),
    )


def test_a_device_that_answers_nothing_is_a_failed_check() -> None:
    checks = collect(EXPECTATIONS, {"utr1-ar1": Answer("utr1-ar1", value=())})
    assert [(check.device, check.passed, check.found) for check in checks] == [
        ("utr1-ar1", False, "none"),
        ("er-03bk00", False, "none"),
    ]


def test_all_devices_of_a_location_are_asked_at_once() -> None:
    network: Any = SilentNetwork()
    checks = validate_subject(network, FLEET, location_subject(FLEET, LOCATION), 0)
    assert network.asked == [("utr1-ar1", "er-03bk00", "validate")]
    assert [(check.device, check.passed) for check in checks] == [("utr1-ar1", False), ("er-03bk00", False)]


def test_the_base_of_an_aggregation_router_is_looked_at_alone() -> None:
    network: Any = SilentNetwork()
    validate_subject(network, FLEET, base_subject(FLEET, "utr1-ar1"), 0)
    assert network.asked == [("utr1-ar1", "validate")]
