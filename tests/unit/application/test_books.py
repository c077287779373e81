"""What a look for one order leaves out must change nothing of what Ordo learns and tells."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.application.books import Books
from ordo.application.context import Context
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Invalid, OutcomeUnknown, Unavailable
from ordo.domain.matching import Look
from ordo.domain.orders import Order, OrderStatus
from ordo.domain.tokens import Grant, Scope
from tests.support.broker import Mishap, ScriptedBroker, lost
from tests.support.clock import quiet
from tests.support.house import House, Services, order_in
from tests.support.orders import ACCOUNT, BUY_TEN, OTHER
from tests.support.stores import fail

ASKED = Context(correlation_id="asked")


class WholeBooks(Books):
    """Compares every book that it reads with all of the day's placements."""

    async def look(self, account: Account, context: Context) -> Look:
        return await self.read(account, context)


class WholeServices(Services):
    books_of: type[Books] = WholeBooks


class WholeHouse(House):
    services: type[Services] = WholeServices


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["place", "lose", "external", "namesake", "foreign", "fill", "hide", "show", "end", "day", "wait"]
        ),
        st.integers(0, 5),
    ),
    max_size=14,
)


@settings(max_examples=80, deadline=None)
@given(events=EVENTS, shows_tags=st.booleans())
def test_it_learns_and_tells_what_a_comparison_with_the_whole_day_does(
    events: list[tuple[str, int]], *, shows_tags: bool
) -> None:
    house, whole = House(), WholeHouse()
    house.broker.shows_tags = whole.broker.shows_tags = shows_tags
    assert asyncio.run(_lived(house, events)) == asyncio.run(_lived(whole, events))


async def _lived(house: House, events: list[tuple[str, int]]) -> list[object]:
    await house.log_in()
    orders: list[str] = []
    told: list[object] = []
    for what, number in events:
        house.clock.step(timedelta(seconds=3))
        await _happen(house, what, number, orders)
        told += [await _known(house, order_id) for order_id in orders[-3:]]
        told.append(house.now.books.echoes(ACCOUNT))
        told.append([(event.kind, event.order_id, event.facts, event.at) for event in house.audit.events])
    return told


async def _happen(house: House, what: str, number: int, orders: list[str]) -> None:
    if what in ("place", "lose"):
        if what == "lose":
            house.broker.next("place", Mishap(after=lost()))
            house.broker.next("orders", Mishap(before=lost()))
        try:
            orders.append((await house.place(f"k{len(orders)}")).order_id)
        except OutcomeUnknown as error:
            orders.append(order_in(error).order_id)
        except (Unavailable, Invalid):
            return
        finally:  # An order that went no further than Ordo has met none of them.
            house.broker.mishaps["place"].clear()
            house.broker.mishaps["orders"].clear()
    elif what == "day":
        house.clock.step(timedelta(days=1))
        await house.log_in()
    elif what in ("external", "foreign", "namesake"):
        namesake = orders[number % len(orders)] if orders else None
        house.broker.external(BUY_TEN, tag={"external": None, "foreign": "375000000000007", "namesake": namesake}[what])
    elif house.broker.book:
        rows = list(house.broker.book)
        _change(house.broker, what, rows[number % len(rows)])


def _change(broker: ScriptedBroker, what: str, row: str) -> None:
    if what == "hide":
        broker.hidden.add(row)
    elif what == "show":
        broker.hidden.discard(row)
    elif broker.book[row].status is OrderStatus.OPEN:
        if what == "fill":
            broker.fill(row, 10)
        else:
            broker.end(row, OrderStatus.CANCELLED)


async def _known(house: House, order_id: str) -> Order | ErrorCode:
    try:
        return await house.clock.finish(house.now.orders.get(ACCOUNT, order_id, ASKED))
    except Invalid as error:
        return error.code


async def test_a_book_that_was_explained_is_not_compared_with_the_day_again(house: House) -> None:
    order = await house.place()
    house.broker.external(BUY_TEN)
    await house.now.orders.get(ACCOUNT, order.order_id)
    house.now.store.before["placements"] = fail
    house.broker.fill("B1", 4)
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).filled_quantity == 4
    house.broker.external(BUY_TEN)
    with pytest.raises(Unavailable):
        await house.now.orders.get(ACCOUNT, order.order_id)
    del house.now.store.before["placements"]
    await house.now.orders.get(ACCOUNT, order.order_id)
    strange = [event for event in house.audit.events if event.kind is AuditKind.ORDER_ANOMALY]
    assert [event.facts["broker_order_id"] for event in strange] == ["B2", "B3"]


