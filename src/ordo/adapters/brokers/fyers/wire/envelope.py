"""How FYERS writes numbers, codes and envelopes."""

from __future__ import annotations

import json
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


class SideCode(IntEnum):
    BUY = 1
    SELL = -1


class TypeCode(IntEnum):
    LIMIT = 1
    MARKET = 2
    STOP_MARKET = 3
    STOP_LIMIT = 4


class StatusCode(IntEnum):
    CANCELLED = 1
    TRADED = 2
    UNUSED = 3
    TRANSIT = 4
    REJECTED = 5
    PENDING = 6
    EXPIRED = 7


class ProductCode(StrEnum):
    CNC = "CNC"
    INTRADAY = "INTRADAY"
    MARGIN = "MARGIN"
    MTF = "MTF"
    COVER = "CO"
    BRACKET = "BO"


class ValidityCode(StrEnum):
    DAY = "DAY"
    IOC = "IOC"


def _plain(value: object) -> object:
    """A number that may stand in a string; nothing may stand as an empty one."""
    if type(value) is int or type(value) is Decimal:
        return value
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")  # noqa: TRY004  (pydantic reports ValueErrors)
    return value.strip() or None if isinstance(value, str) else value


def _code(value: object) -> object:
    if type(value) is int:
        return value
    value = _plain(value)
    return int(value) if isinstance(value, str | Decimal) else value


_NUMBERS = BeforeValidator(_plain)
CODES = BeforeValidator(_code)
Whole = Annotated[int, _NUMBERS]
Number = Annotated[Decimal, _NUMBERS]
MaybeWhole = Annotated[int | None, _NUMBERS]
MaybeNumber = Annotated[Decimal | None, _NUMBERS]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
Name = Annotated[str, Field(min_length=1)]


class Wire(BaseModel):
    # FYERS mostly writes names like `filledQty`, and some like `realized_profit`: both are read.
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )


class Envelope(Wire):
    """What every answer begins with. Positive codes may be errors too: `s` decides."""

    s: Literal["ok", "error"]
    code: MaybeWhole = None
    message: Text = ""
    id: Text = ""


def loaded(body: bytes) -> object:
    """An answer's JSON, decimals as they were written; raises `ValueError` for what is none."""
    try:
        if body[:1] == b"{" and body[1:2] != b"\0":
            # What begins so is UTF-8, and needs neither its encoding found nor blanks passed over.
            text = body.decode("utf-8", "surrogatepass")
            told: object
            told, end = _READ.raw_decode(text)
            return told if end == len(text) else _READ.decode(text)
        told = _READ.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (RecursionError, ArithmeticError) as error:
        raise ValueError(f"no JSON of this world ({type(error).__name__})") from None
    return told


def dumped(request: BaseModel) -> bytes:
    """A request's body, prices as JSON numbers: at most 13 digits, which a float holds exactly."""
    return _WRITTEN.encode(request.model_dump(by_alias=True)).encode()


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


# Made once: making them takes longer than an answer does.
_READ: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_number)
_WRITTEN: Final = json.JSONEncoder(default=float)
