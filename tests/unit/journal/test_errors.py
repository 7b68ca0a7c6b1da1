"""A journal that cannot be used says why and what to do, and stops a push before it starts."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from provisioner.deploy.model import Outcome
from provisioner.errors import JournalError
from provisioner.journal import process
from provisioner.journal.database import default_path
from provisioner.journal.store import Journal, Query, RunId
from provisioner.plan.model import Plan

Begin = Callable[[Journal], RunId]


def refused(number: str) -> pytest.RaisesExc[JournalError]:
    return pytest.RaisesExc(JournalError, check=lambda error: error.number == number and bool(error.remedy))


@pytest.fixture
def url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_a_file_that_is_no_database_is_refused(url: str, file: Path) -> None:
    file.write_text("not a database at all\n" * 100)
    with refused("PV7004"):
        Journal.open(url)


def test_a_damaged_file_is_refused(url: str, file: Path, begin: Begin, make_plan: Callable[..., Plan]) -> None:
    with Journal.open(url) as journal:
        run = begin(journal)
        for number in range(20):
            journal.record_plan(run, make_plan(f"{number}"))
    content = bytearray(file.read_bytes())
    content[200:] = b"\xaa" * (len(content) - 200)
    file.write_bytes(content)
    with refused("PV7004"), Journal.open(url) as journal:
        begin(journal)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with refused("PV7002") as caught:
        Journal.open(f"sqlite:///{tmp_path}/none/journal.sqlite")
    assert "none/journal.sqlite" in str(caught.value)


def test_a_journal_that_is_gone_stops_the_push_and_is_not_made_anew(
    journal: Journal, file: Path, begin: Begin, make_plan: Callable[..., Plan], make_outcome: Callable[..., Outcome]
) -> None:
    run = begin(journal)
    for path in file.parent.glob("journal.sqlite*"):
        path.unlink()
    with refused("PV7002"):
        journal.record_plan(run, make_plan())
    with refused("PV7002"):
        journal.record_outcome(run, make_outcome())
    assert not file.exists()


def test_another_journal_in_its_place_is_noticed(
    journal: Journal, file: Path, tmp_path: Path, begin: Begin, make_plan: Callable[..., Plan]
) -> None:
    run = begin(journal)
    Journal.open(f"sqlite:///{tmp_path}/other.sqlite").close()
    for path in tmp_path.glob("journal.sqlite*"):
        path.unlink()
    shutil.move(tmp_path / "other.sqlite", file)
    with refused("PV7009"):
        journal.record_plan(run, make_plan())


def test_a_writer_that_never_lets_go_is_told_of(
    journal: Journal, file: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.journal.database.BUSY_TIMEOUT_SECONDS", 0.1)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with refused("PV7005"):
        begin(journal)
    assert journal.history() == ()
    holder.close()


FULL = """
import resource, signal, sys
sys.path.insert(0, sys.argv[1])
from conftest import plan_of as make_plan
from provisioner.errors import JournalError
from provisioner.journal.store import Journal
journal = Journal.open(sys.argv[2])
run = journal.begin(command="c", commit="", actor="a", dry_run=False)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    for number in range(10_000):
        journal.record_plan(run, make_plan(str(number)))
except JournalError as error:
    print(error.number)
"""


def test_a_file_that_cannot_grow_stops_the_push(url: str) -> None:
    arguments = [sys.executable, "-c", FULL, str(Path(__file__).parent), url]
    answer = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.strip() in {"PV7003", "PV7006"}
    with Journal.open(url) as journal:
        assert journal.history()


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's rights are tried as root alone")
def test_a_read_only_directory_is_refused(file: Path, url: str) -> None:
    Journal.open(url).close()
    # Root may write anywhere: look at it as another user.
    for directory in (file.parent, *file.parent.parents):
        if directory.stat().st_uid == 0 and directory != Path("/") and directory != Path("/tmp"):
            directory.chmod(directory.stat().st_mode | 0o055)
    file.chmod(0o444)
    script = (
        "import os, sys; from provisioner.journal.store import Journal; from provisioner.errors import JournalError\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: Journal.open(sys.argv[1])\n"
        "except JournalError as error: print(error.number)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout == "PV7002\n"


@pytest.mark.parametrize(
    "url",
    ["nonsense", "nosuch://host/db", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "postgresql+nosuch://h/d"],
)
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with refused("PV7001"):
        Journal.open(url)


def test_no_error_tells_the_password_of_a_url() -> None:
    for url in ("postgresql://anna:hunter2@127.0.0.1:1/db", "postgresql+nosuch://anna:hunter2@h/db", "x:hunter2"):
        with pytest.raises(JournalError) as caught:
            Journal.open(url)
        assert "hunter2" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_the_default_file_follows_the_xdg_specification(tmp_path: Path) -> None:
    home = Path.home() / ".local/state/provision/journal.sqlite"
    assert default_path({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "provision/journal.sqlite"
    assert default_path({"XDG_STATE_HOME": "relative"}) == home
    assert default_path({}) == home


def test_a_process_that_got_the_number_of_another_is_not_it() -> None:
    identity = process.this_process()
    assert process.is_alive(identity)
    assert not process.is_alive(f"{os.getpid()}@1")
    assert not process.is_alive("999999999@1")
    assert not process.is_alive("nonsense")


@pytest.fixture
def written(
    file: Path, url: str, begin: Begin, make_plan: Callable[..., Plan], make_push: Callable[..., Outcome]
) -> bytes:
    """A journal file with one run in it."""
    with Journal.open(url) as journal:
        run = begin(journal)
        journal.record_plan(run, make_plan())
        journal.record_outcome(run, make_push())
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file.read_bytes()


DAMAGE = st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=64)), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(damage=[(3579, b"\x80")])
@example(damage=[(1942, b"\t")])
@given(damage=DAMAGE)
def test_whatever_is_damaged_in_the_file_is_an_error_of_the_journal(
    written: bytes,
    file: Path,
    url: str,
    make_outcome: Callable[..., Outcome],
    begin: Begin,
    damage: list[tuple[int, bytes]],
) -> None:
    for path in file.parent.glob("journal.sqlite*"):
        path.unlink()
    content = bytearray(written)
    for offset, junk in damage:
        start = offset % len(content)
        content[start : start + len(junk)] = junk
    file.write_bytes(content)
    # Each on its own: what one of them refuses another may still do.
    uses: tuple[Callable[[Journal], object], ...] = (
        lambda journal: journal.history(Query(diffs=True)),
        lambda journal: journal.deployed("ar1-utr"),
        lambda journal: journal.last_change("16PK00"),
        lambda journal: journal.unfinished(),
        lambda journal: journal.record_outcome(RunId(1), make_outcome()),
        begin,
    )
    for use in uses:
        try:
            with Journal.open(url) as journal:
                use(journal)
        except JournalError as error:
            assert error.remedy  # noqa: PT017 - damage that does not show is as good
