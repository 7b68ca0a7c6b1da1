"""This run in the journal. Before a push trouble with the journal stops it; after a push it is a warning and no more."""

from __future__ import annotations

from collections.abc import Callable

from provisioner.deploy.model import Outcome, Report, RunRecord
from provisioner.errors import JournalError
from provisioner.journal.store import Journal, RunId
from provisioner.plan.model import Plan


class Recorder:
    """Writes one run to the journal, or nowhere.

    Args:
        journal: Where; None records nothing.
        run_id: Which run.
        warn: Told in one line what could not be recorded.
    """

    def __init__(self, journal: Journal | None, run_id: RunId | None, warn: Callable[[str], None]) -> None:
        self._journal = journal
        self._run_id = run_id
        self._warn = warn

    @classmethod
    def begin(cls, url: str | None, run: RunRecord, warn: Callable[[str], None]) -> Recorder:
        """Open the journal and begin a run. Raises JournalError."""
        journal = Journal.open(url)
        try:
            run_id = journal.begin(command=run.command, commit=run.commit, actor=run.actor, dry_run=run.dry_run)
        except JournalError:
            journal.close()
            raise
        return cls(journal, run_id, warn)

    @classmethod
    def silent(cls, warn: Callable[[str], None]) -> Recorder:
        """A recorder that records nothing."""
        return cls(None, None, warn)

    def plan(self, plan: Plan) -> None:
        """Record what is about to be pushed. Raises JournalError: nothing has been pushed yet."""
        if self._journal is not None and self._run_id is not None:
            self._journal.record_plan(self._run_id, plan)

    def outcome(self, outcome: Outcome) -> None:
        """Record how a subject ended."""
        if self._journal is not None and self._run_id is not None:
            try:
                self._journal.record_outcome(self._run_id, outcome)
            except JournalError as error:
                self._warn(f"the outcome of {outcome.subject} is not in the journal: {error}")

    def finish(self, report: Report) -> None:
        """Record that the run has ended."""
        if self._journal is not None and self._run_id is not None:
            try:
                self._journal.finish(self._run_id, report)
            except JournalError as error:
                self._warn(f"the end of this run is not in the journal: {error}")

    def close(self) -> None:
        """Let go of the database."""
        if self._journal is not None:
            self._journal.close()
