"""The one shape of every failure."""

from __future__ import annotations

from pydantic import Field

from ordo.domain import errors as domain
from ordo.domain.errors import ErrorCode, Outcome
from ordo.schemas.v1.base import View
from ordo.schemas.v1.orders import Order


def _absent(value: object) -> bool:
    return value is None


class FieldFault(View[domain.FieldFault]):
    """One field of the request that is wrong."""

    field: str = Field(description="The field, dotted where it is nested; or the parameter or header.")
    message: str = Field(description="What would be right.")
    seen: str | None = Field(
        default=None, exclude_if=_absent, description="What was sent, shortened; absent where nothing was."
    )


class ErrorDetails(View[domain.OrdoError]):
    """What more is known of a failure. A member that does not apply is absent."""

    broker_id: str | None = Field(
        default=None, exclude_if=_absent, description="The adapter id of the broker that spoke."
    )
    native_error: str | None = Field(default=None, exclude_if=_absent, description="The broker's own words.")
    outcome: Outcome | None = Field(
        default=None,
        exclude_if=_absent,
        description=(
            "On order writes: `not_sent` (certainly nothing happened), `refused` (the broker said no), or `unknown` (it"
            " may have happened: never repeat it under another key)."
        ),
    )
    fields: tuple[FieldFault, ...] | None = Field(
        default=None, exclude_if=_absent, description="The fields that are wrong, all of them where that can be told."
    )
    retry_after_ms: int | None = Field(
        default=None, exclude_if=_absent, description="Milliseconds after which a repetition makes sense."
    )
    order: Order | None = Field(default=None, exclude_if=_absent, description="The order that the failure is about.")


class ApiError(View[object]):
    """Every failure, whoever found it: `error_code` is for programs, `message` for people."""

    error_code: ErrorCode = Field(description="Why, in one vocabulary for all brokers.")
    message: str = Field(description="What happened, what it means for the order, and what to do.")
    details: ErrorDetails = Field(description="What more is known.")
    correlation_id: str = Field(
        description=(
            "Under this id the request is found in Ordo's log and audit trail. A replay tells that of the first call."
        )
    )
