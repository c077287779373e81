"""The paper broker through its port: the memory journal, and a market told by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.adapters.memory.journal import MemoryJournal
from ordo.adapters.memory.prices import MemoryPrices
from ordo.adapters.paper.broker import OPENING_CASH, PaperBroker
from ordo.adapters.paper.catalogue import load_catalogue
from ordo.adapters.paper.login import PaperLogin
from ordo.domain.accounts import Account
from ordo.domain.calendar import next_time
from ordo.domain.errors import ErrorCode, Invalid, NotSent, Refused, Unavailable, Unsupported
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.orders import Order, OrderStatus, OrderTerms, PlaceOrder, Product, Side, Validity
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session, SessionState
from ordo.ports.journal import Entry
from tests.support.clock import MONDAY_MORNING, VirtualClock
from tests.unit.adapters.paper.paper_desk import CALL, NOTHING, SBIN, Levels, terms_of

DEMO = Account(adapter_id="paper", account_id="DEMO")
STREAM = "paper/paper"
NIFTY = InstrumentKey.parse("NSE_INDEX:NIFTY")


class FragileJournal(MemoryJournal):
    """A memory journal whose medium fails as often as it is told to, before it does anything."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: dict[str, int] = {}

    async def read(self, stream: str, *, after: int) -> tuple[Entry, ...]:
        self._fail("read")
        return await super().read(stream, after=after)

    async def append(self, stream: str, entries: tuple[Entry, ...]) -> bool:
        self._fail("append")
        return await super().append(stream, entries)

    async def save_checkpoint(self, stream: str, checkpoint: Entry) -> None:
        self._fail("save_checkpoint")
        await super().save_checkpoint(stream, checkpoint)

    def _fail(self, call: str) -> None:
        if self.failures.get(call, 0):
            self.failures[call] -= 1
            raise Unavailable(ErrorCode.STORE_UNAVAILABLE, "The disk is full.")


