"""Audits: each one, the troubles that they found with their past, and what was last learnt of each device."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

_MOMENT: Final = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the new tables; the others stay as they are."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("inventory_commit", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("selection", sa.Text, nullable=False),
        sa.Column("devices", sa.Integer, nullable=False),
        sa.Column("is_complete", sa.Boolean, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_selection", "audit", ["selection", "id"])
    op.create_table(
        "audit_finding",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("first_seen", _MOMENT, nullable=False),
        sa.Column("last_seen", _MOMENT, nullable=False),
        sa.Column("nights", sa.Integer, nullable=False),
        sa.Column("gone_at", _MOMENT),
    )
    op.create_index("audit_finding_of_device", "audit_finding", ["device", "gone_at"])
    op.create_table(
        "device_state",
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("deployed", sa.Text, nullable=False),
        sa.Column("observation", sa.Text, nullable=False),
        sa.Column("observed_at", _MOMENT),
    )
