"""Interruptions (Ctrl-C, SIGTERM, a terminal that was closed) come between steps on routers, never inside one.

A step that is left half-way goes on in its thread and on its router: whoever then asks the router whether a commit is
pending may be told no, just before it is.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class HeldBack:
    """The interruptions of a block: raised at its end unless taken."""

    def __init__(self) -> None:
        self._arrived: int | None = None

    def note(self, number: int, _frame: object = None) -> None:
        """A signal handler: remember the signal."""
        self._arrived = number

    def take(self) -> int | None:
        """The signal that arrived, or None; it is not raised any more."""
        arrived, self._arrived = self._arrived, None
        return arrived


@contextmanager
def held_back() -> Iterator[HeldBack]:
    """Hold interruptions back until the end of the block; in the main thread, since no other gets any.

    Yields:
        What arrived. Take it to go on without a KeyboardInterrupt.

    Raises:
        KeyboardInterrupt: at the end of the block, where one arrived and was not taken and no block is around this one.
    """
    held = HeldBack()
    if threading.current_thread() is not threading.main_thread():
        yield held
        return
    # Signals that are ignored (nohup) or end the process at once stay what they are.
    before = {number: signal.getsignal(number) for number in SIGNALS if callable(signal.getsignal(number))}
    for number in before:
        signal.signal(number, held.note)
    try:
        yield held
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        arrived = held.take()
        if arrived is not None:
            signal.raise_signal(arrived)


def keep_from_children() -> None:
    """Block the terminal's signals in this thread, and so in every process that it starts.

    A terminal sends Ctrl-C to jump hosts as well (`ssh -W` of a ProxyCommand). Without them no router can be put back.
    """
    if threading.current_thread() is not threading.main_thread():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})


def treat_as_interruptions() -> None:
    """SIGTERM and a closed terminal do what Ctrl-C does: routers are put back before the process ends."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
