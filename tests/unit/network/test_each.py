"""Work on every router of a fleet: each answers once, late ones and broken ones are their own trouble, nothing is left open."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from napalm.base import NetworkDriver
from nornir_napalm.plugins.connections import CONNECTION_NAME

from provisioner.errors import DeviceError, UnreachableError
from provisioner.intent.load import load_fleet
from provisioner.network.pacing import Pace
from provisioner.network.session import Access, Network

FLEET = load_fleet(Path(__file__).parents[3] / "inventory")
DEVICES = [location.edge_router_name for location in FLEET.locations.values()]


class Session:
    """An open connection, as Nornir keeps one."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.connection = self

    def open(self, *_: object, **__: object) -> None:
        raise AssertionError("it is open")

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def network() -> Network:
    return Network(FLEET, Access())


@pytest.fixture
def sessions(network: Network) -> dict[str, Session]:
    found = {device: Session() for device in DEVICES}
    for device, session in found.items():
        network._nornir.inventory.hosts[device].connections[CONNECTION_NAME] = session
    return found


def test_every_router_answers_once_and_its_session_is_closed(network: Network, sessions: dict[str, Session]) -> None:
    answers = list(network.each(DEVICES, str, lambda _, device: device.upper(), "shout", Pace(5), 60))
    assert sorted(answer.device for answer in answers) == sorted(DEVICES)
    assert all(answer.value == answer.device.upper() for answer in answers)
    assert all(session.closed.is_set() for session in sessions.values())


def test_a_failure_is_its_own(network: Network, sessions: dict[str, Session]) -> None:
    def work(_driver: NetworkDriver, device: str) -> str:
        if device == DEVICES[3]:
            raise ValueError("who knows")
        return device

    answers = {answer.device: answer for answer in network.each(DEVICES, str, work, "work", Pace(5), 60)}
    assert isinstance(answers.pop(DEVICES[3]).error, DeviceError)
    assert all(answer.error is None for answer in answers.values())
    assert len(answers) == len(DEVICES) - 1
    assert sessions[DEVICES[3]].closed.is_set()


def test_a_router_that_takes_too_long_is_out_of_reach_and_holds_nobody_up(
    network: Network, sessions: dict[str, Session]
) -> None:
    slow = DEVICES[0]

    def work(_driver: NetworkDriver, device: str) -> str:
        # A driver that waits for an answer gets an error when its connection is taken away.
        if device == slow and sessions[slow].closed.wait(30):
            raise OSError("closed")
        return device

    began = time.monotonic()
    answers = {answer.device: answer for answer in network.each(DEVICES, str, work, "work", Pace(2), 1)}
    assert time.monotonic() - began < 15
    error = answers[slow].error
    assert isinstance(error, UnreachableError)
    assert error.number == "PV5103"
    assert len(answers) == len(DEVICES)


@pytest.mark.usefixtures("sessions")
def test_who_takes_no_more_answers_leaves_no_thread_behind(network: Network) -> None:
    before = threading.active_count()
    answers = network.each(DEVICES, str, lambda _, device: device, "work", Pace(3), 60)
    next(answers)
    answers.close()  # type: ignore[attr-defined]  # it is a generator
    end = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.05)
    assert threading.active_count() <= before