class House:
    """All that a paper broker needs, and the market's hand."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.journal = FragileJournal()
        self.prices = MemoryPrices()
        self.instruments = MemoryInstruments({one.key: one for one in (*load_catalogue(), SBIN, CALL)}.values())
        self.broker = self.another()
        self.session = self.session_of("DEMO")

    def another(self, *, checkpoint_every: int = 1_000) -> PaperBroker:
        """One more process on the same journal."""
        return PaperBroker(
            adapter_id="paper",
            journal=self.journal,
            prices=self.prices,
            instruments=self.instruments,
            clock=self.clock,
            checkpoint_every=checkpoint_every,
        )

    def session_of(self, account_id: str, *, adapter_id: str = "paper") -> Session:
        return Session(
            account=Account(adapter_id=adapter_id, account_id=account_id),
            access_token=Secret("T"),
            issued_at=self.clock.now(),
            expires_at=next_time(self.clock.now(), 3),
        )

    def market(self, last: str, *, bids: Levels = (), asks: Levels = (), of: Instrument = SBIN) -> None:
        self.prices.quote(of.key, self.clock.now(), last, bids=bids, asks=asks)

    def normal(self) -> None:
        self.market("779.75", bids=(("779.50", 1000),), asks=(("780.00", 1000),))

    async def entries(self) -> int:
        return len(await self.journal.read(STREAM, after=0))


@pytest.fixture
def house() -> House:
    one = House()
    one.normal()
    return one


async def refused(house: House, terms: OrderTerms, tag: str = "373000000000009") -> Refused:
    with pytest.raises(Refused) as refusal:
        await house.broker.place(house.session, terms, tag=tag)
    assert refusal.value.broker_id == "paper"
    return refusal.value


async def test_a_market_order_comes_back_filled(house: House) -> None:
    answer = await house.broker.place(house.session, terms_of(SBIN, "BUY", 10), tag="373000000000001")
    row = answer.row
    assert row is not None
    assert row.broker_order_id == answer.broker_order_id
    assert (row.status, row.filled_quantity, row.average_price) == (OrderStatus.FILLED, 10, Decimal(780))
    assert (row.tag, row.price) == ("373000000000001", None)
    assert row.metadata["worst_price"] == "783.65"
    assert Decimal(row.metadata["charges"]) > 0


async def test_the_command_and_the_order_itself_are_terms_too(house: House) -> None:
    terms = terms_of(SBIN, "BUY", 1, "770.00")
    command = PlaceOrder(
        instrument=terms.instrument,
        side=terms.side,
        quantity=terms.quantity,
        order_type=terms.order_type,
        product=terms.product,
        price=terms.price,
    )
    answer = await house.broker.place(house.session, command, tag="373000000000001")
    order = Order(
        instrument=terms.instrument,
        side=terms.side,
        quantity=2,
        order_type=terms.order_type,
        product=terms.product,
        price=terms.price,
        order_id="373000000000001",
        account=DEMO,
        status=OrderStatus.OPEN,
        created_at=MONDAY_MORNING,
        updated_at=MONDAY_MORNING,
    )
    modified = await house.broker.modify(house.session, answer.broker_order_id, order)
    assert modified.row is not None
    assert modified.row.quantity == 2
    other = house.another()
    assert await other.orders(house.session) == await house.broker.orders(house.session)


async def test_an_account_opens_itself_once(house: House) -> None:
    funds = await house.broker.funds(house.session)
    assert (funds.cash, funds.available, funds.utilised, funds.opening) == (
        OPENING_CASH,
        OPENING_CASH,
        NOTHING,
        OPENING_CASH,
    )
    assert (funds.collateral, funds.realised_pnl) == (NOTHING, NOTHING)
    assert await house.entries() == 1
    for read in (house.broker.orders, house.broker.trades, house.broker.positions, house.broker.holdings):
        assert (await read(house.session)).items == ()
    assert await house.entries() == 1


async def test_trades_positions_and_funds_tell_of_a_purchase(house: House) -> None:
    await house.broker.place(house.session, terms_of(SBIN, "BUY", 10, "790.00"), tag="373000000000001")
    house.clock.step(timedelta(seconds=5))
    house.market("785.00")
    (trade,) = (await house.broker.trades(house.session)).items
    assert (trade.order_id, trade.quantity, trade.price) == ("373000000000001", 10, Decimal("780.00"))
    (position,) = (await house.broker.positions(house.session)).items
    assert (position.quantity, position.average_price, position.last_price) == (10, Decimal(780), Decimal(785))
    assert (position.unrealised_pnl, position.realised_pnl, position.pnl) == (Decimal(50), NOTHING, Decimal(50))
    funds = await house.broker.funds(house.session)
    assert funds.cash == OPENING_CASH - 7800 - Decimal(funds.metadata["charges"])
    assert funds.available == funds.cash


async def test_the_numbers_that_the_port_gives_add_up(house: House) -> None:
    house.market("26000.00", of=replace(CALL, key=NIFTY))
    house.market("100.00", bids=(("99.95", 6500),), asks=(("100.00", 6500),), of=CALL)
    steps = [
        terms_of(SBIN, "BUY", 40),
        terms_of(SBIN, "SELL", 15),
        terms_of(SBIN, "BUY", 100, product=Product.MIS),
        terms_of(SBIN, "SELL", 130, product=Product.MIS),
        terms_of(CALL, "BUY", 130),
        terms_of(CALL, "SELL", 195),
        terms_of(SBIN, "BUY", 7, "770.00"),
    ]
    for number, terms in enumerate(steps):
        await house.broker.place(house.session, terms, tag=f"37300000000000{number}")
        funds = await house.broker.funds(house.session)
        positions = (await house.broker.positions(house.session)).items
        paid = NOTHING
        for position in positions:
            assert position.pnl is not None
            assert position.realised_pnl is not None
            assert position.unrealised_pnl is not None
            assert position.last_price is not None
            assert position.pnl == position.realised_pnl + position.unrealised_pnl
            if position.product is not Product.MIS:
                paid += position.quantity * position.last_price - position.unrealised_pnl
        assert funds.available is not None
        assert funds.utilised is not None
        realised = sum((position.realised_pnl or NOTHING for position in positions), NOTHING)
        assert realised == funds.realised_pnl
        charges = Decimal(funds.metadata["charges"])
        assert OPENING_CASH + realised - charges == funds.available + funds.utilised + paid


async def test_a_rejected_order_raises_and_stands_in_the_book(house: House) -> None:
    error = await refused(house, terms_of(SBIN, "BUY", 10_000, "780.00"), tag="373000000000001")
    assert error.code is ErrorCode.INSUFFICIENT_FUNDS
    assert "Nothing was traded" in error.message
    (row,) = (await house.broker.orders(house.session)).items
    assert (row.tag, row.status, row.filled_quantity) == ("373000000000001", OrderStatus.REJECTED, 0)
    assert row.message == error.native_error
    assert (await house.broker.funds(house.session)).available == OPENING_CASH


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (terms_of(SBIN, "SELL", 1, "790.00"), ErrorCode.INSUFFICIENT_HOLDINGS),
        (terms_of(SBIN, "BUY", 1, "999.00"), ErrorCode.INVALID_ORDER),
        (terms_of(SBIN, "BUY", 1, "780.01"), ErrorCode.INVALID_ORDER),
        (terms_of(CALL, "BUY", 64, "100.00"), ErrorCode.INVALID_ORDER),
        (terms_of(CALL, "BUY", 65), ErrorCode.ORDER_REJECTED),
        (replace(terms_of(SBIN, "BUY", 1), instrument=InstrumentKey.parse("NSE:NOBODY")), ErrorCode.INVALID_INSTRUMENT),
        (
            replace(terms_of(CALL, "BUY", 65), instrument=InstrumentKey.parse("NFO:NIFTY:20261117:26000:CE")),
            ErrorCode.INVALID_INSTRUMENT,
        ),
    ],
)
async def test_every_rejection_has_its_code(house: House, terms: OrderTerms, code: ErrorCode) -> None:
    error = await refused(house, terms)
    assert error.code is code
    (row,) = (await house.broker.orders(house.session)).items
    assert row.status is OrderStatus.REJECTED


async def test_an_expired_contract_is_refused(house: House) -> None:
    house.clock.step(timedelta(days=9))
    house.session = house.session_of("DEMO")
    house.market("100.00", asks=(("100.00", 650),), of=CALL)
    error = await refused(house, terms_of(CALL, "BUY", 65))
    assert (error.code, "expired" in error.message) == (ErrorCode.INVALID_INSTRUMENT, True)


async def test_a_tag_stands_in_the_book_once(house: House) -> None:
    await house.broker.place(house.session, terms_of(SBIN, "BUY", 1), tag="373000000000001")
    error = await refused(house, terms_of(SBIN, "BUY", 1), tag="373000000000001")
    assert error.code is ErrorCode.ORDER_REJECTED
    assert len((await house.broker.orders(house.session)).items) == 1
    assert len((await house.broker.trades(house.session)).items) == 1


@pytest.mark.parametrize(
    "terms",
    [
        replace(terms_of(SBIN, "BUY", 10), after_market=True),
        replace(terms_of(SBIN, "BUY", 10), disclosed_quantity=5),
        replace(terms_of(SBIN, "BUY", 10), product=Product.MTF),
        replace(terms_of(CALL, "BUY", 65), instrument=InstrumentKey.parse("MCX:CRUDEOIL:20261216:FUT")),
    ],
)
async def test_what_is_not_offered_is_unsupported_and_leaves_no_trace(house: House, terms: OrderTerms) -> None:
    with pytest.raises(Unsupported):
        await house.broker.place(house.session, terms, tag="373000000000001")
    assert await house.entries() == 0


async def test_an_order_is_modified_and_cancelled(house: House) -> None:
    terms = terms_of(SBIN, "BUY", 10, "770.00")
    number = (await house.broker.place(house.session, terms, tag="373000000000001")).broker_order_id
    changed = await house.broker.modify(house.session, number, terms_of(SBIN, "BUY", 5, "771.00"))
    assert changed.row is not None
    assert (changed.row.quantity, changed.row.price) == (5, Decimal("771.00"))
    before = await house.entries()
    again = await house.broker.modify(house.session, number, terms_of(SBIN, "BUY", 5, "771.00"))
    assert again == changed
    assert await house.entries() == before
    cancelled = await house.broker.cancel(house.session, number)
    assert cancelled.row is not None
    assert cancelled.row.status is OrderStatus.CANCELLED
    for attempt in (
        house.broker.cancel(house.session, number),
        house.broker.modify(house.session, number, terms),
        house.broker.modify(house.session, number, terms_of(SBIN, "BUY", 5, "771.00")),
    ):
        with pytest.raises(Refused) as refusal:
            await attempt
        assert refusal.value.code is ErrorCode.ORDER_NOT_MODIFIABLE


async def test_an_order_of_another_account_is_not_found(house: House) -> None:
    terms = terms_of(SBIN, "BUY", 10, "770.00")
    number = (await house.broker.place(house.session, terms, tag="373000000000001")).broker_order_id
    stranger = house.session_of("OTHER")
    for attempt in (
        house.broker.cancel(stranger, number),
        house.broker.modify(stranger, number, terms),
        house.broker.cancel(house.session, "no-such-order"),
    ):
        with pytest.raises(Refused) as refusal:
            await attempt
        assert refusal.value.code is ErrorCode.ORDER_NOT_FOUND
    assert (await house.broker.orders(stranger)).items == ()


async def test_what_an_order_is_about_can_not_be_modified(house: House) -> None:
    terms = terms_of(SBIN, "BUY", 10, "770.00")
    number = (await house.broker.place(house.session, terms, tag="373000000000001")).broker_order_id
    for other in (
        replace(terms, side=Side.SELL),
        replace(terms, product=Product.MIS),
        replace(terms, instrument=InstrumentKey.parse("NSE:TCS")),
    ):
        with pytest.raises(Invalid) as error:
            await house.broker.modify(house.session, number, other)
        assert error.value.code is ErrorCode.INVALID_ORDER


async def test_the_market_that_passed_between_two_calls_is_made_up_for(house: House) -> None:
    limit = terms_of(SBIN, "BUY", 10, "775.00")
    stop = terms_of(SBIN, "SELL", 5, "760.00", trigger="770.00", product=Product.MIS)
    await house.broker.place(house.session, limit, tag="373000000000001")
    await house.broker.place(house.session, stop, tag="373000000000002")
    for seconds, last in enumerate(("776.00", "774.00", "771.00", "769.00", "790.00"), start=1):
        house.clock.step(timedelta(seconds=seconds))
        price = Decimal(last)
        house.market(last, bids=((str(price - 1), 8),), asks=((str(price + 1), 8),))
    first, second = (await house.broker.orders(house.session)).items
    assert (first.status, first.average_price) == (OrderStatus.FILLED, Decimal("775.00"))
    assert (second.status, second.average_price) == (OrderStatus.FILLED, Decimal("768.00"))
    times = [trade.traded_at - MONDAY_MORNING for trade in (await house.broker.trades(house.session)).items]
    # Eight are offered at 775.00 when the last price is 774.00; the rest comes with the next move, then the stop fires.
    assert times == [timedelta(seconds=3), timedelta(seconds=6), timedelta(seconds=10)]
    before = await house.entries()
    house.clock.step(timedelta(hours=1))
    assert (await house.broker.orders(house.session)).items == (first, second)
    assert await house.entries() == before


async def test_a_wall_clock_that_is_set_back_does_not_turn_back_the_exchange(house: House) -> None:
    terms = terms_of(SBIN, "BUY", 10, "775.00")
    await house.broker.place(house.session, terms, tag="373000000000001")
    house.clock.step(timedelta(minutes=-10))
    answer = await house.broker.place(house.session, terms_of(SBIN, "BUY", 1, "800.00"), tag="373000000000002")
    assert answer.row is not None
    assert answer.row.status is OrderStatus.FILLED
    assert answer.row.placed_at == MONDAY_MORNING


async def test_midnight_is_made_up_for_too(house: House) -> None:
    await house.broker.place(house.session, terms_of(SBIN, "BUY", 10), tag="373000000000001")
    await house.broker.place(house.session, terms_of(SBIN, "BUY", 10, "770.00"), tag="373000000000002")
    mis = terms_of(SBIN, "BUY", 7, product=Product.MIS)
    await house.broker.place(house.session, mis, tag="373000000000003")
    house.clock.step(timedelta(hours=10))
    house.market("781.00")
    house.clock.step(timedelta(hours=10))
    house.market("900.00", asks=(("760.00", 1000),))
    house.session = house.session_of("DEMO")
    (held,) = (await house.broker.holdings(house.session)).items
    assert (held.quantity, held.t1_quantity, held.average_price) == (10, 10, Decimal(780))
    assert (held.last_price, held.pnl, held.isin) == (Decimal(900), Decimal(1200), "INE062A01020")
    expired, squared = (await house.broker.orders(house.session)).items
    assert (expired.tag, expired.status) == ("373000000000002", OrderStatus.EXPIRED)
    assert (squared.tag, squared.status, squared.average_price) == (None, OrderStatus.FILLED, Decimal("781.00"))
    (position,) = (await house.broker.positions(house.session)).items
    assert (position.product, position.quantity, position.realised_pnl) == (Product.MIS, 0, Decimal(7))
    house.clock.step(timedelta(days=400))
    house.session = house.session_of("DEMO")
    before = await house.entries()
    (held,) = (await house.broker.holdings(house.session)).items
    assert (held.quantity, held.t1_quantity) == (10, 0)
    assert (await house.broker.orders(house.session)).items == ()
    assert await house.entries() == before + 1


async def test_a_sale_from_holdings_shows_what_is_left(house: House) -> None:
    await house.broker.place(house.session, terms_of(SBIN, "BUY", 10), tag="373000000000001")
    house.clock.step(timedelta(days=1))
    house.session = house.session_of("DEMO")
    house.normal()
    await house.broker.place(house.session, terms_of(SBIN, "SELL", 4), tag="373000000000002")
    (held,) = (await house.broker.holdings(house.session)).items
    assert (held.quantity, held.metadata["unsold_quantity"]) == (10, "6")
    (position,) = (await house.broker.positions(house.session)).items
    assert position.quantity == -4
    await house.broker.place(house.session, terms_of(SBIN, "BUY", 9), tag="373000000000003")
    (held,) = (await house.broker.holdings(house.session)).items
    assert held.metadata["unsold_quantity"] == "10"


async def test_without_a_price_positions_and_holdings_have_no_profit(house: House) -> None:
    await house.broker.place(house.session, terms_of(SBIN, "BUY", 10), tag="373000000000001")
    house.prices = MemoryPrices()
    blind = house.another()
    (position,) = (await blind.positions(house.session)).items
    assert (position.last_price, position.pnl, position.realised_pnl) == (None, None, NOTHING)
    house.clock.step(timedelta(days=1))
    house.session = house.session_of("DEMO")
    (held,) = (await blind.holdings(house.session)).items
    assert (held.last_price, held.pnl) == (None, None)


async def test_a_contract_settles_at_its_indexs_last_level(house: House) -> None:
    house.clock.step(timedelta(days=8))
    house.session = house.session_of("DEMO")
    house.market("100.00", bids=(("100.00", 6500),), asks=(("100.05", 6500),), of=CALL)
    index = replace(CALL, key=NIFTY)
    house.market("26100.00", of=index)
    await house.broker.place(house.session, terms_of(CALL, "BUY", 65), tag="373000000000001")
    before = (await house.broker.funds(house.session)).cash
    assert before is not None
    house.clock.step(timedelta(hours=2))
    house.market("26120.50", of=index)
    house.clock.step(timedelta(days=1))
    house.session = house.session_of("DEMO")
    (settled,) = (await house.broker.orders(house.session)).items
    assert (settled.message, settled.average_price) == ("settled at expiry", Decimal("120.50"))
    after = (await house.broker.funds(house.session)).cash
    assert after == before + Decimal("120.50") * 65 - Decimal("11.75")


async def test_a_contract_without_an_index_settles_at_its_own_last_price(house: House) -> None:
    house.clock.step(timedelta(days=8))
    house.session = house.session_of("DEMO")
    house.market("100.00", bids=(("100.00", 6500),), asks=(("100.05", 6500),), of=CALL)
    await house.broker.place(house.session, terms_of(CALL, "BUY", 65), tag="373000000000001")
    house.clock.step(timedelta(hours=1))
    house.market("95.00", of=CALL)
    house.clock.step(timedelta(days=1))
    house.session = house.session_of("DEMO")
    (settled,) = (await house.broker.orders(house.session)).items
    assert settled.average_price == Decimal("95.00")


async def test_quotes_tell_the_price_and_the_best_levels(house: House) -> None:
    house.market("26000.00", of=replace(CALL, key=NIFTY))
    index, share = await house.broker.quotes(house.session, (NIFTY, SBIN.key))
    assert (index.instrument, index.last_price, index.extended) == (NIFTY, Decimal("26000.00"), {})
    assert (share.instrument_token, share.timestamp) == (SBIN.key, MONDAY_MORNING)
    assert share.extended == {
        "bid": "779.50",
        "bid_quantity": "1000",
        "ask": "780.00",
        "ask_quantity": "1000",
        "total_bid_quantity": "1000",
        "total_ask_quantity": "1000",
    }
    assert await house.entries() == 0


async def test_quotes_come_all_or_not_at_all(house: House) -> None:
    with pytest.raises(Refused) as refusal:
        await house.broker.quotes(house.session, (SBIN.key, InstrumentKey.parse("NSE:NOBODY")))
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT
    with pytest.raises(Unavailable):
        await house.broker.quotes(house.session, (SBIN.key, CALL.key))


async def test_a_session_that_has_ended_or_is_another_brokers_does_nothing(house: House) -> None:
    house.clock.step(timedelta(days=1))
    for attempt in (
        house.broker.place(house.session, terms_of(SBIN, "BUY", 1), tag="373000000000001"),
        house.broker.orders(house.session),
        house.broker.quotes(house.session, (SBIN.key,)),
    ):
        with pytest.raises(Refused) as refusal:
            await attempt
        assert refusal.value.code is ErrorCode.INVALID_SESSION
    with pytest.raises(Invalid) as error:
        await house.broker.funds(house.session_of("DEMO", adapter_id="fyers"))
    assert error.value.code is ErrorCode.UNKNOWN_ACCOUNT
    assert await house.entries() == 0


@pytest.mark.parametrize("call", ["read", "append"])
async def test_a_write_that_the_journal_does_not_take_was_not_sent(house: House, call: str) -> None:
    await house.broker.funds(house.session)
    house.journal.failures[call] = 1
    with pytest.raises(NotSent) as error:
        await house.broker.place(house.session, terms_of(SBIN, "BUY", 1), tag="373000000000001")
    assert error.value.code is ErrorCode.STORE_UNAVAILABLE
    assert "not placed" in error.value.message
    assert (await house.broker.orders(house.session)).items == ()
    answer = await house.broker.place(house.session, terms_of(SBIN, "BUY", 1), tag="373000000000001")
    house.journal.failures[call] = 2
    for attempt in (
        house.broker.cancel(house.session, answer.broker_order_id),
        house.broker.modify(house.session, answer.broker_order_id, terms_of(SBIN, "BUY", 2)),
    ):
        with pytest.raises((NotSent, Refused)):
            await attempt


async def test_a_read_that_the_journal_does_not_serve_raises(house: House) -> None:
    for read in (
        house.broker.orders,
        house.broker.trades,
        house.broker.funds,
        house.broker.positions,
        house.broker.holdings,
    ):
        house.journal.failures["read"] = 1
        with pytest.raises(Unavailable) as error:
            await read(house.session)
        assert not isinstance(error.value, NotSent)


async def test_a_checkpoint_that_fails_does_not_fail_the_order(house: House) -> None:
    house.broker = house.another(checkpoint_every=1)
    house.journal.failures["save_checkpoint"] = 100
    answer = await house.broker.place(house.session, terms_of(SBIN, "BUY", 1), tag="373000000000001")
    assert answer.row is not None
    assert await house.journal.checkpoint(STREAM) is None


async def test_the_login_asks_for_nothing_and_its_session_ends_at_three_in_the_morning() -> None:
    clock = VirtualClock()
    login = PaperLogin(clock=clock)
    session = await login.begin(DEMO)
    assert isinstance(session, Session)
    assert session.account == DEMO
    assert session.issued_at == MONDAY_MORNING
    assert session.expires_at.isoformat() == "2026-11-24T03:00:00+05:30"
    assert session.state(session.expires_at) is SessionState.EXPIRED
    other = await login.begin(DEMO)
    assert isinstance(other, Session)
    assert other.access_token != session.access_token
    await login.end(session)
    challenge = LoginChallenge(account=DEMO, challenge_id="C", kind=ChallengeKind.NONE, expires_at=MONDAY_MORNING)
    with pytest.raises(Refused):
        await login.answer(challenge, LoginAnswer(challenge_id="C"))


async def test_validity_and_protection_reach_the_exchange(house: House) -> None:
    house.market("779.75", asks=(("780.00", 4),))
    terms = terms_of(SBIN, "BUY", 10, validity=Validity.IOC, protection=Decimal(1))
    answer = await house.broker.place(house.session, terms, tag="373000000000001")
    assert answer.row is not None
    assert (answer.row.status, answer.row.filled_quantity) == (OrderStatus.CANCELLED, 4)
    assert answer.row.metadata["worst_price"] == "787.55"
