"""Portfolios, quotes and lists that several callers ask for in the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest

from ordo.application.context import Context
from ordo.application.portfolio import PortfolioService, QuoteService
from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from ordo.domain.tokens import Grant, Scope
from tests.support.broker import Mishap
from tests.support.clock import quiet
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN, NIFTY, OTHER, SBIN
from tests.support.positions import position

STRANGER = Context(
    grant=Grant(
        scopes=frozenset({Scope.READ}), accounts=frozenset({str(OTHER)}), adapters=frozenset({OTHER.adapter_id})
    )
)


@dataclass(frozen=True)
class Question:
    """What is asked of Ordo, and of the broker."""

    ask: Callable[[Context], Awaitable[object]]
    read: str


@pytest.fixture(params=["portfolio", "funds", "positions", "holdings", "quotes", "orders"])
def question(house: House, request: pytest.FixtureRequest) -> Question:
    portfolios = PortfolioService(house.now.calls, house.now.cache, house.clock)
    quotes = QuoteService(house.now.calls, house.instruments, house.clock)
    questions = {
        "portfolio": Question(lambda context: portfolios.portfolio(ACCOUNT, context), "holdings"),
        "funds": Question(lambda context: portfolios.funds(ACCOUNT, context), "funds"),
        "positions": Question(lambda context: portfolios.positions(ACCOUNT, context), "positions"),
        "holdings": Question(lambda context: portfolios.holdings(ACCOUNT, context), "holdings"),
        "quotes": Question(lambda context: quotes.quotes(ACCOUNT, (SBIN,), context), "quotes"),
        "orders": Question(lambda context: house.now.orders.list(ACCOUNT, context), "orders"),
    }
    return questions[str(request.param)]


async def _asked(question: Question, times: int, context: Context | None = None) -> list[asyncio.Future[object]]:
    asking: list[asyncio.Future[object]] = [
        asyncio.ensure_future(question.ask(context or Context())) for _ in range(times)
    ]
    await quiet()
    return asking


async def test_those_who_ask_at_once_share_one_read_and_those_who_come_later_the_next(
    house: House, question: Question
) -> None:
    hold = asyncio.Event()
    house.broker.next(question.read, Mishap(wait=hold))
    early = await _asked(question, 5)
    late = await _asked(question, 5)
    assert house.broker.count(question.read) == 1
    hold.set()
    await asyncio.gather(*early, *late)
    assert house.broker.count(question.read) == 2
    await question.ask(Context())
    assert house.broker.count(question.read) == 3


async def test_a_failure_is_told_to_all_who_waited_and_is_no_emptiness(house: House, question: Question) -> None:
    hold = asyncio.Event()
    house.broker.next(question.read, Mishap(wait=hold, before=Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")))
    asking = await _asked(question, 3)
    hold.set()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert [isinstance(end, Unavailable) and end.code for end in ends] == [ErrorCode.BROKER_UNAVAILABLE] * 3
    await question.ask(Context())


async def test_a_caller_that_gives_up_leaves_the_read_to_the_others(house: House, question: Question) -> None:
    hold = asyncio.Event()
    house.broker.next(question.read, Mishap(wait=hold))
    first, second = await _asked(question, 2)
    first.cancel()
    await quiet()
    hold.set()
    await second
    assert first.cancelled()
    assert house.broker.count(question.read) == 1


async def test_who_may_not_ask_is_given_nobodys_answer(house: House, question: Question) -> None:
    hold = asyncio.Event()
    house.broker.next(question.read, Mishap(wait=hold))
    allowed = await _asked(question, 1)
    (refused,) = await _asked(question, 1, STRANGER)
    hold.set()
    await asyncio.gather(*allowed)
    with pytest.raises(Invalid) as refusal:
        await refused
    assert refusal.value.code is ErrorCode.PERMISSION_DENIED
    assert house.broker.count(question.read) == 1


async def test_a_portfolio_that_was_read_before_a_trade_is_not_given_to_who_asks_after_it(house: House) -> None:
    service, hold = PortfolioService(house.now.calls, house.now.cache, house.clock), asyncio.Event()
    house.broker.next("holdings", Mishap(wait=hold))
    early = asyncio.ensure_future(service.portfolio(ACCOUNT))
    await quiet()
    house.broker.held = (position(10),)
    late = asyncio.ensure_future(service.portfolio(ACCOUNT))
    await quiet()
    hold.set()
    assert [(await early).positions, (await late).positions] == [(), house.broker.held]


async def test_an_order_that_was_placed_while_a_list_was_read_is_in_the_list_of_who_asks_after_it(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("orders", Mishap(wait_after=hold))
    early = asyncio.ensure_future(house.now.orders.list(ACCOUNT))
    await quiet()
    order = await house.place("k1", BUY_TEN)
    late = asyncio.ensure_future(house.now.orders.list(ACCOUNT))
    await quiet()
    hold.set()
    await early
    (listed,) = (await late).items
    assert (listed.order_id, listed.broker_order_id) == (order.order_id, "B1")
    assert listed.status is house.broker.book["B1"].status


async def test_quotes_of_other_instruments_are_other_reads(house: House) -> None:
    quotes, hold = QuoteService(house.now.calls, house.instruments, house.clock), asyncio.Event()
    house.broker.next("quotes", Mishap(wait=hold))
    one = asyncio.ensure_future(quotes.quotes(ACCOUNT, (SBIN,)))
    await quiet()
    house.broker.last_price = Decimal(801)
    (other,) = await quotes.quotes(ACCOUNT, (NIFTY,))
    assert (other.instrument, other.last_price) == (NIFTY, Decimal(801))
    hold.set()
    assert [quote.instrument for quote in await one] == [SBIN]
