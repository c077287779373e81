"""How single values are written in JSON: money and prices as strings, instruments as keys, times with +05:30."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from ordo.domain.accounts import Account
from ordo.domain.calendar import IST
from ordo.domain.instruments import InstrumentKey, format_decimal
from ordo.domain.sessions import Secret

_ROOT = r"[A-Z0-9][A-Z0-9&_.+-]{0,31}"
_EXPIRY = (
    r"(20[0-9]{2}((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|1[0-9]|2[0-8]))"
    r"|20([02468][048]|[13579][26])0229)"
)
_STRIKE = r"([1-9][0-9]{0,8}(\.[0-9]{0,3}[1-9])?|0\.[0-9]{0,3}[1-9])"
CASH_KEY: Final = rf"^(NSE|BSE):{_ROOT}(:[A-Z0-9]{{1,4}})?$"
DERIVATIVE_KEY: Final = rf"^(NFO|BFO|CDS|BCD|MCX|NCO):{_ROOT}:{_EXPIRY}:(FUT|{_STRIKE}:(CE|PE))$"
INDEX_KEY: Final = rf"^(NSE|BSE)_INDEX:{_ROOT}$"

_PRICE: Final = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?")
_PERCENTAGE: Final = re.compile(r"(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?")
_ZERO: Final = {"pattern": r"^[0.]*$"}
_NAMED: Final = (Account, InstrumentKey)
_LONGEST_ADDRESS = 4096
_LONGEST_ANSWER = 1024

PRICE_SCHEMA: Final = {"type": "string", "pattern": f"^{_PRICE.pattern}$", "not": _ZERO}
PROTECTION_SCHEMA: Final = {
    "anyOf": [
        {"enum": ["auto", "none"]},
        {"type": "string", "pattern": r"^(100(\.0{1,4})?|(0|[1-9][0-9]?)(\.[0-9]{1,4})?)$", "not": _ZERO},
    ]
}


def money_text(value: Decimal) -> str:
    """Write rupees plainly, with at least two decimals and no further zeros behind them; never `-0.00`."""
    text = format_decimal(value)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}"


def time_text(value: datetime) -> str:
    """Write a moment as RFC 3339 in Indian time."""
    return value.astimezone(IST).isoformat()


def _text(value: object) -> object:
    return str(value) if isinstance(value, _NAMED) else value


def account_of(value: object) -> Account:
    """Read an account; raises the domain's `Invalid`."""
    if isinstance(value, Account):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("account", "must be ADAPTER_ID/ACCOUNT_ID in a JSON string, such as paper/DEMO")
    return Account.parse(value)


Naming = Callable[[str], InstrumentKey]
"""Finds the key that a name means; raises `Invalid`."""

NAMING: Final = "naming"
"""Where in the context of a request's validation a `Naming` may stand; without one, only keys are understood."""


def _key(value: object, info: ValidationInfo) -> InstrumentKey:
    if isinstance(value, InstrumentKey):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("instrument", "must be an instrument key in a JSON string, such as NSE:SBIN")
    naming: Naming = (info.context or {}).get(NAMING, InstrumentKey.parse)
    return naming(value)


def _plain(value: object, grammar: re.Pattern[str]) -> Decimal | None:
    text = f"{value:f}" if isinstance(value, Decimal) else value
    return Decimal(text) if isinstance(text, str) and grammar.fullmatch(text) else None


def _price(value: object) -> Decimal:
    price = _plain(value, _PRICE)
    if price is None:
        raise PydanticCustomError(
            "price",
            "must be a plain price in rupees in a JSON string, with at most 9 digits before the point and 4 behind it,"
            ' such as "812.50"',
        )
    return price


def _protection(value: object) -> Literal["auto", "none"] | Decimal:
    if value == "auto":
        return "auto"
    if value == "none":
        return "none"
    percentage = _plain(value, _PERCENTAGE)
    if percentage is None:
        raise PydanticCustomError(
            "protection", 'must be "auto", "none", or a percentage in a JSON string, such as "1.5"'
        )
    return percentage


def _protection_text(value: Literal["auto", "none"] | Decimal) -> str:
    return format_decimal(value) if isinstance(value, Decimal) else value


def _secret(most: int) -> Callable[[object], Secret]:
    def read(value: object) -> Secret:
        if isinstance(value, Secret):
            return value
        if not isinstance(value, str) or not 0 < len(value) <= most:
            raise PydanticCustomError("secret", f"must be a JSON string of 1 to {most} characters")
        return Secret(value)

    return read


def _secret_schema(most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": most, "format": "password"})


Money = Annotated[
    Decimal,
    PlainSerializer(money_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2,}$"}),
]
"""Rupees in an answer."""

Number = Annotated[
    Decimal,
    PlainSerializer(format_decimal, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}),
]
"""An exact number in an answer that is not money."""

Time = Annotated[
    datetime,
    PlainSerializer(time_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment in an answer, in Indian time."""

Key = Annotated[
    str,
    BeforeValidator(_text),
    WithJsonSchema({"type": "string", "pattern": f"{CASH_KEY}|{DERIVATIVE_KEY}|{INDEX_KEY}"}),
]
"""An instrument key in an answer."""

AccountName = Annotated[
    str,
    BeforeValidator(_text),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z][a-z0-9_-]{0,31}/[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"}),
]
"""An account in an answer, as `ADAPTER_ID/ACCOUNT_ID`."""

AskedKey = Annotated[
    InstrumentKey,
    PlainValidator(_key),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"{CASH_KEY}|{DERIVATIVE_KEY}"}),
]
"""The key of something that can be traded, in a request."""

AskedPrice = Annotated[
    Decimal, PlainValidator(_price), PlainSerializer(format_decimal, return_type=str), WithJsonSchema(PRICE_SCHEMA)
]
"""Rupees in a request: a JSON number would pass through binary floating point on its way, so only strings are read."""

Protection = Annotated[
    Literal["auto", "none"] | Decimal,
    PlainValidator(_protection),
    PlainSerializer(_protection_text, return_type=str),
    WithJsonSchema(PROTECTION_SCHEMA),
]
"""How far a market order may run: two words, or a percentage."""

SecretAddress = Annotated[Secret, PlainValidator(_secret(_LONGEST_ADDRESS)), _secret_schema(_LONGEST_ADDRESS)]
"""An address that holds a secret; it is used for one call and shown nowhere."""

SecretAnswer = Annotated[Secret, PlainValidator(_secret(_LONGEST_ANSWER)), _secret_schema(_LONGEST_ANSWER)]
"""A password or a code; likewise."""
