"""The kill switch."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from ordo.domain import safety as domain
from ordo.domain.safety import KillState
from ordo.schemas.v1.base import Asked, View
from ordo.schemas.v1.fields import Time


class KillSwitch(View[domain.KillSwitch]):
    """The switch that stands above every order."""

    state: KillState = Field(
        description=(
            "`ACTIVE`: orders pass. `HALTED`: only cancellations do. `REDUCE_ONLY`: likewise only what makes a position"
            " smaller."
        )
    )
    changed_by: str = Field(description="Who set it.")
    changed_at: Time = Field(description="When.")
    reason: str = Field(description="Why.")


class SetKillSwitch(Asked):
    """How the switch shall stand."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "HALTED", "reason": "checking a wrong fill"}]})

    state: KillState = Field(
        description=(
            "`ACTIVE` or `HALTED`. `REDUCE_ONLY` is refused with `UNSUPPORTED` for now: its check is not built yet."
        ),
        json_schema_extra={"enum": [KillState.ACTIVE, KillState.HALTED]},
    )
    reason: str = Field(
        min_length=1, max_length=200, pattern=r"\S", description="Why, for whoever reads the audit trail."
    )
