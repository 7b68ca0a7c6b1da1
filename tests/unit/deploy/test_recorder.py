"""What the journal's trouble stops, and what it does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provisioner.deploy.model import Outcome, Report, Result, RunRecord
from provisioner.deploy.recorder import Recorder
from provisioner.errors import JournalError
from provisioner.journal.store import Journal, Query

NOWHERE = "sqlite:////nonexistent/journal.sqlite"


def outcome(subject: str) -> Outcome:
    return Outcome(subject, "a school", Result.IN_SYNC)


def run(*, dry_run: bool) -> RunRecord:
    return RunRecord("provision --school 16PK00", "", "somebody@somewhere", dry_run)


def test_a_push_does_not_begin_without_a_journal() -> None:
    with pytest.raises(JournalError):
        Recorder(NOWHERE, run(dry_run=False), warn=lambda _: None)


def test_a_dry_run_goes_on_without_a_journal_and_says_so_once() -> None:
    said: list[str] = []
    recorder = Recorder(NOWHERE, run(dry_run=True), warn=said.append)
    recorder.outcome(outcome("16PK00"))
    recorder.outcome(outcome("16PK01"))
    recorder.finish(Report("", "", (), dry_run=True))
    recorder.close()
    assert len(said) == 1
    assert "PV7" in said[0]


def test_outcomes_that_end_at_once_are_of_one_run(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    recorder = Recorder(url, run(dry_run=True), warn=pytest.fail)
    codes = [f"16PK{number:02}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda code: recorder.outcome(outcome(code)), codes))
    recorder.finish(Report("", "", tuple(map(outcome, codes)), dry_run=True))
    recorder.close()
    with Journal.open(url) as journal:
        (recorded,) = journal.history(Query(dry_runs=True))
    assert {entry.subject for entry in recorded.transactions} == set(codes)
