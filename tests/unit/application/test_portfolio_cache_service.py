"""A portfolio that is remembered for seconds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.application.portfolio import PortfolioService
from ordo.domain.errors import ErrorCode, OrdoError, Unavailable
from ordo.domain.orders import ModifyOrder
from tests.support.broker import Mishap, refused
from tests.support.clock import quiet
from tests.support.house import House
from tests.support.orders import ACCOUNT
from tests.support.positions import position

TTL = timedelta(seconds=2)


@pytest.fixture
async def house() -> House:
    house = House()
    house.careful = True
    house.start()
    await house.log_in()
    return house


def portfolios(house: House, ttl: timedelta = TTL) -> PortfolioService:
    return PortfolioService(house.now.calls, house.now.cache, house.clock, ttl=ttl)


async def test_it_is_off_unless_it_is_set(house: House) -> None:
    service = portfolios(house, timedelta())
    for _ in range(3):
        await service.portfolio(ACCOUNT)
    assert house.broker.count("funds") == 3


async def test_within_its_time_nobody_asks_the_broker_and_as_of_stays(house: House) -> None:
    service = portfolios(house)
    first = await service.portfolio(ACCOUNT)
    assert service.age(first) == 0
    await house.clock.advance(1.5)
    again = await service.portfolio(ACCOUNT)
    assert again == first
    assert service.age(again) == 2
    assert house.broker.count("funds") == 1
    await house.clock.advance(0.5)
    assert (await service.portfolio(ACCOUNT)).as_of == first.as_of + TTL
    assert house.broker.count("funds") == 2


async def test_many_at_once_share_one_read(house: House) -> None:
    service, wait = portfolios(house), asyncio.Event()
    house.broker.next("positions", Mishap(wait=wait))
    asking = [asyncio.ensure_future(service.portfolio(ACCOUNT)) for _ in range(50)]
    await quiet()
    wait.set()
    assert len(set(map(id, await asyncio.gather(*asking)))) == 1
    assert house.broker.count("funds") == 1


async def test_a_failure_is_told_to_all_who_waited_and_never_remembered(house: House) -> None:
    service, wait = portfolios(house), asyncio.Event()
    house.broker.next("positions", Mishap(wait=wait, before=refused(ErrorCode.PERMISSION_DENIED)))
    asking = [asyncio.ensure_future(service.portfolio(ACCOUNT)) for _ in range(5)]
    await quiet()
    wait.set()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(end, OrdoError) and end.code is ErrorCode.PERMISSION_DENIED for end in ends)
    assert (await service.portfolio(ACCOUNT)).positions == ()


async def test_a_failure_after_success_is_no_old_portfolio(house: House) -> None:
    service = portfolios(house)
    await service.portfolio(ACCOUNT)
    await house.clock.advance(2)
    house.broker.unreadable = Unavailable(ErrorCode.PERMISSION_DENIED, "no")
    with pytest.raises(Unavailable):
        await house.clock.finish(service.portfolio(ACCOUNT))


async def test_every_write_through_ordo_forgets_it(house: House) -> None:
    service = portfolios(house)
    await service.portfolio(ACCOUNT)
    order = await house.place("k1")
    await service.portfolio(ACCOUNT)
    assert house.broker.count("funds") == 2
    await house.now.orders.modify(ACCOUNT, order.order_id, ModifyOrder(quantity=20), key="m")
    await service.portfolio(ACCOUNT)
    assert house.broker.count("funds") == 3
    await house.now.orders.cancel(ACCOUNT, order.order_id, key="c")
    await service.portfolio(ACCOUNT)
    assert house.broker.count("funds") == 4


async def test_what_was_read_before_a_write_is_no_answer_to_those_who_ask_after_it(house: House) -> None:
    service, wait = portfolios(house), asyncio.Event()
    house.broker.next("holdings", Mishap(wait=wait))
    early = asyncio.ensure_future(service.portfolio(ACCOUNT))
    await quiet()
    await house.place("k1")
    house.broker.held = (position(10),)
    late = asyncio.ensure_future(service.portfolio(ACCOUNT))
    await quiet()
    wait.set()
    assert (await early).positions == ()
    assert (await late).positions == house.broker.held


async def test_a_caller_that_gives_up_leaves_the_read_to_the_others(house: House) -> None:
    service, wait = portfolios(house), asyncio.Event()
    house.broker.next("funds", Mishap(wait=wait))
    first, second = (asyncio.ensure_future(service.portfolio(ACCOUNT)) for _ in range(2))
    await quiet()
    first.cancel()
    await quiet()
    wait.set()
    assert (await second).cash_balance == Decimal(1000)
    assert house.broker.count("funds") == 1


async def test_a_read_that_is_cut_off_is_begun_again_by_those_who_wait(house: House) -> None:
    service = portfolios(house)
    house.broker.next("funds", Mishap(wait=asyncio.Event()))
    first, second = (asyncio.ensure_future(service.portfolio(ACCOUNT)) for _ in range(2))
    await quiet()
    service._flights[ACCOUNT].cancel()
    await quiet()
    assert first.cancelled()
    assert (await second).cash_balance == Decimal(1000)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_answer_is_ever_older_than_its_time(seed: int) -> None:
    asyncio.run(_ask(Random(seed)))


async def _ask(random: Random) -> None:
    house = House()
    house.careful = True
    house.start()
    await house.session_store.save(
        replace(house.login.session(ACCOUNT), expires_at=house.clock.now() + timedelta(days=9))
    )
    service = portfolios(house)
    truth: dict[int, float] = {0: house.clock.monotonic()}

    async def ask() -> None:
        asked, version = house.clock.monotonic(), max(truth)
        answer = await service.portfolio(ACCOUNT)
        seen = sum(one.quantity for one in answer.positions)
        # Whatever stood already this long before the question must show.
        oldest = max(number for number, since in truth.items() if since <= asked - TTL.total_seconds() or number == 0)
        assert seen >= oldest, (seen, version, truth)

    running = []
    for number in range(1, 30):
        running.append(asyncio.ensure_future(ask()))
        house.clock.step(timedelta(seconds=random.uniform(-3, 3)))
        await house.clock.advance(random.choice([0, 0.1, 0.7, 1.9, 2, 2.1]))
        house.broker.held = (position(number),)
        truth[number] = house.clock.monotonic()
    await asyncio.gather(*running)
