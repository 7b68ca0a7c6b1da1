"""A journal of any earlier version is brought up to date when it is opened: all of it or nothing, once, without loss."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from provisioner.deploy.model import Outcome
from provisioner.errors import JournalError
from provisioner.journal.entry import RunState
from provisioner.journal.migration import VERSIONS
from provisioner.journal.store import Journal, Query, RunId
from provisioner.journal.tables import Table

DEADLINE_SECONDS = 60
LATER = datetime(2026, 10, 1, tzinfo=UTC)
OLD_TABLES = ("device", "diff", "failed_check", "run", "transaction")


@contextmanager
def database(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def content(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the tables of version 1."""
    with database(url) as connection:
        return {
            name: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{name}" ORDER BY id'))]
            for name in OLD_TABLES
        }


def version(url: str) -> str:
    with database(url) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return f"schema {connection.scalar(text('SELECT version FROM schema_version'))}"
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


@pytest.fixture
def old(url: str) -> str:
    """A journal as version 1 wrote it: a run that ended, a dry run, and one that was cut off."""
    with database(url) as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        script = (Path(__file__).parent / "version_1" / f"{connection.dialect.name}.sql").read_text()
        (driver.executescript if connection.dialect.name == "sqlite" else driver.execute)(script)
    return url


def test_a_journal_of_version_1_loses_nothing_and_can_do_what_the_newest_can(
    old: str, make_push: Callable[..., Outcome], begin: Callable[[Journal], RunId]
) -> None:
    before = content(old)
    with Journal.open(old, clock=lambda: LATER) as journal:
        assert content(old) == before
        runs = journal.history(Query(dry_runs=True))
        assert [(entry.subject, entry.result, run.state) for run in runs for entry in run.transactions] == [
            ("16PK02", "", RunState.INTERRUPTED),
            ("16PK01", "differences", RunState.FINISHED),
            ("16PK00", "confirmed", RunState.FINISHED),
        ]
        left = journal.unfinished()
        assert left is not None
        assert (left.run_id, left.without_outcome) == (3, ("16PK02",))
        assert journal.deployed("ar1-utr") == {}
        assert begin(journal) == 4
        journal.record_outcome(RunId(3), make_push("16PK02"))
        assert set(journal.deployed("ar1-utr")) == {"16PK02"}
    assert version(old) == VERSIONS[-1]


def differences(url: str) -> object:
    with database(url) as connection:
        return compare_metadata(MigrationContext.configure(connection), Table.metadata)


def test_the_migrations_make_the_tables_that_the_program_knows(url: str) -> None:
    Journal.open(url).close()
    assert differences(url) == []


def test_an_upgraded_journal_has_the_tables_that_the_program_knows(old: str) -> None:
    assert differences(old) != []
    Journal.open(old).close()
    assert differences(old) == []


def test_the_newest_version_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "provisioner.journal:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(VERSIONS))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = '0099'",
        "DROP TABLE alembic_version; UPDATE schema_version SET version = 9",
    ],
)
def test_a_journal_of_a_newer_version_is_refused_and_left_alone(url: str, statement: str) -> None:
    Journal.open(url).close()
    with database(url) as connection:
        for part in statement.split(";"):
            connection.execute(text(part))
    with pytest.raises(JournalError, match="newer version") as caught:
        Journal.open(url)
    assert caught.value.number == "PV7008"
    assert version(url) in {"0099", "schema 9"}


def test_a_journal_without_a_version_is_refused(url: str) -> None:
    Journal.open(url).close()
    with database(url) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(JournalError, match="no version") as caught:
        Journal.open(url)
    assert caught.value.number == "PV7004"


def test_a_program_from_before_the_migrations_finds_a_newer_version(old: str) -> None:
    Journal.open(old).close()
    with database(old) as connection:
        assert connection.scalar(text("SELECT version FROM schema_version")) == 2


OPEN = """
import sys
from provisioner.journal.store import Journal, Query
print("ready", flush=True)
sys.stdin.readline()
with Journal.open(sys.argv[1]) as journal:
    print(len(journal.history(Query(dry_runs=True))), "alembic" in sys.modules, flush=True)
"""


def open_at_once(url: str, processes: int) -> list[tuple[int, bool]]:
    """What each process saw, and whether it needed Alembic."""
    arguments = [sys.executable, "-c", OPEN, url]
    running = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=DEADLINE_SECONDS)[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * processes
    return [(int(runs), alembic == "True") for runs, alembic in answers]


def test_processes_that_open_an_old_journal_at_once_upgrade_it_once(old: str) -> None:
    assert [runs for runs, _ in open_at_once(old, 4)] == [3] * 4
    assert version(old) == VERSIONS[-1]
    assert differences(old) == []


def test_processes_that_open_an_empty_database_at_once_make_one_journal(url: str) -> None:
    assert [runs for runs, _ in open_at_once(url, 4)] == [0] * 4
    assert differences(url) == []


def test_a_journal_that_is_up_to_date_opens_without_the_migration_tool(url: str) -> None:
    Journal.open(url).close()
    assert open_at_once(url, 1) == [(0, False)]


KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from provisioner.journal.store import Journal
url, when = sys.argv[1], int(sys.argv[2])
done = 0
def kill():
    os.kill(os.getpid(), signal.SIGKILL)
def after(connection, cursor, statement, *rest):
    global done
    done += statement.split()[0] in {"CREATE", "UPDATE", "INSERT"}
    if done == when:
        kill()
def commit(connection):
    if done:
        kill()
event.listen(Engine, "after_cursor_execute", after)
event.listen(Engine, "commit", commit)
Journal.open(url)
"""


@pytest.mark.parametrize("statements", [1, 3, 6, 99], ids="{} statements".format)
def test_an_upgrade_that_is_killed_leaves_the_old_journal(old: str, statements: int) -> None:
    """At the last, right before the commit."""
    before = content(old)
    arguments = [sys.executable, "-c", KILLED, old, str(statements)]
    assert subprocess.run(arguments, timeout=DEADLINE_SECONDS, check=False).returncode == -signal.SIGKILL
    assert version(old) == "schema 1"
    assert content(old) == before
    with database(old) as connection:
        assert not inspect(connection).has_table("part_change")
    Journal.open(old).close()
    assert (version(old), content(old)) == (VERSIONS[-1], before)


def test_a_first_opening_that_is_killed_leaves_an_empty_database(url: str) -> None:
    arguments = [sys.executable, "-c", KILLED, url, "4"]
    assert subprocess.run(arguments, timeout=DEADLINE_SECONDS, check=False).returncode == -signal.SIGKILL
    with database(url) as connection:
        assert inspect(connection).get_table_names() == []
    Journal.open(url).close()
    assert version(url) == VERSIONS[-1]
