"""What is read for the checks, and only then; and market orders that Ordo bounds itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from ordo.adapters.calendar.files import FileMarketCalendar
from ordo.application.context import Context
from ordo.application.departure import Departures
from ordo.application.screening import Rules
from ordo.domain.accounts import Account
from ordo.domain.calendar import IST
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, Invalid, NotSent, Unavailable
from ordo.domain.instruments import InstrumentKey
from ordo.domain.limits import LimitBook, Limits, SoftMode
from ordo.domain.masters import MasterReport
from ordo.domain.orders import ModifyOrder, OrderTerms, OrderType, Product, Side
from ordo.domain.protection import MarketOrders
from ordo.domain.safety import KillState
from tests.support.clock import MONDAY_MORNING
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN, NIFTY_CALL
from tests.support.positions import holding, position
from tests.support.stores import fail, outage

MARKET = replace(BUY_TEN, order_type=OrderType.MARKET, price=None)
MIS = replace(BUY_TEN, product=Product.MIS)
SALE = replace(BUY_TEN, side=Side.SELL)


def limited(**bounds: object) -> Rules:
    return Rules(limits=LimitBook(gateway=Limits(**bounds)))  # type: ignore[arg-type]


async def _reads(house: House, terms: OrderTerms, rules: Rules) -> list[str]:
    before = len(house.broker.calls)
    with suppress(Invalid):
        await house.now.screened(house, rules).require(ACCOUNT, terms, Context())
    return sorted(house.broker.calls[before:])


@pytest.mark.parametrize(
    ("terms", "rules", "reads"),
    [
        (BUY_TEN, Rules(), []),
        (MARKET, Rules(), []),
        (BUY_TEN, limited(max_order_value=Decimal(1), max_quantity=1), []),
        (MARKET, limited(max_order_value=Decimal(1)), ["quotes"]),
        (BUY_TEN, limited(max_price_distance=Decimal(5)), ["quotes"]),
        (BUY_TEN, limited(max_option_price_distance=Decimal(5)), []),
        (MIS, limited(max_open_orders=1), ["orders", "positions"]),
        (BUY_TEN, limited(max_daily_loss=Decimal(1)), ["holdings", "orders", "positions"]),
        (MARKET, limited(max_exposure=Decimal(1)), ["holdings", "orders", "positions", "quotes"]),
        (SALE, Rules(soft={"cover": SoftMode.WARN}), ["holdings", "orders", "positions"]),
        (BUY_TEN, Rules(soft={"funds": SoftMode.DENY}), ["funds", "holdings", "orders", "positions"]),
        (MIS, Rules(soft={"funds": SoftMode.DENY, "cover": SoftMode.DENY}), []),
        (SALE, Rules(soft={"funds": SoftMode.DENY}), []),
        (replace(MIS, instrument=InstrumentKey.parse("NSE:NOBODY")), limited(max_price_distance=Decimal(5)), []),
    ],
)
async def test_only_what_a_check_needs_is_read(house: House, terms: OrderTerms, rules: Rules, reads: list[str]) -> None:
    assert await _reads(house, terms, rules) == reads


async def test_a_preview_reads_what_it_can_warn_of(house: House) -> None:
    screening = house.now.screened(house, Rules())
    for terms, reads in (
        (BUY_TEN, ["funds", "holdings", "orders", "positions"]),
        (SALE, ["holdings", "orders", "positions"]),
        (MIS, []),
        (replace(BUY_TEN, instrument=InstrumentKey.parse("NSE:NOBODY")), []),
    ):
        before = len(house.broker.calls)
        await screening.review(ACCOUNT, terms, Context())
        assert sorted(house.broker.calls[before:]) == reads


async def test_after_the_square_off_positions_decide_about_intraday_orders(house: House) -> None:
    house.broker.held = (position(10),)
    house.clock.step(datetime(2026, 11, 23, 15, 20, tzinfo=IST) - house.clock.now())
    screening = house.now.screened(house, calendar=FileMarketCalendar(None))
    await screening.require(ACCOUNT, replace(SALE, product=Product.MIS), Context())
    with pytest.raises(Invalid) as refusal:
        await screening.require(ACCOUNT, MIS, Context())
    assert refusal.value.code is ErrorCode.MARKET_CLOSED


async def test_hours_that_nobody_knows_are_told_and_read_nothing(house: House) -> None:
    house.login.lasts = timedelta(days=3660)
    await house.log_in()
    house.clock.step(timedelta(days=2200))
    screening = house.now.screened(house, calendar=FileMarketCalendar(None))
    with pytest.raises(Unavailable, match="market calendar does not know"):
        await screening.require(ACCOUNT, MIS, Context())
    assert house.broker.calls == []


async def test_a_price_that_can_not_be_read_is_none(house: House) -> None:
    house.broker.unreadable = outage()
    with pytest.raises(Invalid, match="no fresh last price"):
        await house.now.screened(house, limited(max_price_distance=Decimal(5))).require(ACCOUNT, BUY_TEN, Context())


async def test_holdings_and_funds_count_where_they_are_asked_for(house: House) -> None:
    house.broker.delivered = (holding(10),)
    screening = house.now.screened(house, Rules(soft={"cover": SoftMode.DENY, "funds": SoftMode.DENY}))
    await screening.require(ACCOUNT, SALE, Context())
    with pytest.raises(Invalid) as refusal:
        await screening.require(ACCOUNT, replace(SALE, quantity=11), Context())
    assert refusal.value.code is ErrorCode.INSUFFICIENT_HOLDINGS
    with pytest.raises(Invalid) as refusal:
        await screening.require(ACCOUNT, BUY_TEN, Context())
    assert refusal.value.code is ErrorCode.INSUFFICIENT_FUNDS
    await screening.require(ACCOUNT, replace(BUY_TEN, quantity=1), Context())


async def test_the_limits_of_an_account_are_its_own(house: House) -> None:
    book = LimitBook(
        accounts={ACCOUNT: Limits(max_quantity=9), Account.parse("other/X"): Limits(max_quantity=1)},
        instruments={NIFTY_CALL: Limits(max_quantity=2)},
    )
    screening = house.now.screened(house, Rules(limits=book))
    await screening.require(ACCOUNT, replace(BUY_TEN, quantity=9), Context())
    with pytest.raises(Invalid, match="max_quantity of 9 units"):
        await screening.require(ACCOUNT, BUY_TEN, Context())


# Market orders that Ordo bounds.


@pytest.fixture
def converting(house: House) -> House:
    house.broker.offers = replace(house.broker.offers, market_orders=MarketOrders.GATEWAY)
    return house


async def test_a_market_order_goes_out_as_a_limit_and_says_so(converting: House) -> None:
    order = await converting.place("k", MARKET)
    assert (order.order_type, order.price) == (OrderType.MARKET, None)
    assert (order.sent_type, order.sent_price) == (OrderType.LIMIT, Decimal(804))
    row = converting.broker.book["B1"]
    assert (row.order_type, row.price) == (OrderType.LIMIT, Decimal(804))
    kept = await converting.kept(order.order_id)
    assert (kept.order_type, kept.sent_type, kept.sent_price) == (OrderType.MARKET, OrderType.LIMIT, Decimal(804))


async def test_without_a_fresh_price_no_market_order_goes_out(converting: House) -> None:
    converting.broker.ages["quotes"] = timedelta(seconds=31)
    with pytest.raises(Invalid, match="no fresh last price"):
        await converting.place("k", MARKET)
    assert converting.broker.count("place") == 0


async def test_a_change_to_a_market_order_is_bounded_too(converting: House) -> None:
    order = await converting.place("k", BUY_TEN)
    assert (order.sent_type, order.sent_price) == (None, None)
    change = ModifyOrder(order_type=OrderType.MARKET)
    changed = await converting.now.orders.modify(ACCOUNT, order.order_id, change, key="m")
    assert (changed.order_type, changed.price) == (OrderType.MARKET, None)
    assert (changed.sent_type, changed.sent_price) == (OrderType.LIMIT, Decimal(804))
    assert converting.broker.book["B1"].price == Decimal(804)


async def test_where_the_broker_bounds_it_a_market_order_goes_out_as_it_is(house: House) -> None:
    order = await house.place("k", MARKET)
    assert order.sent_type is None
    assert house.broker.book["B1"].order_type is OrderType.MARKET


# The way out.


async def test_an_order_leaves_through_its_gate(house: House) -> None:
    now = house.now
    cleared = await now.screening.require(ACCOUNT, BUY_TEN, Context())
    departure = Departures(now.calls, now.safety, now.facts, now.pacing).of(cleared, Context())

    async def never() -> None:
        raise AssertionError

    with pytest.raises(RuntimeError, match="through its gate"):
        await departure.send(await house.place(), never)


async def test_a_cache_that_can_not_forget_keeps_the_order_from_leaving(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.careful = True
    house.start()

    async def drop(account: Account) -> None:  # noqa: ARG001  (as the port has it)
        await fail()

    monkeypatch.setattr(house.now.cache, "drop", drop)
    with pytest.raises(NotSent) as refusal:
        await house.place()
    assert refusal.value.code is ErrorCode.STORE_UNAVAILABLE
    assert house.broker.calls == []
    assert await house.intent() is None


async def test_a_switch_that_is_set_for_all_does_not_wait_for_what_another_has_ended(house: House) -> None:
    await house.place()
    passage = house.now.safety.enter(ACCOUNT)
    passage.leave()
    await house.now.safety.set(KillState.HALTED, "r")
    assert house.clock.now() == MONDAY_MORNING


# Brokers with a master of their own.


async def test_an_order_at_a_broker_whose_master_was_never_loaded_is_refused(house: House) -> None:
    house.has_master = True
    house.start()
    with pytest.raises(Invalid, match="no instrument master of scripted has been loaded; run `ordo instruments sync`"):
        await house.place()
    nobody = replace(BUY_TEN, instrument=InstrumentKey.parse("NSE:NOBODY"))
    with pytest.raises(Invalid, match="no instrument master of scripted has been loaded") as refusal:
        await house.place("k2", nobody)
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT
    assert house.broker.calls == []


async def test_an_order_for_what_the_brokers_own_master_does_not_list_is_refused(house: House) -> None:
    house.has_master = True
    house.start()
    await _load(house, listed=False)
    with pytest.raises(Invalid, match="is not in the instrument master of scripted"):
        await house.place()
    await _load(house, listed=True)
    await house.place()


async def _load(house: House, *, listed: bool) -> None:
    store = house.instruments
    found = [replace(one, references={"scripted": str(one.key)} if listed else {}) for one in store.directory()]
    report = MasterReport(name="scripted", as_of=house.clock.now().date(), loaded_at=house.clock.now(), rows=len(found))
    await store.replace(InstrumentDirectory(found), (report,))
