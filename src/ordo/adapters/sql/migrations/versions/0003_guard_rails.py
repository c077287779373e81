"""The switches of accounts, and the states of circuits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create both tables, empty; the gateway's own switch stays as it is."""
    op.create_table(
        "account_kill_switch",
        sa.Column("account", sa.Text(), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_table(
        "circuit_breaker_state",
        sa.Column("adapter_id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failure_count", sa.BigInteger(), nullable=False),
        sa.Column("last_failure_at", sa.BigInteger()),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )
