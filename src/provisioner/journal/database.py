"""Opening the journal's database: where it is, who may read it, and what its errors mean to a person."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from provisioner.errors import JournalError
from provisioner.journal.migration import READING, bring_up_to_date

BUSY_TIMEOUT_SECONDS: Final = 15
"""How long a writer waits for another one; a transaction of ours takes milliseconds."""

SERVER_TIMEOUT_SECONDS: Final = 15
"""How long a database server may take to let us in or to acknowledge; without it, a cut line stops a run for minutes."""

SERVER_KEEPALIVE_SECONDS: Final = 5
"""How often a server that is silent is asked whether it is still there; TCP itself would first ask after two hours."""

_ELSEWHERE: Final = "name another with --journal or PROVISION_JOURNAL"

_SQLITE_ERRORS: Final[Mapping[int, tuple[str, str, str]]] = {
    sqlite3.SQLITE_FULL: ("the disk is full", "make room on it", "PV7003"),
    sqlite3.SQLITE_READONLY: (
        "it cannot be written",
        f"make the file and its directory writable, or {_ELSEWHERE}",
        "PV7002",
    ),
    sqlite3.SQLITE_PERM: (
        "it cannot be opened",
        f"make the file and its directory writable, or {_ELSEWHERE}",
        "PV7002",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened, or is gone",
        f"make the file and its directory writable, or {_ELSEWHERE}",
        "PV7002",
    ),
    sqlite3.SQLITE_NOTADB: ("it is not a journal", f"move the file away, or {_ELSEWHERE}", "PV7004"),
    sqlite3.SQLITE_CORRUPT: (
        "the file is damaged",
        f"move it away and restore it from a backup, or {_ELSEWHERE}",
        "PV7004",
    ),
    sqlite3.SQLITE_BUSY: ("another process holds it", "see who has it open with fuser(1), then run again", "PV7005"),
    sqlite3.SQLITE_IOERR: ("the disk gives an error", f"look at the disk, or {_ELSEWHERE}", "PV7006"),
}
"""By SQLite's primary result code (https://www.sqlite.org/rescode.html): what, remedy, number."""

_POSTGRESQL_ERRORS: Final[Mapping[str, tuple[str, str, str]]] = {
    "55P03": ("another session holds it", "see who in pg_stat_activity and pg_locks, then run again", "PV7005"),
    "53100": ("the server's disk is full", "make room on it", "PV7003"),
    "25006": ("the server takes no writes now (a standby?)", f"name the primary server, or {_ELSEWHERE}", "PV7002"),
}
"""By SQLSTATE (PostgreSQL 15 documentation, appendix A): what, remedy, number."""


def default_path(environment: Mapping[str, str] | None = None) -> Path:
    """Where the journal is kept if nothing else is said: the user's state directory (XDG Base Directory 0.8)."""
    state = (os.environ if environment is None else environment).get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    home = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return home / "provision" / "journal.sqlite"


def connect(url: str | None) -> Engine:
    """The database at a URL, or the default file, with its tables in place and up to date.

    Raises:
        JournalError: it cannot be opened, is no journal, or was made by a newer version.
    """
    parsed = _parse(url)
    where = location(parsed)
    with translated(where):
        try:
            engine = _sqlite(parsed, private=url is None) if parsed.get_backend_name() == "sqlite" else _server(parsed)
        except ImportError as error:
            raise JournalError(
                f"no driver for this kind of database: {error.name}",
                where=where,
                remedy=f"pip install {error.name}",
                number="PV7001",
            ) from None
        try:
            bring_up_to_date(engine, where)
        except BaseException:
            engine.dispose()
            raise
    return engine


