from __future__ import annotations

from decimal import Decimal
from itertools import product

from ordo.domain.limits import NO_LIMITS, LimitBook, Limits
from tests.support.orders import ACCOUNT, NIFTY_CALL, OTHER, SBIN

GATEWAY = Limits(max_quantity=100, max_open_orders=7)
OWN = Limits(max_quantity=10, max_order_value=Decimal(5000))
ITS = Limits(max_quantity=50, max_order_value=Decimal(4000), max_open_orders=9)


def test_of_all_that_apply_the_tightest_counts_whoever_asked_before() -> None:
    book = LimitBook(gateway=GATEWAY, accounts={ACCOUNT: OWN}, instruments={NIFTY_CALL: ITS})
    expected = {
        (OTHER, SBIN): GATEWAY,
        (ACCOUNT, SBIN): Limits(max_quantity=10, max_order_value=Decimal(5000), max_open_orders=7),
        (OTHER, NIFTY_CALL): Limits(max_quantity=50, max_order_value=Decimal(4000), max_open_orders=7),
        (ACCOUNT, NIFTY_CALL): Limits(max_quantity=10, max_order_value=Decimal(4000), max_open_orders=7),
    }
    for _ in range(2):
        assert {pair: book.of(*pair) for pair in product((ACCOUNT, OTHER), (SBIN, NIFTY_CALL))} == expected
    assert book.of(ACCOUNT, SBIN) is book.of(ACCOUNT, SBIN)


def test_where_nothing_is_bounded_no_order_is() -> None:
    assert LimitBook().of(ACCOUNT, SBIN) == NO_LIMITS
    assert LimitBook(accounts={OTHER: OWN}, instruments={NIFTY_CALL: ITS}).of(ACCOUNT, SBIN) == NO_LIMITS
