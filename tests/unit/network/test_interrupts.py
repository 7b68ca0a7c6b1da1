"""Interruptions wait for the end of a step, and are counted."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from provisioner.network.interrupts import SIGNALS, Interruption, keep_from_children


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """A shell that starts the tests in the background has them ignore Ctrl-C, and so would the program: rightly."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_inside_a_step_waits_for_somebody_to_ask() -> None:
    interruption = Interruption()
    with interruption.listening():
        interruption.proceed()
        signal.raise_signal(signal.SIGINT)
        assert interruption.is_wanted
        assert not interruption.is_urgent
        with pytest.raises(KeyboardInterrupt):
            interruption.proceed()


@pytest.mark.parametrize("number", SIGNALS)
def test_the_second_one_is_urgent_whatever_its_kind(number: signal.Signals) -> None:
    interruption = Interruption()
    with interruption.listening():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(number)
    assert interruption.is_urgent


def test_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption().listening():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_nohup_keeps_a_closed_terminal_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        interruption = Interruption()
        with interruption.listening():
            signal.raise_signal(signal.SIGHUP)
        assert not interruption.is_wanted
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_question_ends_at_once() -> None:
    interruption = Interruption()

    def ask() -> None:
        with interruption.at_once():
            signal.raise_signal(signal.SIGINT)
            pytest.fail("the question went on")

    with interruption.listening():
        with pytest.raises(KeyboardInterrupt):
            ask()
        assert interruption.is_wanted
        # After it signals are counted again: routers may have to be put back.
        signal.raise_signal(signal.SIGINT)
        assert interruption.is_urgent


def test_a_question_is_not_asked_after_an_interruption() -> None:
    interruption = Interruption()
    interruption.press()
    with pytest.raises(KeyboardInterrupt), interruption.at_once():
        pytest.fail("it was asked")


def test_a_jump_host_outlives_the_ctrl_c_that_a_terminal_sends_to_it() -> None:
    """What is started in a worker's thread does not get it; it still ends when it is told to."""
    started: list[subprocess.Popen[bytes]] = []

    def work() -> None:
        keep_from_children()
        started.append(subprocess.Popen(["sleep", "60"]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with started[0] as jump:
        jump.send_signal(signal.SIGINT)
        jump.send_signal(signal.SIGTERM)
        assert jump.wait(10) == -signal.SIGTERM
