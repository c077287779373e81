from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo_emulators.accounts import Account
from ordo_emulators.exchange import Exchange, NotPending, Opening, RiskRefused
from ordo_emulators.instruments import Instrument
from ordo_emulators.listing import listing
from ordo_emulators.orders import OrderType, Product, Reason, Side, Status, Terms, Validity
from tests.unit.emulators.wire import Clock

CASH = Decimal(1_000_000)
ACCOUNT = "A1"
LISTED = {i.key: i for i in listing()}
SBIN = LISTED["NSE:SBIN"]
FUTURE = LISTED["NFO:NIFTY:20261229:FUT"]


@pytest.fixture
def exchange(clock: Clock) -> Exchange:
    opening = Opening(account=ACCOUNT, cash=CASH, holdings=(("NSE:SBIN", 100, 20, Decimal(600)),))
    venue = Exchange(LISTED.values(), [opening], clock=clock)
    venue.set_prices({SBIN: Decimal(1000)})
    return venue


def buy(quantity: int = 10, **changes: object) -> Terms:
    terms = Terms(instrument=SBIN, side=Side.BUY, quantity=quantity, type=OrderType.MARKET, product=Product.CNC)
    return replace(terms, **changes)  # type: ignore[arg-type]


def limit(price: int, quantity: int = 10, **changes: object) -> Terms:
    return buy(quantity, **{"type": OrderType.LIMIT, "price": Decimal(price), **changes})


def test_a_market_order_fills_at_the_price(exchange: Exchange) -> None:
    order = exchange.place(ACCOUNT, buy())
    assert (order.status, order.filled, order.average) == (Status.FILLED, 10, Decimal(1000))
    assert exchange.account(ACCOUNT).net(SBIN, Product.CNC) == 10
    assert exchange.account(ACCOUNT).available == CASH - 10_000


@pytest.mark.parametrize(
    ("side", "price", "status", "average"),
    [
        (Side.BUY, 999, Status.OPEN, 0),
        (Side.BUY, 1000, Status.FILLED, 1000),
        (Side.BUY, 1010, Status.FILLED, 1000),
        (Side.SELL, 1001, Status.OPEN, 0),
        (Side.SELL, 990, Status.FILLED, 1000),
    ],
)
def test_a_limit_order_fills_when_it_crosses(
    exchange: Exchange, side: Side, price: int, status: Status, average: int
) -> None:
    order = exchange.place(ACCOUNT, limit(price, side=side))
    assert (order.status, order.average) == (status, Decimal(average))


def test_a_resting_order_fills_at_its_own_price(exchange: Exchange) -> None:
    order = exchange.place(ACCOUNT, limit(990))
    exchange.set_prices({SBIN: Decimal(980)})
    assert (order.status, order.average) == (Status.FILLED, Decimal(990))
    assert exchange.account(ACCOUNT).blocked == 0


def test_a_stop_triggers_and_then_is_a_market_order(exchange: Exchange) -> None:
    order = exchange.place(ACCOUNT, buy(type=OrderType.STOP_MARKET, trigger=Decimal(1020)))
    assert order.status is Status.TRIGGER_PENDING
    exchange.set_prices({SBIN: Decimal(1019)})
    assert order.status is Status.TRIGGER_PENDING
    exchange.set_prices({SBIN: Decimal(1021)})
    assert (order.status, order.average) == (Status.FILLED, Decimal(1021))


def test_a_triggered_stop_limit_rests_at_its_limit(exchange: Exchange) -> None:
    order = exchange.place(ACCOUNT, limit(985, type=OrderType.STOP_LIMIT, trigger=Decimal(990), side=Side.SELL))
    exchange.set_prices({SBIN: Decimal(980)})
    assert (order.status, order.triggered) == (Status.OPEN, True)
    exchange.set_prices({SBIN: Decimal(987)})
    assert (order.status, order.average) == (Status.FILLED, Decimal(985))


def test_scarce_liquidity_fills_in_parts(exchange: Exchange) -> None:
    exchange.liquidity = 4
    order = exchange.place(ACCOUNT, limit(1000))
    assert (order.status, order.filled, order.remaining) == (Status.PARTIALLY_FILLED, 4, 6)
    for _ in range(2):
        exchange.set_prices({SBIN: Decimal(1000)})
    assert (order.status, [t.quantity for t in order.trades]) == (Status.FILLED, [4, 4, 2])


