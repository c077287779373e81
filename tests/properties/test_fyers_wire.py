"""What FYERS is sent and what is read of it, beside the standard library's JSON and the bytes that it would write."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordo.adapters.brokers.fyers import wire
from ordo.adapters.brokers.fyers.mapping.codes import moment, rupees
from ordo.adapters.brokers.fyers.wire import ProductCode, SideCode, TypeCode, ValidityCode
from ordo.domain.calendar import IST
from ordo.domain.errors import Unreadable

_PRICES = st.one_of(
    st.just(Decimal(0)), st.decimals(min_value=0, max_value=999_999_999, places=4), st.decimals(0, 10_000, places=2)
)
_UNITS = st.integers(0, 10**12)


def _written(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, default=float).encode()


@given(
    texts=st.tuples(st.text(), st.text()), units=st.tuples(_UNITS, _UNITS), prices=st.tuples(_PRICES, _PRICES),
    kind=st.sampled_from(TypeCode), side=st.sampled_from(SideCode), product=st.sampled_from(ProductCode),
    validity=st.sampled_from(ValidityCode), later=st.booleans(),
)  # fmt: skip
def test_an_order_is_the_json_of_its_fields(
    texts: tuple[str, str],
    units: tuple[int, int],
    prices: tuple[Decimal, Decimal],
    kind: TypeCode,
    side: SideCode,
    product: ProductCode,
    validity: ValidityCode,
    *,
    later: bool,
) -> None:
    new = wire.PlaceRequest(
        symbol=texts[0], qty=units[0], type=kind, side=side, product_type=product, limit_price=prices[0],
        stop_price=prices[1], validity=validity, disclosed_qty=units[1], offline_order=later, order_tag=texts[1],
    )  # fmt: skip
    assert new.body() == _written(
        {
            "symbol": texts[0], "qty": units[0], "type": kind, "side": side, "productType": product,
            "limitPrice": prices[0], "stopPrice": prices[1], "validity": validity, "disclosedQty": units[1],
            "offlineOrder": later, "orderTag": texts[1],
        }
    )  # fmt: skip
    changed = wire.ModifyRequest(
        id=texts[0], type=kind, limit_price=prices[0], stop_price=prices[1], qty=units[0], disclosed_qty=units[1]
    )
    assert changed.body() == _written(
        {
            "id": texts[0], "type": kind, "limitPrice": prices[0], "stopPrice": prices[1], "qty": units[0],
            "disclosedQty": units[1],
        }
    )  # fmt: skip
    assert wire.CancelRequest(id=texts[1]).body() == _written({"id": texts[1]})


def _no_number(text: str) -> float:
    raise ValueError(text)


def _read(body: bytes) -> object:
    """As the standard library has it, decimals exact; what is none is the error's class."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except ValueError:
        return ValueError


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_BLANKS = st.text(" \t\r\n", max_size=3)
_ENCODINGS = st.sampled_from(
    ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
)


@given(
    told=_JSON, ascii_only=st.booleans(), blanks=st.tuples(_BLANKS, _BLANKS), encoding=_ENCODINGS,
    behind=st.sampled_from(("", "}", "{}", "x")),
)  # fmt: skip
def test_an_answer_is_read_as_the_standard_library_reads_it(
    told: object, blanks: tuple[str, str], behind: str, encoding: str, *, ascii_only: bool
) -> None:
    text = blanks[0] + json.dumps(told, ensure_ascii=ascii_only) + blanks[1] + behind
    body = text.encode(encoding, "surrogatepass")
    wanted = _read(body)
    try:
        found: object = wire.loaded(body)
    except ValueError:
        found = ValueError
    assert repr(found) == repr(wanted)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{\x00", b"{\x00}\x00", b"\x00{\x00}", b"{}", b"{} ", b" {}", b"{}x", b"{\xff}"]
)
def test_the_shortest_answers(body: bytes) -> None:
    try:
        found: object = wire.loaded(body)
    except ValueError:
        found = ValueError
    assert found == _read(body)


@given(st.decimals(-(10**15), 10**15, allow_nan=False, allow_infinity=False))
def test_an_amount_keeps_four_decimals_and_no_more(value: Decimal) -> None:
    found = rupees(value)
    assert found == value.quantize(Decimal("0.0001"))
    assert found == value or found.as_tuple().exponent == -len("0000")
    assert str(rupees(found)) == str(found)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("58.150000000000006", "58.1500"), ("800.0", "800.0"), ("-0.1", "-0.1"), ("0", "0"), ("1E-7", "0.0000"),
        ("1e3", "1E+3"), ("0.00005", "0.0000"), ("0.00015", "0.0002"),
        ("999999999999999.99996", "1000000000000000.0000"),
    ],
)  # fmt: skip
def test_amounts(told: str, wanted: str) -> None:
    assert str(rupees(Decimal(told))) == wanted


@pytest.mark.parametrize("told", ["NaN", "sNaN", "Infinity", "-Infinity", "1000000000000001", "-1000000000000000.1"])
def test_what_is_no_amount(told: str) -> None:
    with pytest.raises(Unreadable):
        rupees(Decimal(told))


@given(st.datetimes(datetime(1000, 1, 1)), st.sampled_from(("%b", "%B", "%m")))  # noqa: DTZ001  (in no zone yet)
def test_a_time_is_read_as_the_standard_library_reads_it(at: datetime, month: str) -> None:
    text = at.strftime(f"%d-{month}-%Y %H:%M:%S")
    assert _moment(text) == _moment(text.upper()) == _strptime(text)


@given(st.lists(st.sampled_from(("05", "5", "31", "00", "60", "2026", "Oct", "FEB", "-", "-", " ", ":", ":", "x", "_")))
       .map("".join))  # fmt: skip
@example("32-10-2026 10:15:31")
@example("30-Feb-2026 10:15:31")
@example("05-13-2026 10:15:31")
@example("05-10-2026 24:15:31")
@example("05-10-2026 10:15:60")
@example("05-10-2026 10:15")
@example("05-10-26 10:15:31")
@example(" 5-10-2026 9:5:1 ")
def test_what_is_no_time(text: str) -> None:
    assert _moment(text) == _strptime(text)


def _moment(text: str) -> datetime | None:
    try:
        return moment(text)
    except ValueError:
        return None


def _strptime(text: str) -> datetime | None:
    for months in ("%b", "%m"):
        with suppress(ValueError):
            return datetime.strptime(text.strip(), f"%d-{months}-%Y %H:%M:%S").replace(tzinfo=IST)
    return None