async def test_a_row_that_might_be_ours_is_looked_at_again_until_it_is_known(house: House) -> None:
    known = await house.place()
    house.broker.next("place", Mishap(after=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place("k2")
    house.broker.unreadable = None
    lost_id = order_in(failure.value).order_id
    house.broker.external(BUY_TEN, tag=lost_id)
    await house.now.orders.get(ACCOUNT, known.order_id)
    assert (await house.now.orders.get(ACCOUNT, lost_id)).broker_order_id == "B2"
    await house.now.orders.get(ACCOUNT, known.order_id)
    strange = [event.facts for event in house.audit.events if event.kind is AuditKind.ORDER_ANOMALY]
    assert [facts["broker_order_id"] for facts in strange] == ["B3"]


async def test_an_empty_book_is_not_compared_with_the_day(house: House) -> None:
    order = await house.place()
    house.broker.hidden.add("B1")
    await house.now.orders.get(ACCOUNT, order.order_id)
    house.now.store.before["placements"] = fail
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).status is OrderStatus.ACKNOWLEDGED


async def test_many_who_ask_for_orders_at_once_read_the_book_once(house: House) -> None:
    orders = [await house.place(f"k{number}") for number in range(3)]
    hold = asyncio.Event()
    house.broker.next("orders", Mishap(wait=hold))
    reads = house.broker.count("orders")
    asking = [asyncio.ensure_future(house.now.orders.get(ACCOUNT, orders[number % 3].order_id)) for number in range(9)]
    await quiet()
    hold.set()
    found = await asyncio.gather(*asking)
    assert [order.order_id for order in found] == [orders[number % 3].order_id for number in range(9)]
    assert house.broker.count("orders") == reads + 1


async def test_what_is_done_while_a_book_is_read_is_seen_by_who_asks_after_it(house: House) -> None:
    """A read that began before a fill was told must not answer who knows of the fill."""
    order = await house.place()
    hold = asyncio.Event()
    house.broker.next("orders", Mishap(wait_after=hold))
    early = asyncio.ensure_future(house.now.orders.get(ACCOUNT, order.order_id))
    await quiet()
    house.broker.fill("B1", 4)
    late = asyncio.ensure_future(house.now.orders.get(ACCOUNT, order.order_id))
    await quiet()
    hold.set()
    assert [(await early).filled_quantity, (await late).filled_quantity] == [0, 4]


async def test_who_may_not_read_an_account_is_given_nobodys_read(house: House) -> None:
    await house.place()
    hold = asyncio.Event()
    house.broker.next("orders", Mishap(wait=hold))
    house.broker.next("orders", Mishap(wait=hold))
    asking = [asyncio.ensure_future(read(ACCOUNT, ASKED)) for read in (house.now.books.look, house.now.books.read)]
    stranger = Context(
        grant=Grant(
            scopes=frozenset({Scope.READ}), accounts=frozenset({str(OTHER)}), adapters=frozenset({OTHER.adapter_id})
        )
    )
    await quiet()
    asking += [asyncio.ensure_future(read(ACCOUNT, stranger)) for read in (house.now.books.look, house.now.books.read)]
    await quiet()
    hold.set()
    look, read, *refused = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(look, Look)
    assert isinstance(read, Look)
    assert [isinstance(one, Invalid) and one.code for one in refused] == [ErrorCode.PERMISSION_DENIED] * 2


async def test_a_book_that_can_not_be_read_fails_everybody_who_waits(house: House) -> None:
    order = await house.place()
    hold = asyncio.Event()
    house.broker.next("orders", Mishap(wait=hold, before=lost()))
    asking = [asyncio.ensure_future(house.now.orders.get(ACCOUNT, order.order_id)) for _ in range(3)]
    await quiet()
    hold.set()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(end) for end in ends] == [type(lost())] * 3
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).status is OrderStatus.OPEN