def test_what_an_ioc_order_can_not_fill_is_cancelled(exchange: Exchange) -> None:
    exchange.liquidity = 4
    order = exchange.place(ACCOUNT, limit(1000, validity=Validity.IOC))
    assert (order.status, order.filled) == (Status.CANCELLED, 4)
    missed = exchange.place(ACCOUNT, limit(990, validity=Validity.IOC))
    assert (missed.status, missed.filled) == (Status.CANCELLED, 0)
    assert exchange.account(ACCOUNT).blocked == 0


def test_a_modified_order_is_matched_anew(exchange: Exchange) -> None:
    order = exchange.place(ACCOUNT, limit(990))
    exchange.modify(order, limit(995, quantity=20))
    assert (order.status, order.remaining, exchange.account(ACCOUNT).blocked) == (Status.OPEN, 20, Decimal(19_900))
    exchange.modify(order, limit(1000, quantity=20))
    assert order.status is Status.FILLED
    with pytest.raises(NotPending):
        exchange.modify(order, limit(1000))


def test_a_refused_modification_leaves_the_order_as_it_was(exchange: Exchange) -> None:
    order = exchange.place(ACCOUNT, limit(990))
    with pytest.raises(RiskRefused) as refused:
        exchange.modify(order, limit(990, quantity=100_000))
    assert refused.value.rejection.reason is Reason.MARGIN
    assert (order.status, order.terms.quantity, exchange.account(ACCOUNT).blocked) == (Status.OPEN, 10, Decimal(9_900))


def test_a_cancelled_order_frees_its_money_and_stays_cancelled(exchange: Exchange) -> None:
    order = exchange.place(ACCOUNT, limit(990))
    exchange.cancel(order)
    assert (order.status, exchange.account(ACCOUNT).available) == (Status.CANCELLED, CASH)
    with pytest.raises(NotPending):
        exchange.cancel(order)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (buy(100_000), Reason.MARGIN),
        (limit(2000), Reason.BAND),
        (buy(121, side=Side.SELL), Reason.HOLDINGS),
        (buy(1, side=Side.SELL, product=Product.MTF), Reason.HOLDINGS),
        (buy(1, instrument=LISTED["NSE:MODIRUBBER:BE"], product=Product.MIS), Reason.INTRADAY),
        (buy(1, instrument=LISTED["NSE:IDEA"], product=Product.MTF), Reason.MTF),
        (buy(1820, instrument=FUTURE, product=Product.NRML), Reason.FREEZE),
    ],
)
def test_the_risk_system_rejects_with_a_reason(exchange: Exchange, terms: Terms, reason: Reason) -> None:
    order = exchange.place(ACCOUNT, terms)
    assert order.status is Status.REJECTED
    assert order.rejection is not None
    assert order.rejection.reason is reason
    assert exchange.account(ACCOUNT).available == CASH


def test_shares_that_are_promised_can_not_be_sold_twice(exchange: Exchange) -> None:
    exchange.place(ACCOUNT, limit(1100, quantity=100, side=Side.SELL))
    assert exchange.place(ACCOUNT, buy(21, side=Side.SELL)).status is Status.REJECTED
    assert exchange.place(ACCOUNT, buy(20, side=Side.SELL)).status is Status.FILLED


def test_closing_a_position_ties_up_nothing_and_realises_the_profit(exchange: Exchange) -> None:
    account = exchange.account(ACCOUNT)
    exchange.place(ACCOUNT, buy(product=Product.MIS))
    assert account.used == 2000
    exchange.set_prices({SBIN: Decimal(1010)})
    exchange.place(ACCOUNT, buy(15, product=Product.MIS, side=Side.SELL))
    position = account.position(SBIN, Product.MIS)
    assert position is not None
    assert (position.net, position.average, position.realised) == (-5, Decimal(1010), Decimal(100))
    assert account.used == 1010
    exchange.place(ACCOUNT, buy(5, product=Product.MIS))
    assert (account.used, account.available) == (Decimal(0), CASH + 100)


