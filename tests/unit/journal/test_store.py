"""What is recorded comes back, for one writer and for many, also after a kill in the middle."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from provisioner.deploy.model import Outcome, Report, Result
from provisioner.errors import JournalError
from provisioner.journal.entry import FileEntry
from provisioner.journal.store import Journal, Query, RunId, RunState
from provisioner.plan.model import Plan

DEADLINE_SECONDS = 60
Begin = Callable[[Journal], RunId]


def subjects(journal: Journal, **query: Any) -> list[list[str]]:
    """The subjects of each run."""
    return [[entry.subject for entry in run.transactions] for run in journal.history(Query(**query))]


def report(*outcomes: Outcome) -> Report:
    return Report("provision --school 16PK00", "0123456789ab", outcomes, dry_run=False)


def test_a_run_is_read_back_as_it_was_recorded(
    journal: Journal, begin: Begin, make_plan: Callable[..., Plan], make_outcome: Callable[..., Outcome]
) -> None:
    run = begin(journal)
    plan, outcome = make_plan(), make_outcome()
    journal.record_plan(run, plan)
    journal.record_outcome(run, outcome)
    journal.finish(run, report(outcome))
    (read,) = journal.history(Query(diffs=True))
    assert (read.run_id, read.state, read.exit_code) == (run, RunState.FINISHED, 0)
    assert (read.actor, read.inventory_commit) == ("anna@noc", "0123456789ab")
    (entry,) = read.transactions
    assert (entry.result, entry.digest, entry.seconds) == ("confirmed", plan.digest, 12.5)
    assert (entry.error, entry.error_number, entry.checks_passed) == ("oh", "PV6000", 1)
    assert entry.failed_checks == outcome.checks[1:]
    assert [(device.device, device.state, device.error) for device in entry.devices] == [
        ("ar1-utr", "untouched", ""),
        ("er-16pk00", "confirmed", "slow"),
    ]
    file = plan.diffs[1].files[0]
    assert entry.devices[1].files == (FileEntry(file.file, 2, 1, file.text),)


def test_moments_are_utc_and_know_it(url: str, begin: Begin) -> None:
    amsterdam = timezone(timedelta(hours=2))
    with Journal.open(url, clock=lambda: datetime(2026, 7, 1, 12, tzinfo=amsterdam)) as journal:
        begin(journal)
        (entry,) = journal.history()
    assert entry.started_at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert entry.started_at.tzinfo is UTC


def test_the_latest_comes_first_and_the_limit_holds(
    journal: Journal, begin: Begin, make_outcome: Callable[..., Outcome]
) -> None:
    for subject in ("16PK00", "16PK01", "16PK02"):
        journal.record_outcome(begin(journal), make_outcome(subject))
    assert [subject for (subject,) in subjects(journal, limit=2)] == ["16PK02", "16PK01"]
    assert subjects(journal, subjects=("16PK00",), limit=2) == [["16PK00"]]
    assert subjects(journal, subjects=("99ZZ99",)) == []


def test_a_run_under_way_is_not_called_interrupted(journal: Journal, begin: Begin) -> None:
    begin(journal)
    assert journal.history()[0].state is RunState.UNDER_WAY


def test_an_outcome_without_a_plan_is_recorded_too(journal: Journal, begin: Begin) -> None:
    journal.record_outcome(begin(journal), Outcome("16PK00", "t", Result.FAILED, error="unreachable"))
    ((entry,),) = (run.transactions for run in journal.history())
    assert (entry.result, entry.error, entry.devices) == ("failed", "unreachable", ())


def test_a_plan_that_was_made_again_takes_the_place_of_the_first(
    journal: Journal, begin: Begin, make_plan: Callable[..., Plan]
) -> None:
    run = begin(journal)
    journal.record_plan(run, make_plan())
    journal.record_plan(run, Plan("16PK00", "t", make_plan().diffs[1:]))
    ((entry,),) = (run.transactions for run in journal.history())
    assert [device.device for device in entry.devices] == ["er-16pk00"]


def test_the_default_journal_is_its_owner_s_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: Begin
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    before = os.umask(0)
    try:
        with Journal.open(None) as journal:
            begin(journal)
            directory = tmp_path / "provision"
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
            assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}
    finally:
        os.umask(before)


def test_a_default_journal_that_others_could_read_is_closed_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    file = tmp_path / "provision" / "journal.sqlite"
    file.parent.mkdir(mode=0o755)
    file.touch(mode=0o644)
    Journal.open(None).close()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_named_file_is_made_private_and_left_as_a_team_wants_it(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    Journal.open(sqlite_url).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o660)
    Journal.open(sqlite_url).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o660


def test_the_file_is_in_write_ahead_mode(sqlite_url: str, tmp_path: Path) -> None:
    Journal.open(sqlite_url).close()
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


WRITER = """
import sys
from pathlib import Path
from typing import Any
from provisioner.deploy.model import Report
from provisioner.errors import JournalError
from provisioner.journal.entry import FileEntry
from provisioner.journal.store import Journal
sys.path.insert(0, sys.argv[1])
from conftest import outcome_of as make_outcome, plan_of as make_plan
name = sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
journal = Journal.open(sys.argv[2])
run = journal.begin(command=name, commit="", actor=name, dry_run=False)
print("begun", flush=True)
for number in range(int(sys.argv[4])):
    journal.record_plan(run, make_plan(f"{name}-{number}"))
    print("planned", flush=True)
    journal.record_outcome(run, make_outcome(f"{name}-{number}"))
