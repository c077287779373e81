"""Whatever InvestRight says, it is a row, unreadable, or an error of the port; nothing else escapes, and no rubbish is
a refusal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordo.adapters.brokers.hdfc.errors import Call, Said, of_login, of_read, of_write, reading
from ordo.adapters.brokers.hdfc.mapping.books import order_of, trade_of
from ordo.adapters.brokers.hdfc.mapping.portfolio import holding_of, position_of
from ordo.adapters.brokers.hdfc.symbols import instrument_of, named_holding
from ordo.adapters.brokers.hdfc.wire import HoldingRow, OrderRow, PositionRow, TradeRow, decoded
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import OrdoError, OutcomeUnknown, Refused, Unavailable, Unreadable
from tests.support.hdfc import INSTRUMENTS, payload

LISTED = InstrumentDirectory(INSTRUMENTS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    [
        *("", "0", "-1", "1e14", "1,23,456.70", "NSE", "BSE", "MCX", "OPTIDX", "FUTCUR", "24 NOV 2026", "30 FEB 2026"),
        *("Call", "Buy", "SELL", "SL", "MARKET", "IOC", "COVER", "Traded", "CANCELLED", "10/01/2026 09:30:15"),
        "99/99/9999 99:99:99",
    ]
)


def order(row: dict[str, Any]) -> object:
    return order_of(OrderRow.model_validate(row), LISTED)


def trade(row: dict[str, Any]) -> object:
    return trade_of(TradeRow.model_validate(row), None, LISTED)


def position(row: dict[str, Any]) -> object:
    read = PositionRow.model_validate(row)
    return position_of(read, instrument_of(LISTED, read), None)


def holding(row: dict[str, Any]) -> object:
    read = HoldingRow.model_validate(row)
    key, found = named_holding(LISTED, read.exchange, read.security_id, read.isin)
    return holding_of(read, key, None, listed=found is not None)


_ROWS: list[tuple[Callable[[dict[str, Any]], object], dict[str, Any]]] = [
    (order, payload("order_rejected")["answer"]["data"][0]),
    (order, payload("orders_derivative")["answer"]["data"][0]),
    (trade, payload("trades_of_one_order")["answer"]["data"][0]),
    (position, payload("positions")["answer"]["data"]["net"][1]),
    (holding, payload("holdings")["answer"]["data"][0]),
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), which=st.sampled_from(_ROWS))
def test_a_row_is_read_or_unreadable(
    data: st.DataObject, which: tuple[Callable[[dict[str, Any]], object], dict[str, Any]]
) -> None:
    read, good = which
    spoilt = data.draw(st.dictionaries(st.sampled_from(sorted(good)), WORDS | JSON, max_size=3))
    try:
        with reading("a row"):
            row = decoded(json.dumps({**good, **spoilt}).encode())
            assert isinstance(row, dict)
            assert read(row) is not None
    except Unreadable:
        assert spoilt


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(status=st.integers(100, 599), body=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_rubbish_is_never_a_refusal_but_at_the_gate(status: int, body: bytes) -> None:
    said = Said.of(status, body)
    errors: list[OrdoError] = [of_write(said, call, "hdfc") for call in (Call.PLACE, Call.MODIFY, Call.CANCEL)]
    assert {type(error) for error in errors} == {Refused if status in (401, 403, 429) else OutcomeUnknown}
    for error in (of_read(said, "it", "hdfc"), of_login(said, Call.LOGIN, "hdfc")):
        assert isinstance(error, Refused | Unavailable)