@pytest.mark.parametrize(
    ("key", "side", "product", "held"),
    [
        ("NSE:SBIN", Side.BUY, Product.CNC, "1000"),
        ("NSE:SBIN", Side.BUY, Product.MIS, "200"),
        ("NSE:SBIN", Side.SELL, Product.MIS, "200"),
        ("NSE:SBIN", Side.BUY, Product.MTF, "250"),
        ("NSE:SBIN", Side.SELL, Product.CNC, "0"),
        ("NFO:NIFTY:20261229:FUT", Side.SELL, Product.NRML, "253500"),
        ("NFO:NIFTY:20261201:26000:CE", Side.BUY, Product.NRML, "13000"),
        ("NFO:NIFTY:20261201:26000:CE", Side.SELL, Product.NRML, "253620.4125"),
        ("MCX:CRUDEOIL:20261229:5500:PE", Side.SELL, Product.NRML, "82500"),
        ("MCX:CRUDEOIL:20261229:FUT", Side.BUY, Product.NRML, "79500"),
    ],
)
def test_what_a_position_ties_up(exchange: Exchange, key: str, side: Side, product: Product, held: str) -> None:
    instrument = LISTED[key]
    prices = {
        "NFO:NIFTY:20261229:FUT": "26000",
        "NFO:NIFTY:20261201:26000:CE": "200",
        "MCX:CRUDEOIL:20261229:FUT": "5300",
    }
    exchange.set_prices({LISTED[k]: Decimal(price) for k, price in prices.items()})
    order = exchange.place(ACCOUNT, buy(instrument.lot, instrument=instrument, side=side, product=product))
    assert order.status is Status.FILLED
    assert exchange.account(ACCOUNT).used == Decimal(held)


def test_an_order_in_transit_arrives_later(exchange: Exchange, clock: Clock) -> None:
    exchange.transit = timedelta(seconds=2)
    order = exchange.place(ACCOUNT, buy())
    clock.forward(1)
    exchange.advance()
    assert (order.status, order.exchange_id) == (Status.ACKNOWLEDGED, "")
    clock.forward(1)
    exchange.advance()
    assert order.status is Status.FILLED


def test_an_order_cancelled_in_transit_never_arrives(exchange: Exchange, clock: Clock) -> None:
    exchange.transit = timedelta(seconds=2)
    order = exchange.place(ACCOUNT, buy())
    exchange.cancel(order)
    clock.forward(3)
    exchange.advance()
    assert (order.status, order.filled) == (Status.CANCELLED, 0)


def test_a_closed_market_takes_only_orders_for_later(exchange: Exchange) -> None:
    exchange.close_market()
    assert exchange.place(ACCOUNT, buy()).status is Status.REJECTED
    parked = exchange.place(ACCOUNT, buy(after_market=True))
    assert [o.status for o in exchange.book(ACCOUNT)][1:] == [Status.SCHEDULED]
    exchange.open_market()
    assert parked.status is Status.FILLED


def test_ids_are_never_given_out_twice(exchange: Exchange, clock: Clock) -> None:
    ids = [exchange.place(ACCOUNT, limit(900, quantity=1)).id for _ in range(3)]
    exchange.reset()
    ids += [exchange.place(ACCOUNT, limit(900, quantity=1)).id]
    clock.forward(1)
    restarted = Exchange(LISTED.values(), [Opening(account=ACCOUNT)], clock=clock)
    ids += [restarted.place(ACCOUNT, limit(900, quantity=1)).id]
    assert len(set(ids)) == 5
    assert all(order_id.startswith("261123") and len(order_id) == 14 for order_id in ids)


