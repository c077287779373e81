"""What keeps placements that look alike apart, and lets one modification of an order be under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the likeness of placements, unknown for those of before, and the index of open modifications."""
    op.add_column("idempotency_record", sa.Column("likeness", sa.Text()))
    changing = sa.text("operation = 'MODIFY' AND state IN ('OPEN', 'UNKNOWN')")
    op.create_index(
        "idempotency_record_changing",
        "idempotency_record",
        ["order_id"],
        unique=True,
        sqlite_where=changing,
        postgresql_where=changing,
    )
