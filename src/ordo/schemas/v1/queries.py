"""What may stand behind the question mark of an address."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ordo.schemas.v1.base import Asked
from ordo.schemas.v1.fields import CASH_KEY, DERIVATIVE_KEY, INDEX_KEY

MAX_QUOTES = 50
MAX_FOUND = 100
MAX_PORTFOLIOS = 50


def _limit(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,2}", value) and int(value) <= MAX_FOUND:
        return int(value)
    raise PydanticCustomError("limit", f"must be a whole number from 1 to {MAX_FOUND}")


class InstrumentQuery(Asked):
    """What to look for."""

    query: str = Field(
        min_length=1,
        max_length=64,
        pattern=r"\S",
        description="The beginning of a key, or words of its name, such as `NSE:SB` or `state bank`.",
        examples=["state bank"],
    )
    limit: Annotated[
        int, PlainValidator(_limit), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_FOUND})
    ] = Field(default=20, description="The most instruments to answer with.")


class QuoteQuery(Asked):
    """Which instruments."""

    instrument: tuple[str, ...] = Field(
        min_length=1,
        max_length=MAX_QUOTES,
        description="The key of an instrument; repeat it for more.",
        examples=[["NSE:SBIN"]],
        json_schema_extra={"items": {"type": "string", "pattern": f"{CASH_KEY}|{DERIVATIVE_KEY}|{INDEX_KEY}"}},
    )


class PortfolioQuery(Asked):
    """Whose portfolios."""

    account: tuple[str, ...] = Field(
        min_length=1,
        max_length=MAX_PORTFOLIOS,
        description="`ADAPTER_ID/ACCOUNT_ID`; repeat it for more, each once.",
        examples=[["paper/DEMO"]],
        json_schema_extra={
            "items": {"type": "string", "pattern": r"^[a-z][a-z0-9_-]{0,31}/[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"},
            "uniqueItems": True,
        },
    )


def _yes_or_no(value: object) -> bool:
    if value in ("true", "false"):
        return value == "true"
    raise PydanticCustomError("yes_or_no", "must be true or false")


class CancelQuery(Asked):
    """How to cancel."""

    force: Annotated[bool, PlainValidator(_yes_or_no), WithJsonSchema({"type": "boolean"})] = Field(
        default=False,
        description="Cancel also an order that protects an open position while trading is not `ACTIVE`.",
    )


class SwitchQuery(Asked):
    """Whose kill switch."""

    account: str | None = Field(
        default=None,
        description="`ADAPTER_ID/ACCOUNT_ID`: the switch in force for it, the stricter of its own and the gateway's.",
        examples=["paper/DEMO"],
        json_schema_extra={"type": "string", "pattern": r"^[a-z][a-z0-9_-]{0,31}/[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"},
    )