def test_the_day_ends(exchange: Exchange, clock: Clock) -> None:
    account = exchange.account(ACCOUNT)
    open_order = exchange.place(ACCOUNT, limit(900))
    exchange.place(ACCOUNT, buy(10))
    exchange.place(ACCOUNT, buy(10, product=Product.MIS))
    future = exchange.place(ACCOUNT, buy(65, instrument=FUTURE, product=Product.NRML))
    clock.forward(24 * 3600)
    exchange.advance()
    assert open_order.status is Status.EXPIRED
    assert (exchange.book(ACCOUNT), exchange.find(open_order.id)) == ([], None)
    holding = account.holdings[SBIN.key]
    assert (holding.quantity, holding.t1) == (120, 10)
    assert holding.average == (Decimal(600) * 120 + Decimal(1000) * 10) / 130
    carried = account.position(FUTURE, Product.NRML)
    assert carried is not None
    assert (carried.net, carried.carried, carried.average) == (65, 65, future.average)
    assert list(account.positions) == [(FUTURE.key, Product.NRML)]
    assert (account.blocked, account.cash) == (Decimal(0), CASH - 10_000)


def test_a_delivery_that_was_sold_leaves_the_holdings(exchange: Exchange, clock: Clock) -> None:
    account = exchange.account(ACCOUNT)
    exchange.place(ACCOUNT, buy(120, side=Side.SELL))
    clock.forward(24 * 3600)
    exchange.advance()
    assert (account.holdings, account.cash) == ({}, CASH + 120_000)


def consistent(exchange: Exchange, account: Account) -> None:
    book = exchange.book(ACCOUNT)
    assert account.blocked == sum((o.blocked for o in book), Decimal(0))
    held = sum((account.held_for(p) for p in account.positions.values()), Decimal(0))
    assert abs(account.used - held) < Decimal("0.000001")
    for order in book:
        assert 0 <= order.filled <= order.terms.quantity
        assert (order.status is Status.FILLED) == (order.remaining == 0)
        assert order.filled == sum(t.quantity for t in order.trades)
        assert order.blocked >= 0
        assert order.blocked == 0 or not order.status.is_final
    for instrument in (SBIN, FUTURE):
        traded = sum(o.filled * o.terms.side.sign for o in book if o.terms.instrument is instrument)
        held_now = sum(p.net for p in account.positions.values() if p.instrument is instrument)
        assert traded == held_now


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["place", "place", "place", "price", "cancel", "modify", "liquidity"]),
        st.integers(0, 30),
        st.sampled_from(list(Side)),
        st.sampled_from(list(OrderType)),
        st.sampled_from([Product.CNC, Product.MIS, Product.MTF]),
        st.sampled_from([SBIN, FUTURE]),
        st.sampled_from(list(Validity)),
    ),
    max_size=40,
)


def shaped(instrument: Instrument, number: int, side: Side, kind: OrderType, product: Product) -> Terms:
    near = instrument.close + (number - 15) * 10 * instrument.tick
    return Terms(
        instrument=instrument,
        side=side,
        quantity=(number + 1) * instrument.lot,
        type=kind,
        product=product if instrument.is_cash else Product.NRML,
        price=near if kind.has_limit else None,
        trigger=near if kind.has_trigger else None,
    )


def step(exchange: Exchange, what: str, number: int, terms: Terms) -> None:
    instrument = terms.instrument
    pending = [o for o in exchange.book(ACCOUNT) if not o.status.is_final]
    if what == "place":
        exchange.place(ACCOUNT, terms)
    elif what == "price":
        exchange.set_prices({instrument: instrument.close + (number - 15) * 10 * instrument.tick})
    elif what == "liquidity":
        exchange.liquidity = number
    elif pending:
        order = pending[number % len(pending)]
        if what == "cancel":
            exchange.cancel(order)
        elif (number + 1) * order.terms.instrument.lot > order.filled:
            changed = shaped(order.terms.instrument, number, order.terms.side, terms.type, order.terms.product)
            with suppress(RiskRefused):
                exchange.modify(order, replace(changed, validity=terms.validity))


@settings(max_examples=80, deadline=None)
@given(steps=STEPS)
def test_money_and_quantities_stay_consistent(
    steps: list[tuple[str, int, Side, OrderType, Product, Instrument, Validity]],
) -> None:
    opening = Opening(account=ACCOUNT, cash=CASH, holdings=(("NSE:SBIN", 100, 20, Decimal(600)),))
    exchange = Exchange((SBIN, FUTURE), [opening], clock=Clock())
    for what, number, side, kind, product, instrument, validity in steps:
        step(exchange, what, number, replace(shaped(instrument, number, side, kind, product), validity=validity))
        consistent(exchange, exchange.account(ACCOUNT))
