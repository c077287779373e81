"""The kill switches."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

from ordo.domain import safety as domain
from ordo.domain.accounts import Account
from ordo.domain.safety import KillState
from ordo.schemas.v1.base import Asked, View
from ordo.schemas.v1.fields import AccountName, Time, account_of

AskedAccount = Annotated[
    Account,
    PlainValidator(account_of),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z][a-z0-9_-]{0,31}/[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"}),
]
"""An account in a request, as `ADAPTER_ID/ACCOUNT_ID`."""


class KillSwitch(View[domain.KillSwitch]):
    """The switch that stands above every order of the gateway, or of one account."""

    state: KillState = Field(
        description=(
            "`ACTIVE`: orders pass. `REDUCE_ONLY`: only orders that make a position smaller, and cancellations."
            " `HALTED`: only cancellations."
        )
    )
    account: AccountName | None = Field(default=None, description="Whose switch it is; null for that of the gateway.")
    changed_by: str = Field(description="Who set it.")
    changed_at: Time = Field(description="When.")
    reason: str = Field(description="Why.")


class SetKillSwitch(Asked):
    """How the switch shall stand."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"state": "HALTED", "reason": "checking a wrong fill"},
                {"state": "REDUCE_ONLY", "reason": "enough for today", "account": "paper/DEMO"},
            ]
        }
    )

    state: KillState = Field(
        description="`ACTIVE`, `REDUCE_ONLY` (fresh positions decide, and none can be read means no) or `HALTED`."
    )
    reason: str = Field(
        default="no reason given",
        min_length=1,
        max_length=200,
        pattern=r"\S",
        description="Why, for whoever reads the audit trail.",
    )
    account: AskedAccount | None = Field(
        default=None, description="Only this account; left out: the gateway. The stricter of the two counts."
    )
