"""The journal's tables. A change here is a new migration too; nothing else knows how the journal is stored."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Double, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator


def storable(text: str) -> str:
    """A text as every database takes it: PostgreSQL refuses NUL, UTF-8 has no place for undecodable bytes."""
    return text.replace("\0", r"\x00").encode(errors="backslashreplace").decode()


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware of it also where the database (SQLite) keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Into the database; a moment without a time zone is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Out of the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class AnyText(TypeDecorator[str]):
    """Text that every database takes.

    What comes from a command line or a router is written down with such characters escaped; it never stops a run.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Into the database."""
        return None if value is None else storable(value)


class Table(DeclarativeBase):
    """What every table has in common."""

    type_annotation_map = {datetime: UtcDateTime(), str: AnyText()}  # noqa: RUF012 - SQLAlchemy's own declaration


class SchemaVersion(Table):
    """One row: the version of the tables, for programs from before the migrations. They refuse what is newer than 1."""

    __tablename__ = "schema_version"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Run(Table):
    """One command that may change routers; `finished_at` stays empty where it was cut off."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    command: Mapped[str]
    inventory_commit: Mapped[str]
    actor: Mapped[str]
    dry_run: Mapped[bool]
    host: Mapped[str]
    process: Mapped[str]
    exit_code: Mapped[int | None]
    transactions: Mapped[list[Transaction]] = relationship(back_populates="run", order_by="Transaction.id")
    selected: Mapped[list[Selected]] = relationship(order_by="Selected.position", cascade="all, delete-orphan")

    __table_args__ = ({"sqlite_autoincrement": True},)


class Selected(Table):
    """One subject that a run was asked to go through, in its place; a transaction comes of it when it is begun."""

    __tablename__ = "selected"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str]

    __table_args__ = (Index("selected_subject", "subject", "run_id"),)


class Transaction(Table):
    """One subject of a run; `result` stays empty where no outcome was recorded."""

    __tablename__ = "transaction"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    subject: Mapped[str]
    title: Mapped[str]
    digest: Mapped[str]
    planned_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    result: Mapped[str | None]
    seconds: Mapped[float | None] = mapped_column(Double)
    error: Mapped[str] = mapped_column(default="")
    error_number: Mapped[str] = mapped_column(default="")
    checks_passed: Mapped[int] = mapped_column(default=0)
    run: Mapped[Run] = relationship(back_populates="transactions")
    devices: Mapped[list[Device]] = relationship(order_by="Device.id", cascade="all, delete-orphan")
    failed_checks: Mapped[list[FailedCheck]] = relationship(order_by="FailedCheck.id", cascade="all, delete-orphan")
    parts: Mapped[list[Part]] = relationship(order_by="Part.id", cascade="all, delete-orphan")

    __table_args__ = (UniqueConstraint("run_id", "subject"), Index("transaction_subject", "subject", "run_id"))


class Device(Table):
    """One device of a transaction; `state` stays empty where no outcome was recorded."""

    __tablename__ = "device"

    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transaction.id"), index=True)
    name: Mapped[str]
    state: Mapped[str | None]
    error: Mapped[str] = mapped_column(default="")
    diffs: Mapped[list[Diff]] = relationship(order_by="Diff.id", cascade="all, delete-orphan")

    __table_args__ = (Index("device_name", "name", "transaction_id"),)


class Diff(Table):
    """What a plan changes in one file of one device, redacted."""

    __tablename__ = "diff"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    file: Mapped[str]
    added: Mapped[int]
    removed: Mapped[int]
    text: Mapped[str]


class FailedCheck(Table):
    """What validation found wrong; what it found right is counted only."""

    __tablename__ = "failed_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transaction.id"), index=True)
    device: Mapped[str]
    name: Mapped[str]
    expected: Mapped[str]
    found: Mapped[str]


class Config(Table):
    """A config text, kept once however many transactions found or left it; secrets in it are tokens."""

    __tablename__ = "config"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    text: Mapped[str]

    __table_args__ = (Index("config_sha256", "sha256", unique=True),)


class Part(Table):
    """One owner's part of one device before and after a transaction; no text where there was or is no such part.

    The row with the highest id tells what is deployed.
    """

    __tablename__ = "part_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transaction.id"), index=True)
    device: Mapped[str]
    owner: Mapped[str]
    before_id: Mapped[int | None] = mapped_column(ForeignKey("config.id"))
    after_id: Mapped[int | None] = mapped_column(ForeignKey("config.id"))

    # SQLite would give the number of the last row again once that is deleted: the order of changes must not depend on it.
    __table_args__ = (Index("part_change_of_device", "device", "owner", "id"), {"sqlite_autoincrement": True})


class Audit(Table):
    """One audit; `finished_at` stays empty where it was cut off."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    command: Mapped[str]
    inventory_commit: Mapped[str]
    actor: Mapped[str]
    host: Mapped[str]
    process: Mapped[str]
    selection: Mapped[str]
    devices: Mapped[int]
    is_complete: Mapped[bool]
    counts: Mapped[str]
    """JSON: devices by status, findings by severity."""

    __table_args__ = (Index("audit_selection", "selection", "id"), {"sqlite_autoincrement": True})


class AuditFinding(Table):
    """A trouble of a device from the audit that found it first to the one that found it gone."""

    __tablename__ = "audit_finding"

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str]
    device: Mapped[str]
    owner: Mapped[str]
    about: Mapped[str]
    severity: Mapped[int]
    what: Mapped[str]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    nights: Mapped[int]
    gone_at: Mapped[datetime | None]

    __table_args__ = (Index("audit_finding_of_device", "device", "gone_at"),)


class DeviceState(Table):
    """What was last learnt of a device."""

    __tablename__ = "device_state"

    device: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    signature: Mapped[str]
    """When it was last found as confirmed; empty where it was not."""
    deployed: Mapped[str]
    """Identifies what was confirmed there at that time."""
    observation: Mapped[str]
    """JSON; empty where nothing was observed."""
    observed_at: Mapped[datetime | None]
