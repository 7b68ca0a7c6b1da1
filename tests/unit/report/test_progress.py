"""Progress goes to standard error, shows what is under way, and leaves nothing behind."""

from __future__ import annotations

import io
import os
import pty
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TextIO

import pytest
from rich.console import Console

from provisioner.report.progress import PlainProgress, TerminalProgress, progress_for

UP = "\x1b[1A"


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_phase_is_one_plain_line_where_somebody_asked_for_it() -> None:
    stream, clock = io.StringIO(), Clock()
    with PlainProgress(stream, verbose=True, clock=clock) as progress:
        progress.phase("16PK00", "comparing")
        clock.now = 1.5
        progress.phase("16PK00", "push\x1b[2Jing")
        with progress.suspended():
            pass
        progress.done("16PK00")
    assert stream.getvalue() == ("16PK00: comparing (0.0 s)\n16PK00: push\\x1b[2Jing (1.5 s)\n16PK00: done (1.5 s)\n")


def test_nothing_is_written_where_nobody_asked() -> None:
    stream = io.StringIO()
    with PlainProgress(stream, verbose=False) as progress:
        progress.phase("16PK00", "comparing")
        progress.done("16PK00")
    assert not stream.getvalue()


def test_standard_output_stays_the_report_s(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_for(verbose=True) as progress:
        progress.phase("16PK00", "comparing")
        print("report")
    out, err = capsys.readouterr()
    assert out == "report\n"
    assert err.startswith("16PK00: comparing (")


@dataclass
class Terminal:
    """A terminal: the end that a program writes to, and what a person has seen since the last look."""

    stream: TextIO
    theirs: int

    def progress(self, clock: Callable[[], float] = time.monotonic) -> TerminalProgress:
        return TerminalProgress(Console(file=self.stream, color_system=None), clock=clock)

    def seen(self) -> str:
        found = b""
        while True:
            try:
                found += os.read(self.theirs, 65536)
            except BlockingIOError:
                return found.decode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    theirs, ours = pty.openpty()
    os.set_blocking(theirs, False)
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(ours, "w", encoding="utf-8") as stream:
        yield Terminal(stream, theirs)
    os.close(theirs)


def test_the_display_is_live_on_a_terminal_and_plain_elsewhere(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(progress_for(verbose=False), PlainProgress)
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    assert isinstance(progress_for(verbose=False), TerminalProgress)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress_for(verbose=False), PlainProgress)


def test_a_terminal_shows_subject_phase_and_elapsed_time(terminal: Terminal) -> None:
    clock = Clock()
    with terminal.progress(clock) as progress:
        progress.phase("16PK00", "compar\x1b[2Jing [bold]")
        clock.now = 4.25
    assert "16PK00  compar\\x1b[2Jing [bold]  4.2 s" in terminal.seen()


def test_a_question_is_not_erased_by_the_display_that_is_drawn_again(terminal: Terminal) -> None:
    with terminal.progress() as progress:
        progress.phase("16PK00", "comparing")
        with progress.suspended():
            terminal.seen()
            terminal.stream.write("Push?\n")
            terminal.stream.flush()
    after = terminal.seen().partition("Push?")[2]
    # The cursor goes up over what was drawn since, and never further.
    assert UP not in after.partition("16PK00")[0]
    assert after.count(UP) <= after.count("16PK00")


def test_nothing_is_drawn_while_a_question_is_asked(terminal: Terminal) -> None:
    with terminal.progress() as progress, progress.suspended():
        terminal.seen()
        progress.phase("16PK00", "comparing")
        assert not terminal.seen()


def test_a_subject_that_is_through_is_shown_no_more(terminal: Terminal) -> None:
    with terminal.progress() as progress:
        progress.phase("16PK00", "comparing")
        progress.done("16PK00")
        terminal.seen()
        progress.phase("16PK01", "comparing")
    shown = terminal.seen()
    assert "16PK01" in shown
    assert "16PK00" not in shown


def test_many_subjects_have_a_bar_with_the_batch_and_the_failures(terminal: Terminal) -> None:
    clock = Clock()
    with terminal.progress(clock) as progress:
        progress.expect(200)
        progress.batch("batch [2]\x1b[2J", 16)
        for number in range(3):
            clock.now += 10
            progress.done(f"16PK{number:02}", failed=number == 1)
        terminal.seen()
        progress.phase("16PK99", "comparing")
    shown = terminal.seen()
    assert "batch [2]\\x1b[2J, 16 subjects" in shown
    assert "3/200 1 failed" in shown
    assert "0:32:50 left" in shown  # 197 of them, 10 s each


def test_subjects_in_sync_do_not_make_the_rest_look_fast(terminal: Terminal) -> None:
    clock = Clock()
    with terminal.progress(clock) as progress:
        progress.expect(1000)
        for number in range(900):
            clock.now += 0.01
            progress.done(f"in sync {number}")
        progress.batch("canary", 1)
        terminal.seen()
    assert "900/1000  -:--:-- left" in terminal.seen()


def test_one_subject_has_no_bar(terminal: Terminal) -> None:
    with terminal.progress() as progress:
        progress.phase("16PK00", "comparing")
        progress.done("16PK00")
    assert "left" not in terminal.seen()


def test_eight_lines_at_most_are_live_and_a_new_batch_begins_with_none(terminal: Terminal) -> None:
    with terminal.progress() as progress:
        terminal.seen()
        for number in range(30):
            progress.phase(f"16PK{number:02}", "comparing")
        progress.batch("canary", 1)
        progress.phase("26AB00", "committing")
    last = terminal.seen().rpartition("26AB00")[0]
    assert "16PK" not in last.rpartition("\x1b[2K")[2]
    with terminal.progress() as progress:
        for number in range(30):
            progress.phase(f"16PK{number:02}", "comparing")
        terminal.seen()
    shown = terminal.seen()
    assert shown.count("comparing") == 8
    assert "16PK29" in shown


def test_threads_lose_no_subject(terminal: Terminal) -> None:
    def go_through(subject: str) -> None:
        for phase in ("comparing", "committing", "validating"):
            progress.phase(subject, phase)
        progress.done(subject, failed=True)

    with terminal.progress() as progress:
        progress.expect(200)
        progress.batch("canary", 1)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(go_through, [f"{number:03}" for number in range(200)]))
        terminal.seen()
    shown = terminal.seen()
    assert "200/200 200 failed" in shown
    assert "validating" not in shown


def test_an_error_inside_leaves_the_cursor_shown(terminal: Terminal) -> None:
    progress = terminal.progress()

    def fail() -> None:
        with progress:
            progress.phase("16PK00", "comparing")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert terminal.seen().endswith("\x1b[?25h" + f"\r{UP}\x1b[2K")