journal.finish(run, Report(name, "", (), False))
"""


def writer(url: str, name: str, subjects: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(Path(__file__).parent), url, name, str(subjects)]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_several_processes_make_and_write_one_journal_at_once(url: str) -> None:
    writers = [writer(url, name, 15) for name in ("a", "b", "c")]
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in writers:
        process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0
    with Journal.open(url) as journal:
        runs = journal.history()
    for name, run in zip("abc", sorted(runs, key=lambda run: run.actor), strict=True):
        assert [entry.subject for entry in run.transactions] == [f"{name}-{number}" for number in range(15)]
        assert (run.actor, run.state) == (name, RunState.FINISHED)


def test_a_run_that_is_killed_in_the_middle_is_shown_as_interrupted(url: str, begin: Begin) -> None:
    process = writer(url, "killed", 10_000)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    seen = [process.stdout.readline() for _ in range(6)]
    assert seen[-1] == "planned\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=DEADLINE_SECONDS)
    began = time.monotonic()
    with Journal.open(url) as journal:
        (run,) = journal.history()
        assert run.state is RunState.INTERRUPTED
        assert run.transactions[0].result == "confirmed"
        # What a plan announced is on the disk before its push.
        assert len(run.transactions) >= 5
        begin(journal)
    assert time.monotonic() - began < DEADLINE_SECONDS / 4


def test_a_run_of_another_machine_is_given_time(url: str, begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    began = datetime(2026, 7, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("provisioner.journal.process.host_name", lambda: "elsewhere")
    with Journal.open(url, clock=lambda: began) as journal:
        begin(journal)
    monkeypatch.undo()
    for hours, state in ((1, RunState.UNDER_WAY), (13, RunState.INTERRUPTED)):
        now = began + timedelta(hours=hours)
        with Journal.open(url, clock=lambda now=now: now) as journal:  # type: ignore[misc]
            assert journal.history()[0].state is state


def test_threads_of_one_run_record_their_outcomes_at_once(
    journal: Journal, begin: Begin, make_plan: Callable[..., Plan], make_push: Callable[..., Outcome]
) -> None:
    run = begin(journal)
    subjects = [f"{number:02}PK00" for number in range(24)]
    start = threading.Barrier(8)

    def record(some: list[str]) -> None:
        start.wait(DEADLINE_SECONDS)
        for subject in some:
            journal.record_plan(run, make_plan(subject))
            journal.record_outcome(run, make_push(subject))

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(record, subjects[number::8]) for number in range(8)]:
            future.result(DEADLINE_SECONDS)
    (read,) = journal.history()
    assert {(entry.subject, entry.result) for entry in read.transactions} == {(s, "confirmed") for s in subjects}
    assert set(journal.deployed("ar1-utr")) == set(subjects)


def test_a_database_server_that_dropped_its_sessions_is_asked_again(
    postgresql_url: str, begin: Begin, make_push: Callable[..., Outcome]
) -> None:
    with Journal.open(postgresql_url) as journal:
        run = begin(journal)
        engine = create_engine(postgresql_url)
        with engine.begin() as connection:
            others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            assert connection.scalar(text(f"{others} AND backend_type = 'client backend'"))
        engine.dispose()
        journal.record_outcome(run, make_push())
        assert set(journal.deployed("ar1-utr")) == {"16PK00"}


def test_a_table_that_another_session_never_lets_go_is_told_of_in_time(
    postgresql_url: str, begin: Begin, make_push: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL itself would wait for ever, and so would a push that holds the locks of its routers."""
    monkeypatch.setattr("provisioner.journal.database.BUSY_TIMEOUT_SECONDS", 0.2)
    engine = create_engine(postgresql_url)
    with Journal.open(postgresql_url) as journal:
        run = begin(journal)
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE run, transaction IN ACCESS EXCLUSIVE MODE"))
            for attempt in (lambda: begin(journal), lambda: journal.record_outcome(run, make_push()), journal.history):
                with pytest.raises(JournalError, match="another session holds it") as caught:
                    attempt()
                assert caught.value.number == "PV7005"
        assert len(journal.history()) == 1
    engine.dispose()


def test_a_server_that_takes_no_writes_says_so(postgresql_url: str, begin: Begin) -> None:
    Journal.open(postgresql_url).close()
    with Journal.open(f"{postgresql_url}&options=-c%20default_transaction_read_only%3Don") as journal:
        with pytest.raises(JournalError, match="takes no writes") as caught:
            begin(journal)
        assert caught.value.number == "PV7002"
        assert journal.history() == ()


def test_a_silent_server_is_asked_whether_it_is_still_there(postgresql_url: str) -> None:
    """A line that breaks while an answer is awaited has nothing under way that a time limit of TCP would end."""
    with Journal.open(postgresql_url) as journal, journal._engine.connect() as connection:
        wanted = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    assert (wanted["keepalives_idle"], wanted["keepalives_count"]) == ("5", "3")


def test_a_database_that_refuses_is_told_of_without_the_statement(postgresql_url: str) -> None:
    with Journal.open(postgresql_url) as journal:
        engine = create_engine(postgresql_url)
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE selected, run CASCADE"))
        engine.dispose()
        with pytest.raises(JournalError) as caught:
            journal.begin(command="hunter2", commit="", actor="a@b", dry_run=False)
    assert caught.value.number == "PV7007"
    assert "hunter2" not in str(caught.value)
    assert "INSERT" not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "kept"), [("caf\udce9", r"caf\udce9"), ("a\0b", r"a\x00b"), ("é \U0001f600", "é \U0001f600")]
)
def test_a_text_that_a_database_cannot_hold_is_recorded_escaped(journal: Journal, typed: str, kept: str) -> None:
    run = journal.begin(command=typed, commit="", actor="a@b", dry_run=False)
    journal.record_outcome(run, Outcome("16PK00", "t", Result.FAILED, error=typed))
    (read,) = journal.history()
    assert (read.command, read.transactions[0].error) == (kept, kept)
