"""Interruptions wait for the end of a step."""

from __future__ import annotations

import signal
import subprocess
import threading

import pytest

from provisioner.network.interrupts import SIGNALS, held_back, keep_from_children, treat_as_interruptions


def test_an_interruption_inside_a_step_is_raised_at_its_end() -> None:
    done = []

    def step() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest of the step")

    with pytest.raises(KeyboardInterrupt):
        step()
    assert done


def test_an_interruption_inside_two_blocks_waits_for_the_outer_one_and_can_be_taken_there() -> None:
    done = []
    with held_back() as outer:
        with held_back():
            signal.raise_signal(signal.SIGINT)
        done.append("the rest of the outer block")
        assert outer.take() == signal.SIGINT
    assert done


def test_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with held_back():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_another_thread_may_use_it_too() -> None:
    ended = []

    def work() -> None:
        with held_back():
            ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended


def test_a_closed_terminal_interrupts_and_nohup_keeps_it_ignored() -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        treat_as_interruptions()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
