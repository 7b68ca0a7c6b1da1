"""Which version a journal's tables are, and bringing them to the one that this program knows.

Opening a journal that is up to date looks at one row. Alembic is imported where there is something to do.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Engine, column, inspect, select, table, text

from provisioner.errors import JournalError
from provisioner.journal.tables import SchemaVersion

VERSIONS: Final = ("0001", "0002", "0003")
"""Every version of the tables, the oldest first; the names of Alembic's revisions."""

READING: Final = "journal_reading"
"""Execution option of a connection that only reads, so that it does not wait for writers."""

_LOCK_KEY: Final = 0x70726F76
"""Advisory lock under which PostgreSQL gets its tables; any constant that no other program uses."""

_VERSION: Final = table("alembic_version", column("version_num"))


def bring_up_to_date(engine: Engine, where: str) -> None:
    """Make the tables, or bring those of an older version to the newest: all of it or nothing.

    Args:
        engine: The database.
        where: How errors name it.

    Raises:
        JournalError: it was made by a newer version, or is no journal.
    """
    with engine.connect().execution_options(**{READING: True}) as connection, connection.begin():
        if _version(connection, where) == VERSIONS[-1]:
            return
    with engine.connect() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        if is_sqlite:
            # A step that copies a table drops the old one. Nothing may follow the keys to it; inside a transaction this
            # cannot be said any more. The connection is not used again.
            _raw(connection).execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            if not is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            # Another process may have done it since.
            version = _version(connection, where)
            if version != VERSIONS[-1]:
                _upgrade(connection, where, is_stamped=version is None or inspect(connection).has_table(_VERSION.name))
                if is_sqlite and _raw(connection).execute("PRAGMA foreign_key_check").fetchone():
                    raise _no_journal(where)


def _version(connection: Connection, where: str) -> str | None:
    """The version of the tables; None where there are none."""
    inspector = inspect(connection)
    if inspector.has_table(_VERSION.name):
        version = connection.scalar(select(_VERSION.c.version_num))
    elif inspector.has_table(SchemaVersion.__tablename__):
        # From before the migrations: version 1, the only one that was without them.
        number = connection.scalar(select(SchemaVersion.version))
        version = None if number is None else f"{number:04d}"
    else:
        return None
    if version is None:
        raise _no_journal(where)
    if version not in VERSIONS:
        raise JournalError(
            f"this journal was made by a newer version of provision (its tables are version {version}, known is {VERSIONS[-1]})",
            where=where,
            remedy="upgrade provision, or name another with --journal or PROVISION_JOURNAL",
            number="PV7008",
        )
    return str(version)


def _upgrade(connection: Connection, where: str, *, is_stamped: bool) -> None:
    from alembic import command  # noqa: PLC0415 - most runs find nothing to upgrade
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "provisioner.journal:migrations")
    config.attributes["connection"] = connection
    try:
        if not is_stamped:
            command.stamp(config, VERSIONS[0])
        command.upgrade(config, "head")
    except CommandError:
        raise _no_journal(where) from None


def _raw(connection: Connection) -> Any:  # noqa: ANN401 - the driver's own connection, whichever that is
    return connection.connection.driver_connection


def _no_journal(where: str) -> JournalError:
    return JournalError(
        "the journal cannot be used: what is in it makes no sense (its tables have no version or miss rows)",
        where=where,
        remedy="move it away and restore it from a backup, or name another with --journal or PROVISION_JOURNAL",
        number="PV7004",
    )
