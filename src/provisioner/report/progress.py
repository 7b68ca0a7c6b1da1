"""What a person sees while a run is under way; always on standard error, so that standard output holds the report alone."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from provisioner.report.wording import counted, seconds, visible

_REFRESHES_PER_SECOND = 10


class Progress(Protocol):
    """Told what a run is at. A context manager: what it draws is gone when the run ends, also when it ends badly."""

    def phase(self, subject: str, phase: str, /) -> None:
        """A phase of a subject begins: `pushing`."""
        ...  # pragma: no cover

    def done(self, subject: str, /) -> None:
        """A subject is through."""
        ...  # pragma: no cover

    def expect(self, total: int, /) -> None:
        """So many subjects will be gone through."""
        ...  # pragma: no cover

    def batch(self, name: str, size: int, /) -> None:
        """A batch of so many subjects begins."""
        ...  # pragma: no cover

    def suspended(self) -> AbstractContextManager[None]:
        """Draws nothing inside it: a question is asked, or a plan is shown."""
        ...  # pragma: no cover

    def __enter__(self) -> Self: ...  # pragma: no cover

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...  # pragma: no cover


class TerminalProgress:
    """One live line per subject under way, for a terminal: spinner, subject, phase, elapsed time."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._under_way: dict[str, _UnderWay] = {}
        self._lock = threading.Lock()
        self._spinner = Spinner("dots", style="green")
        self._total = self._through = 0
        self._batch = ""
        self._live: Live | None = None

    def phase(self, subject: str, phase: str, /) -> None:
        """Show the phase beside the subject's name."""
        with self._lock:
            known = self._under_way.get(subject)
            self._under_way[subject] = _UnderWay(phase, known.began if known else self._clock())

    def done(self, subject: str, /) -> None:
        """Take the subject's line away."""
        with self._lock:
            self._under_way.pop(subject, None)
            self._through += 1

    def expect(self, total: int, /) -> None:
        """Show how many of so many are through."""
        with self._lock:
            self._total = total

    def batch(self, name: str, size: int, /) -> None:
        """Show which batch is under way."""
        with self._lock:
            self._batch = f"{name}, {counted(size, 'subject')}"

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Clear the lines, and draw them again afterwards."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._stop()

    def _start(self) -> None:
        # A Live that is started a second time erases lines above it, the question among them: a new one each time.
        self._live = Live(
            console=self._console,
            get_renderable=self._lines,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
            # The report goes to standard output as it is, never through this display.
            redirect_stdout=False,
        )
        self._live.start()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _lines(self) -> Group:
        with self._lock:
            under_way = dict(self._under_way)
        now = self._clock()
        spinner = self._spinner.render(self._console.get_time())
        head = [Text(f" {self._through} of {self._total}  {self._batch}", style="dim")] if self._total else []
        return Group(*head, *(self._line(spinner, subject, state, now) for subject, state in under_way.items()))

    @staticmethod
    def _line(spinner: RenderableType, subject: str, state: _UnderWay, now: float) -> Text:
        return Text.assemble(
            spinner if isinstance(spinner, Text) else "",
            " ",
            (visible(subject), "bold"),
            "  ",
            visible(state.phase),
            "  ",
            (seconds(now - state.began), "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )


@dataclass(frozen=True, slots=True)
class _UnderWay:
    phase: str
    began: float


class PlainProgress:
    """One line per phase where somebody asked for it, else silence: for pipes, logs and CI."""

    def __init__(
        self, stream: TextIO | None = None, *, verbose: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._verbose = verbose
        self._clock = clock
        self._began = clock()

    def phase(self, subject: str, phase: str, /) -> None:
        """Write the subject, the phase and the time since the run began."""
        self._say(f"{subject}: {phase}")

    def done(self, subject: str, /) -> None:
        """Write that the subject is through."""
        self._say(f"{subject}: done")

    def expect(self, _total: int, /) -> None:
        """Nothing to write yet."""

    def batch(self, name: str, size: int, /) -> None:
        """Write which batch begins."""
        self._say(f"{name}: {counted(size, 'subject')}")

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Nothing to clear: lines that were written stay."""
        yield

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        return None

    def _say(self, text: str) -> None:
        if self._verbose:
            line = f"{visible(text)} ({seconds(self._clock() - self._began)})"
            # One write per line: lines of two threads do not mix.
            stream = self._stream or sys.stderr
            stream.write(f"{line}\n")
            stream.flush()


def progress_for(*, verbose: bool) -> Progress:
    """The progress display that fits standard error: live on a terminal, else plain."""
    console = Console(stderr=True, highlight=False)
    return (
        TerminalProgress(console)
        if console.is_terminal and not console.is_dumb_terminal
        else PlainProgress(verbose=verbose)
    )
