"""A broker whose book shows no tags: a lost order is told by its terms, if nothing else can be meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.domain.audit import AuditKind
from ordo.domain.errors import OutcomeUnknown, Refused
from ordo.domain.idempotency import IntentState
from ordo.domain.orders import MatchedBy, OrderStatus, OrderType, Product, Side
from ordo.domain.protection import MarketOrders
from tests.support.broker import ALL, Mishap, lost, refused
from tests.support.house import House, order_in
from tests.support.orders import ACCOUNT, BUY_TEN

S = OrderStatus
UNTAGGED = replace(ALL, tag_echo=False)


@pytest.fixture(autouse=True)
def _untagged(house: House) -> None:
    house.broker.offers = UNTAGGED


async def _state(house: House, key: str = "k1") -> IntentState:
    intent = await house.intent(key)
    assert intent is not None
    return (await house.now.reconciler.look(intent)).state


async def _lose(house: House, *, accepted: bool) -> str:
    house.broker.next("place", Mishap(after=lost()) if accepted else Mishap(before=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    house.broker.unreadable = None
    return order_in(failure.value).order_id


async def test_the_only_row_that_it_can_be_is_taken_for_it_and_called_so(house: House) -> None:
    house.broker.next("place", Mishap(after=lost()))
    order = await house.place()
    assert (order.broker_order_id, order.matched_by) == ("B1", MatchedBy.FINGERPRINT)
    house.broker.fill("B1", 10)
    after = await house.now.orders.get(ACCOUNT, order.order_id)
    assert (after.status, after.matched_by) == (S.FILLED, MatchedBy.FINGERPRINT)
    assert len((await house.now.orders.list(ACCOUNT)).items) == 1


async def test_a_market_order_that_went_out_as_a_limit_is_found_by_that_limit(house: House) -> None:
    house.broker.offers = replace(UNTAGGED, market_orders=MarketOrders.GATEWAY)
    market = replace(BUY_TEN, order_type=OrderType.MARKET, price=None)
    house.broker.next("place", Mishap(after=lost()))
    order = await house.place("k1", market)
    assert (order.broker_order_id, order.matched_by) == ("B1", MatchedBy.FINGERPRINT)
    assert (order.order_type, order.sent_type, order.sent_price) == (OrderType.MARKET, OrderType.LIMIT, Decimal(804))


async def test_a_market_order_that_went_out_as_a_limit_is_not_a_row_with_another(house: House) -> None:
    house.broker.offers = replace(UNTAGGED, market_orders=MarketOrders.GATEWAY)
    market = replace(BUY_TEN, order_type=OrderType.MARKET, price=None)
    house.broker.next("place", Mishap(before=lost()))
    house.broker.external(replace(BUY_TEN, price=Decimal("804.05")))
    house.broker.external(replace(BUY_TEN, price=Decimal(803)))
    with pytest.raises(OutcomeUnknown):
        await house.place("k1", market)
    await house.clock.advance(61)
    assert await _state(house) is IntentState.UNKNOWN


async def test_two_rows_that_it_can_be_are_left_to_an_operator(house: House) -> None:
    order_id = await _lose(house, accepted=True)
    house.broker.external(BUY_TEN)
    for _ in range(3):
        await house.clock.advance(61)
        assert await _state(house) is IntentState.UNKNOWN
    assert (await house.kept(order_id)).status is S.UNKNOWN


async def test_absence_is_never_proven(house: House) -> None:
    await _lose(house, accepted=False)
    for _ in range(3):
        await house.clock.advance(61)
        assert await _state(house) is IntentState.UNKNOWN


@pytest.mark.parametrize(
    "facts",
    [
        {"quantity": 11},
        {"side": Side.SELL},
        {"price": Decimal(801)},
        {"product": Product.MIS},
        {"order_type": OrderType.MARKET, "price": None},
        {"tag": "375000000000007"},
        {"foreign_product": "ENCASH"},
    ],
)
async def test_a_row_with_other_terms_is_not_it(house: House, facts: dict[str, object]) -> None:
    await _lose(house, accepted=False)
    house.broker.external(BUY_TEN, **facts)
    assert await _state(house) is IntentState.UNKNOWN


@pytest.mark.parametrize(("seconds", "fits"), [(-6, False), (-5, True), (70, True), (71, False)])
async def test_a_row_of_another_time_is_not_it(house: House, seconds: int, *, fits: bool) -> None:
    began = house.clock.now()
    await _lose(house, accepted=False)
    house.broker.external(BUY_TEN, placed_at=began + timedelta(seconds=seconds))
    assert (await _state(house) is IntentState.DONE) is fits


async def test_a_row_that_another_order_of_ours_claims_is_not_it(house: House) -> None:
    await house.place("other")
    await _lose(house, accepted=False)
    assert await _state(house) is IntentState.UNKNOWN


async def test_a_row_that_may_be_a_refused_order_of_ours_is_not_it(house: House) -> None:
    """The broker refused one order, yet lists it as rejected: the lost one must not be taken for that."""
    house.broker.next("place", Mishap(before=refused()))
    with pytest.raises(Refused):
        await house.place("other")
    house.broker.external(BUY_TEN, status=S.REJECTED)
    await _lose(house, accepted=False)
    assert await _state(house) is IntentState.UNKNOWN


async def test_rows_that_show_tags_teach_that_the_account_has_them(house: House) -> None:
    house.broker.shows_tags = True
    assert not house.now.books.echoes(ACCOUNT)
    await house.place("other")
    await house.now.orders.list(ACCOUNT)
    assert house.now.books.echoes(ACCOUNT)
    await _lose(house, accepted=False)
    house.broker.external(BUY_TEN)
    assert await _state(house) is IntentState.UNKNOWN
    await house.clock.advance(60)
    assert await _state(house) is IntentState.FAILED


async def test_rows_without_the_tags_that_were_promised_prove_no_absence(house: House) -> None:
    house.broker.offers, house.broker.shows_tags = ALL, False
    await house.place("other")
    order_id = await _lose(house, accepted=True)
    house.broker.hidden.add("B2")
    for _ in range(3):
        await house.clock.advance(61)
        assert await _state(house) is IntentState.UNKNOWN
    assert not house.now.books.echoes(ACCOUNT)
    house.broker.hidden.clear()
    assert await _state(house) is IntentState.DONE
    found = await house.kept(order_id)
    assert (found.broker_order_id, found.matched_by) == ("B2", MatchedBy.FINGERPRINT)


async def test_a_promise_of_tags_alone_proves_no_absence_beside_a_row_that_it_can_be(house: House) -> None:
    house.broker.offers, house.broker.shows_tags = ALL, False
    await _lose(house, accepted=True)
    for _ in range(3):
        await house.clock.advance(61)
        assert await _state(house) is IntentState.UNKNOWN


async def test_an_order_on_its_way_is_not_reported_as_anothers(house: House) -> None:
    await _lose(house, accepted=True)
    house.broker.unreadable = None
    await house.now.orders.list(ACCOUNT)
    assert AuditKind.ORDER_ANOMALY not in house.audit.kinds()
