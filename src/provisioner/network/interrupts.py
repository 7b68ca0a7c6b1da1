"""Interruptions (Ctrl-C, SIGTERM, a terminal that was closed) come between steps on routers, never inside one.

A step that is left half-way goes on in its thread and on its router: whoever then asks the router whether a commit is
pending may be told no, just before it is. So signals are counted here, and whoever works on routers asks between steps.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """How often somebody asked this run to end: once to put back what is unconfirmed, twice to leave that to the routers.

    One object for a run, asked by every thread of it.
    """

    def __init__(self) -> None:
        self._count = 0
        self._raises = False

    @property
    def is_wanted(self) -> bool:
        """Whether the run is to end as soon as its routers are in order."""
        return self._count > 0

    @property
    def is_urgent(self) -> bool:
        """Whether the run is to end at once, and the routers' revert timers do the rest."""
        return self._count > 1

    def press(self) -> None:
        """Ask the run to end."""
        self._count += 1

    def proceed(self) -> None:
        """Go on, unless the run is to end.

        Raises:
            KeyboardInterrupt: somebody asked for it.
        """
        if self.is_wanted:
            raise KeyboardInterrupt

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Count signals instead of being ended by them; in the main thread, since no other gets any.

        Signals that are ignored (nohup) stay ignored.
        """
        before = {number: signal.getsignal(number) for number in SIGNALS}
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, self._arrived)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """While a person is asked something, a signal ends the question too.

        Raises:
            KeyboardInterrupt: a signal arrived, before the block or inside it.
        """
        self.proceed()
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    def _arrived(self, _number: int, _frame: object) -> None:
        self.press()
        if self._raises:
            self._raises = False
            raise KeyboardInterrupt


def keep_from_children() -> None:
    """Block the terminal's signals in this thread, and so in every process that it starts.

    A terminal sends Ctrl-C to jump hosts as well (`ssh -W` of a ProxyCommand). Without them no router can be put back.
    """
    if threading.current_thread() is not threading.main_thread():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
