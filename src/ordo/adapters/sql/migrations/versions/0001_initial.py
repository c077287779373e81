"""Sessions, idempotency records, the kill switch and journals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables. Times are whole microseconds since 1970 in UTC."""
    op.create_table(
        "session",
        sa.Column("adapter_id", sa.Text(), primary_key=True),
        sa.Column("account_id", sa.Text(), primary_key=True),
        sa.Column("access_token_encrypted", sa.Text(), nullable=False),
        sa.Column("refresh_token_encrypted", sa.Text()),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("suspect", sa.Boolean(), nullable=False),
        sa.Column("metadata_json", sa.Text(), nullable=False),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("order_json", sa.Text(), nullable=False),
        sa.Column("order_updated_at", sa.BigInteger(), nullable=False),
        sa.Column("change_json", sa.Text()),
        sa.Column("response_snapshot_json", sa.Text()),
        sa.Column("failure_json", sa.Text()),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    placed = sa.text("operation = 'PLACE'")
    op.create_index(
        "idempotency_record_placed_order",
        "idempotency_record",
        ["order_id"],
        unique=True,
        sqlite_where=placed,
        postgresql_where=placed,
    )
    unsettled = sa.text("state IN ('OPEN', 'UNKNOWN')")
    op.create_index(
        "idempotency_record_unsettled",
        "idempotency_record",
        ["created_at"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_index("idempotency_record_account", "idempotency_record", ["account", "created_at"])
    op.create_index("idempotency_record_expiry", "idempotency_record", ["expires_at"])
    op.create_table(
        "kill_switch",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_table(
        "journal_entry",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
    op.create_table(
        "journal_checkpoint",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
