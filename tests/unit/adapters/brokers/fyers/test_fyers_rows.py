"""A row of the book is turned into an order once, and anew as soon as anything of it has changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ordo.adapters.brokers.fyers import wire
from ordo.adapters.brokers.fyers.mapping.orders import OrderRows, order
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import OrdoError
from tests.support.fyers import INSTRUMENTS, payload

LISTED = InstrumentDirectory(INSTRUMENTS)
CHANGES: list[dict[str, Any]] = [
    {"qty": 20},
    {"filledQty": 5},
    {"type": 2},
    {"side": -1},
    {"status": 2, "filledQty": 10},
    {"productType": "INTRADAY"},
    {"orderValidity": "IOC"},
    {"orderDateTime": "05-Oct-2026 10:16:00"},
    {"limitPrice": 1580.05},
    {"stopPrice": 1570},
    {"tradedPrice": 1579.95},
    {"status": 4, "filledQty": 0, "offlineOrder": True, "exchOrdId": ""},
    {"message": "changed"},
    {"orderTag": "1:261005000000018"},
    {"exchOrdId": "1100000001234568"},
]


def _rows(*changes: dict[str, Any]) -> list[wire.OrderRow]:
    (row,) = payload("orders")["answer"]["orderBook"]
    told = {"s": "ok", "code": 200, "message": "", "orderBook": [row | change for change in changes]}
    return wire.OrderBook.model_validate_json(json.dumps(told)).order_book


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_row_that_has_changed_is_another_order(change: dict[str, Any]) -> None:
    rows = OrderRows()
    (before,) = rows.orders(LISTED, _rows({}), "XA00123")
    (after,) = rows.orders(LISTED, _rows(change), "XA00123")
    assert after == order(LISTED, _rows(change)[0], "XA00123") != before
    assert rows.orders(LISTED, _rows({}), "XA00123") == (before,)


def test_a_row_that_says_what_it_said_is_the_same_order() -> None:
    rows = OrderRows()
    many = [{"id": f"2610050001234{number}"} for number in range(5)]
    before = rows.orders(LISTED, _rows(*many), "XA00123")
    after = rows.orders(LISTED, _rows(*reversed(many)), "XA00123")
    assert [one is two for one, two in zip(before, reversed(after), strict=True)] == [True] * 5


def test_each_account_and_each_master_has_orders_of_its_own() -> None:
    rows = OrderRows()
    told = {"status": 5, "filledQty": 0, "message": "RMS: XA00123 and XB00456 have no margin"}
    one, other = (rows.orders(LISTED, _rows(told), name)[0] for name in ("XA00123", "XB00456"))
    assert one.message != other.message
    assert (one, other) == tuple(order(LISTED, _rows(told)[0], name) for name in ("XA00123", "XB00456"))
    with pytest.raises(OrdoError):
        rows.orders(InstrumentDirectory(()), _rows(told), "XA00123")
    assert rows.orders(LISTED, _rows(told), "XA00123") == (one,)


def test_a_row_that_makes_no_sense_does_so_each_time() -> None:
    rows = OrderRows()
    rows.orders(LISTED, _rows({}), "XA00123")
    for _ in range(2):
        with pytest.raises(OrdoError):
            rows.orders(LISTED, _rows({"qty": 0}), "XA00123")


def test_an_amount_that_is_written_otherwise_is_the_same_amount() -> None:
    rows = OrderRows()
    (before,) = rows.orders(LISTED, _rows({"limitPrice": 1580}), "XA00123")
    (after,) = rows.orders(LISTED, _rows({"limitPrice": 1580.0}), "XA00123")
    assert str(before.price) == str(after.price) == "1580"


def test_no_more_rows_are_kept_than_that() -> None:
    rows = OrderRows(most=2)
    for number in range(5):
        rows.orders(LISTED, _rows({"id": str(number)}), "XA00123")
    assert len(rows._kept) <= 2