def location(url: URL) -> str:
    """A database as it may be shown: without its password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    # Without its parameters too: a driver may take the password as one of them.
    return url.set(query={}).render_as_string(hide_password=True)


def _patience(url: URL) -> dict[str, Any]:
    """Time limits as libpq takes them (PostgreSQL 15 documentation, section 34.1.2); what the URL itself says comes first."""
    if url.get_driver_name() not in {"psycopg", "psycopg2"}:
        return {}
    limits = {
        "connect_timeout": SERVER_TIMEOUT_SECONDS,
        "tcp_user_timeout": SERVER_TIMEOUT_SECONDS * 1000,
        "keepalives_idle": SERVER_KEEPALIVE_SECONDS,
        "keepalives_interval": SERVER_KEEPALIVE_SECONDS,
        "keepalives_count": SERVER_TIMEOUT_SECONDS // SERVER_KEEPALIVE_SECONDS,
    }
    return {name: value for name, value in limits.items() if name not in url.query}


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Errors of the database and the file system as JournalError."""
    try:
        yield
    except DBAPIError as error:
        raise _journal_error(error, where) from None
    except SQLAlchemyError as error:
        raise JournalError(
            f"the journal cannot be used: {type(error).__name__}", where=where, remedy=_ELSEWHERE
        ) from None
    except OSError as error:
        raise JournalError(
            f"the journal cannot be opened: {error.strerror}",
            where=str(error.filename or where),
            remedy=_ELSEWHERE,
            number="PV7002",
        ) from None
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        # Pages that are damaged without SQLite noticing: text that is no UTF-8, a moment that is none, a row of NULLs alone.
        raise JournalError(
            f"the journal cannot be used: what is in it makes no sense ({type(error).__name__})",
            where=where,
            remedy=f"move it away and restore it from a backup, or {_ELSEWHERE}",
            number="PV7004",
        ) from None


def _journal_error(error: DBAPIError, where: str) -> JournalError:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        # The low byte is the primary code; the rest says more to SQLite's own developers.
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        what, remedy, number = _SQLITE_ERRORS.get(code, (str(cause), _ELSEWHERE, JournalError.default_number))
        return JournalError(f"the journal cannot be used: {what}", where=where, remedy=remedy, number=number)
    known = _POSTGRESQL_ERRORS.get(getattr(cause, "sqlstate", None) or "")
    if known is not None:
        what, remedy, number = known
        return JournalError(f"the journal cannot be used: {what}", where=where, remedy=remedy, number=number)
    # The first line alone: the rest may hold the statement and its parameters.
    lines = str(cause).strip().splitlines()
    return JournalError(
        f"the journal cannot be used: {lines[0] if lines else type(error).__name__}",
        where=where,
        remedy=f"see whether the database is up and lets you in, or {_ELSEWHERE}",
        number="PV7007",
    )


def _parse(url: str | None) -> URL:
    if url is None:
        return URL.create("sqlite", database=str(default_path()))
    parsed: URL | None
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, ImportError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        # The text itself is not quoted: it may hold a password.
        raise JournalError(
            "this is no URL of a database",
            where="--journal",
            remedy="write it as sqlite:////path/to/file or postgresql+psycopg://user@host/database",
            number="PV7001",
        ) from None
    return parsed


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


def _server(url: URL) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, connect_args=_patience(url))
    event.listen(engine, "begin", _wait_no_longer)
    return engine


def _wait_no_longer(connection: Connection) -> None:
    """PostgreSQL waits for a lock for ever by itself. Per transaction: a session may be shared (PgBouncer)."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT_SECONDS}s'")


# --- SQLite -------------------------------------------------------------------------------------------------------


def _sqlite(url: URL, *, private: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise JournalError(
            "a journal in memory is forgotten with the run",
            where="--journal",
            remedy="name a file: sqlite:////path/to/file",
            number="PV7001",
        )
    path = Path(url.database).absolute()
    _create(path, private=private)

    def open_existing() -> sqlite3.Connection:
        # mode=rw: a journal that was deleted under a run is an error, not a new, empty one.
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None
        )

    # No pool: every transaction opens the file by its name and so notices that it is gone.
    engine = create_engine(url, creator=open_existing, poolclass=NullPool)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _create(path: Path, *, private: bool) -> None:
    """The file with mode 0600; the default one also gets a directory of its own with 0700."""
    if private:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            path.parent.chmod(0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if private and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        path.chmod(0o600)


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    # FULL: what was recorded before a push is on the disk before the push.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Another process is at it, or works in the old mode: that is slower, not wrong.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise


def _begin(connection: Connection) -> None:
    """A writer asks for the write lock at once: one that asks later, after reading, can be refused without waiting."""
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
