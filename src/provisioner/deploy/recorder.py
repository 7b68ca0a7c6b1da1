"""This run in the journal. Before a push trouble with the journal stops it; after a push it is a warning and no more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from provisioner.deploy.model import Outcome, Report, RunRecord
from provisioner.errors import JournalError
from provisioner.plan.model import Plan
from provisioner.plan.parts import Parts

if TYPE_CHECKING:
    from provisioner.journal.store import Journal, RunId


class Recorder:
    """Writes one run to the journal.

    A push opens the journal at once, since it must not begin without. A dry run changes nothing, so it opens it with its
    first outcome (after the first connection, which should not wait for a database), and without one it goes on.

    Args:
        url: The journal's database; the user's own SQLite file where None.
        run: What is recorded.
        warn: Told in one line what could not be recorded.

    Raises:
        JournalError: a push whose journal cannot be written.
    """

    def __init__(self, url: str | None, run: RunRecord, warn: Callable[[str], None]) -> None:
        self._url = url
        self._run = run
        self._warn = warn
        self._opened: tuple[Journal, RunId] | None = None
        self._given_up = False
        self._one_at_a_time = threading.Lock()
        if not run.dry_run:
            self._open()

    @property
    def run_id(self) -> int | None:
        """The run's number in the journal; None where it is not there."""
        return None if self._opened is None else self._opened[1]

    def deployed(self, device: str) -> Parts:
        """What was last confirmed on a device, by owner; empty where nothing is known, and for a dry run without a journal.

        Raises:
            JournalError: a push whose journal cannot be read; nothing has been pushed yet.
        """
        try:
            with self._one_at_a_time:
                if self._given_up:
                    return {}
                journal, _ = self._open()
            return {owner: state.text for owner, state in journal.deployed(device).items()}
        except JournalError as error:
            if not self._run.dry_run:
                raise
            self._given_up = True
            self._warn(f"what was deployed is not known: {error}")
            return {}

    def plan(self, plan: Plan) -> None:
        """Record what is about to be pushed. Raises JournalError: nothing has been pushed yet."""
        if self._opened is not None:
            journal, run_id = self._opened
            journal.record_plan(run_id, plan)

    def outcome(self, outcome: Outcome) -> None:
        """Record how a subject ended."""
        self._attempt(
            lambda journal, run_id: journal.record_outcome(run_id, outcome),
            f"the outcome of {outcome.subject} is not in the journal",
        )

    def finish(self, report: Report) -> None:
        """Record that the run has ended."""
        self._attempt(
            lambda journal, run_id: journal.finish(run_id, report), "the end of this run is not in the journal"
        )

    def close(self) -> None:
        """Let go of the database."""
        if self._opened is not None:
            self._opened[0].close()

    def _attempt(self, record: Callable[[Journal, RunId], None], trouble: str) -> None:
        with self._one_at_a_time:
            if self._given_up:
                return
            try:
                record(*self._open())
            except JournalError as error:
                self._given_up = self._run.dry_run  # one line says it; a push goes on trying
                self._warn(f"{trouble}: {error}")

    def _open(self) -> tuple[Journal, RunId]:
        if self._opened is None:
            self._opened = self._begin()
        return self._opened

    def _begin(self) -> tuple[Journal, RunId]:
        from provisioner.journal.store import Journal  # noqa: PLC0415 - a database layer is slow to import

        journal = Journal.open(self._url)
        try:
            return journal, journal.begin(
                command=self._run.command,
                commit=self._run.commit,
                actor=self._run.actor,
                dry_run=self._run.dry_run,
                subjects=self._run.subjects,
            )
        except JournalError:
            journal.close()
            raise
