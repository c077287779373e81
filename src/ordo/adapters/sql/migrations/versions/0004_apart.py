"""What keeps placements that look alike apart, and lets one modification of an order be under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ordo.domain.errors import ErrorCode, Unavailable

revision = "0004"
down_revision = "0003"

_SEVERAL = sa.text(
    "SELECT order_id FROM idempotency_record WHERE operation = 'MODIFY' AND state IN ('OPEN', 'UNKNOWN')"
    " GROUP BY order_id HAVING count(*) > 1 ORDER BY order_id LIMIT 1"
)


def upgrade() -> None:
    """Add the likeness of placements, unknown for those of before, and the index of open modifications.

    Raises `Unavailable` where an order has several of those, as earlier versions allowed.
    """
    order_id = op.get_bind().execute(_SEVERAL).scalar()
    if order_id is not None:
        raise Unavailable(
            ErrorCode.STORE_UNAVAILABLE,
            f"The database is not upgraded, and nothing was changed: several modifications of order {order_id} are not"
            " settled, and this version allows one. Start the version that wrote them, let it find out what became of"
            " them, then upgrade again.",
        )
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
