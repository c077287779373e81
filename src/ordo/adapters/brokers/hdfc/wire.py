"""What InvestRight says, as it says it, and no word more. The broker mixes the styles of its keys, so names are
compared without case and underscores; numbers may come as text, and "" is nothing.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_NUMBER: Final = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{2,3})*,\d{3})(?:\.\d+)?(?:[eE][+-]?\d{1,2})?")
# As the glossary has it, but for once.
_MISSPELT: Final = {"externalreferencenumber": "externalreferencerumber"}
_MOST: Final = Decimal(10) ** 15


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _amount(value: object) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise ValueError("is no number")
        value = Decimal(text.replace(",", ""))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("is no number")  # noqa: TRY004  (pydantic collects only these)
    amount = Decimal(value)
    if not amount.is_finite() or abs(amount) > _MOST:
        raise ValueError("is out of this world")
    return amount


def _count(value: object) -> int | None:
    amount = _amount(value)
    if amount is None:
        return None
    if amount != amount.to_integral_value():
        raise ValueError("is no whole number")
    return int(amount)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("is no text")  # noqa: TRY004
    return str(value).strip()


Amount = Annotated[Decimal | None, BeforeValidator(_amount)]
"""A number, or text with thousands separators; `None` where it is absent or blank."""
Figure = Annotated[Decimal, BeforeValidator(_amount)]
"""A number that must be there."""
Count = Annotated[int | None, BeforeValidator(_count)]
Whole = Annotated[int, BeforeValidator(_count)]
Text = Annotated[str, BeforeValidator(_text)]
"""Text, or a number that stands for an id; "" where it is absent."""
Id = Annotated[str, BeforeValidator(_text), Field(min_length=1)]


class Wire(BaseModel):
    """Unknown keys are ignored: the broker adds some that no document names."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _alike(cls, values: Any) -> Any:  # noqa: ANN401  (whatever the broker sent)
        if not isinstance(values, dict):
            return values
        fields = _fields(cls)
        named: dict[str, Any] = {}
        for name, value in values.items():
            field = fields.get(_plain(name))
            if field is not None and named.get(field) in (None, ""):  # One style may be blank beside the other.
                named[field] = value
        return named


@lru_cache(maxsize=64)
def _fields(model: type[Wire]) -> dict[str, str]:
    fields = {_plain(name): name for name in model.model_fields}
    return {_MISSPELT.get(plain, plain): name for plain, name in fields.items()} | fields


class OrderRow(Wire):
    """A row of the order book, and of a single order."""

    order_id: Id
    status: Id
    exchange_order_id: Text = ""
    status_message: Text = ""
    status_message_raw: Text = ""
    order_timestamp: Text = ""
    exchange: Text = ""
    instrument_segment: Text = ""
    security_id: Text = ""
    underlying_symbol: Text = ""
    company_name: Text = ""
    isin: Text = ""
    expiry_date: Text = ""
    strike_price: Amount = None
    option_type: Text = ""
    transaction_type: Text = ""
    order_type: Text = ""
    product: Text = ""
    validity: Text = ""
    quantity: Count = None
    filled_quantity: Count = None
    pending_quantity: Count = None
    cancelled_quantity: Count = None
    price: Amount = None
    trigger_price: Amount = None
    average_price: Amount = None
    total_traded_value: Amount = None
    order_slot: Text = ""
    external_reference_number: Text = ""


class TradeRow(Wire):
    """One execution. Its `security_id` is a display name on derivatives, so only its order says what was traded."""

    trade_id: Id
    order_id: Id
    exchange: Text = ""
    product: Text = ""
    average_price: Figure
    filled_quantity: Whole
    transaction_type: Text = ""
    fill_timestamp: Text = ""
    security_id: Text = ""
    underlying_symbol: Text = ""
    company_name: Text = ""
    instrument_segment: Text = ""
    isin: Text = ""
    expiry_date: Text = ""
    strike_price: Amount = None
    option_type: Text = ""


class HoldingRow(Wire):
    isin: Text = ""
    security_id: Text = ""
    exchange: Text = ""
    company_name: Text = ""
    quantity: Whole
    average_price: Figure
    close_price: Amount = None
    mtf_indicator: Text = ""
    corporate_action_message: Text = ""


class PositionRow(Wire):
    security_id: Text = ""
    instrument_segment: Text = ""
    underlying_symbol: Text = ""
    company_name: Text = ""
    isin: Text = ""
    product: Text
    exchange: Text
    expiry_date: Text = ""
    option_type: Text = ""
    strike_price: Amount = None
    total_buy_quantity: Whole
    total_sell_qty: Whole
    net_qty: Whole
    average_buy_price: Amount = None
    average_sell_price: Amount = None
    total_buy_value: Amount = None
    total_sell_value: Amount = None
    realised_pl_overall_position: Amount = None


class Positions(Wire):
    """`data` of the positions. A bare list is accepted too, and nothing at all; another object is no answer to this."""

    net: tuple[PositionRow, ...] | None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, values: Any) -> Any:  # noqa: ANN401
        nothing = values is None or values == {}
        return {"net": values or None} if nothing or isinstance(values, list) else values


class TotalLimits(Wire):
    bank_hold: Amount = None
    ledger_balance: Amount = None
    adhoc_limit: Amount = None
    pledge_limit: Amount = None


class Equity(Wire):
    total_available_limit: Figure
    total_utilised_limit: Figure
    total_limit: Amount = None
    total_limit_details: TotalLimits = TotalLimits()


class Margins(Wire):
    equity: Equity


class ProfileRow(Wire):
    user_id: Id
    user_name: Text = ""
    user_type: Text = ""


class Ltp(Wire):
    exchange: Text = ""
    token: Id
    ltp: Amount = None


class OrderAnswer(Wire):
    order_id: Text = ""


class LoginStart(Wire):
    token_id: Id


class PasswordAnswer(Wire):
    recaptcha: bool = False
    login_id: Text = ""
    twofa_enabled: bool


class Clause(Wire):
    header: Text = ""
    body: Text = ""


class Terms(Wire):
    version: Text = ""
    content: tuple[Clause, ...] = ()


class OtpAnswer(Wire):
    request_token: Id
    terms_and_conditions: Terms | None = None
    authorised: bool = False


class Authorised(Wire):
    request_token: Id


class Granted(Wire):
    access_token: Id


class Claims(Wire):
    """What an access token says of itself."""

    sub: Text = ""
    exp: Count = None


def decoded(body: bytes) -> object:
    """The JSON of an answer, decimals exact; raises `ValueError` for anything else."""
    try:
        told: object = _READ.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ArithmeticError, RecursionError):
        raise ValueError("is no JSON of this world") from None
    return told


def encoded(body: object) -> bytes:
    """A request's JSON. A price has few enough digits to survive as a JSON number."""
    return _WRITTEN.encode(body).encode()


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


# Made once: making them takes longer than an answer does.
_READ: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)
_WRITTEN: Final = json.JSONEncoder(default=float, separators=(",", ":"))
