"""Settling by hand what nobody can find out any more."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from ordo.domain.idempotency import Finding
from ordo.schemas.v1.base import Asked


class ResolveOrder(Asked):
    """What an operator found out about an order at the broker."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"finding": "NOT_PLACED", "why": "not in the broker's contract note"}]}
    )

    finding: Finding = Field(
        description=(
            "`PLACED`: the broker has it. `NOT_PLACED`: it had no effect. Where the placement is known, this is said of"
            " the modification or cancellation whose outcome is unknown."
        )
    )
    why: str = Field(min_length=3, max_length=500, description="How you know, for whoever reads the audit trail.")
    broker_order_id: str | None = Field(
        default=None, max_length=64, description="The broker's id of an order that was found placed."
    )
