"""What keeps reads of one account, or of one order, from reading those of all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Sort what is not settled by account and likeness, and find the modifications of an order by its id."""
    unsettled = sa.text("state IN ('OPEN', 'UNKNOWN')")
    op.drop_index("idempotency_record_unsettled", "idempotency_record")
    op.create_index(
        "idempotency_record_unsettled",
        "idempotency_record",
        ["account", "likeness", "created_at"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    modifies = sa.text("operation = 'MODIFY'")
    op.create_index(
        "idempotency_record_modified",
        "idempotency_record",
        ["order_id"],
        sqlite_where=modifies,
        postgresql_where=modifies,
    )
