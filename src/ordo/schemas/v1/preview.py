"""What would happen to an order."""

from __future__ import annotations

from pydantic import Field

from ordo.domain.errors import ErrorCode
from ordo.schemas.v1.base import View
from ordo.schemas.v1.errors import FieldFault


class CheckResult(View[object]):
    """What one check says."""

    name: str = Field(description="The check.")
    passed: bool = Field(description="Whether the order passes it.")
    blocks: bool = Field(
        description="Whether the order would be refused for it; a check that only warns fails without blocking."
    )
    error_code: ErrorCode | None = Field(
        validation_alias="code", description="The code that placing it would fail with."
    )
    message: str | None = Field(description="Why it fails.")
    fields: tuple[FieldFault, ...] = Field(description="The fields that are wrong.")


class Preview(View[object]):
    """Every check that placing the order would run. Nothing is sent and nothing is kept."""

    would_send: bool = Field(description="Whether no check blocks it.")
    checks: tuple[CheckResult, ...] = Field(description="Each check, in the order in which placing runs them.")
