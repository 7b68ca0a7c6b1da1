"""What each run was to go through, and what is deployed: config texts, and each part before and after a transaction."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Make the new tables; those of version 1 stay as they are."""
    # A program from before the migrations knows this table alone, and refuses what is newer than 1.
    op.execute("UPDATE schema_version SET version = 2")
    op.create_table(
        "selected",
        sa.Column("run_id", sa.Integer, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("subject", sa.Text, nullable=False),
    )
    op.create_index("selected_subject", "selected", ["subject", "run_id"])
    op.create_index("device_name", "device", ["name", "transaction_id"])
    op.create_table(
        "config",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("config_sha256", "config", ["sha256"], unique=True)
    op.create_table(
        "part_change",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("transaction_id", sa.Integer, sa.ForeignKey("transaction.id"), nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("before_id", sa.Integer, sa.ForeignKey("config.id")),
        sa.Column("after_id", sa.Integer, sa.ForeignKey("config.id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_part_change_transaction_id", "part_change", ["transaction_id"])
    op.create_index("part_change_of_device", "part_change", ["device", "owner", "id"])
