"""What a person sees while a run is under way; always on standard error, so that standard output holds the report alone."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.spinner import Spinner
from rich.text import Text

from provisioner.report.wording import counted, seconds, visible

_REFRESHES_PER_SECOND: Final = 10
_MOST_LIVE: Final = 8
"""Subjects that have a line of their own; more of them would push the bar off a small terminal."""
_BAR_COLUMNS: Final = 20
_SPEED_SECONDS: Final = 600
"""How far back the estimate of the time left looks: a push takes a quarter of a minute, the default sees two of them."""


class Progress(Protocol):
    """Told what a run is at. A context manager: what it draws is gone when the run ends, also when it ends badly."""

    def phase(self, subject: str, phase: str, /) -> None:
        """A phase of a subject begins: `pushing`."""
        ...  # pragma: no cover

    def done(self, subject: str, /, *, failed: bool = False) -> None:
        """A subject is through, well or not."""
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
    """For a terminal: one live line per subject under way, and above them a bar where there are several subjects.

    A line has spinner, subject, phase and elapsed time; the bar has the batch, how many are through and failed, and the time
    that the rest will take at the speed of this batch.
    """

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._under_way: dict[str, _UnderWay] = {}
        self._lock = threading.Lock()
        self._spinner = Spinner("dots", style="green")
        self._bar = _bar(console, clock)
        self._task: TaskID | None = None
        self._total = self._through = self._failures = 0
        self._live: Live | None = None

    def phase(self, subject: str, phase: str, /) -> None:
        """Show the phase beside the subject's name."""
        with self._lock:
            known = self._under_way.get(subject)
            self._under_way[subject] = _UnderWay(phase, known.began if known else self._clock())

    def done(self, subject: str, /, *, failed: bool = False) -> None:
        """Take the subject's line away, and count it."""
        with self._lock:
            self._under_way.pop(subject, None)
            self._through += 1
            self._failures += failed
            if self._task is not None:
                said = f"{self._failures} failed" if self._failures else ""
                self._bar.update(self._task, completed=self._through, failures=said)

    def expect(self, total: int, /) -> None:
        """Show a bar of so many subjects."""
        with self._lock:
            self._total = total
            if self._task is None:
                self._task = self._bar.add_task("", total=total, failures="")

    def batch(self, name: str, size: int, /) -> None:
        """Show which batch is under way; those of the one before are through, or wait for their turn."""
        with self._lock:
            self._under_way.clear()
            if self._task is not None:
                # The speed of another batch, or of subjects in sync, tells nothing about this one.
                self._bar.reset(
                    self._task,
                    total=self._total,
                    completed=self._through,
                    description=f"{visible(name)}, {counted(size, 'subject')}",
                )

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
            # The latest ones: while many are compared nobody says that one is through.
            under_way = list(self._under_way.items())[-_MOST_LIVE:]
            head = [] if self._task is None else [self._bar.get_renderable()]
        now = self._clock()
        spinner = self._spinner.render(self._console.get_time())
        return Group(*head, *(self._line(spinner, subject, state, now) for subject, state in under_way))

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


def _bar(console: Console, clock: Callable[[], float]) -> Bar:
    """A bar that is drawn by our own display: Rich allows one live display at a time."""
    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(_BAR_COLUMNS),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failures]}", style="bold red", markup=False),
        TimeRemainingColumn(),
        TextColumn("left", style="dim"),
        console=console,
        auto_refresh=False,
        speed_estimate_period=_SPEED_SECONDS,
        get_time=clock,
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

    def done(self, subject: str, /, *, failed: bool = False) -> None:  # noqa: ARG002 - the report says how it ended
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
