"""Several accounts at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ordo.application.brokers import BrokerLine, Brokers
from ordo.application.fanout import FanOut
from ordo.application.portfolio import PortfolioService
from ordo.application.reading import BrokerCalls
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from tests.support.broker import Mishap, ScriptedBroker
from tests.support.house import House
from tests.support.orders import ACCOUNT, OTHER

DEAD = Account(adapter_id="dead", account_id="D")


async def _fanout(house: House) -> tuple[FanOut, ScriptedBroker]:
    dead = ScriptedBroker(house.clock)
    lines = tuple(
        BrokerLine(adapter_id=name, kind="scripted", broker=broker, login=house.login)
        for name, broker in (("scripted", house.broker), ("dead", dead))
    )
    brokers = Brokers(lines)
    for account in (OTHER, DEAD):
        await house.log_in(account)
    house.now.sessions._brokers = brokers
    service = PortfolioService(BrokerCalls(brokers, house.now.sessions), house.now.cache, house.clock)
    return FanOut(service, house.clock, seconds=20), dead


async def test_a_broker_that_hangs_or_is_dead_costs_its_own_answer_only(house: House) -> None:
    fanout, dead = await _fanout(house)
    dead.next("funds", Mishap(wait=asyncio.Event()))
    asking = asyncio.ensure_future(fanout.portfolios((ACCOUNT, DEAD, OTHER)))
    await house.clock.advance(20)
    one, hung, other = await asking
    assert one.portfolio is not None
    assert other.portfolio is not None
    assert (one.error, other.error, hung.portfolio) == (None, None, None)
    assert hung.error is not None
    assert hung.error.code is ErrorCode.BROKER_TIMEOUT
    dead.unreadable = Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")
    one, failed = await fanout.portfolios((ACCOUNT, DEAD))
    assert one.portfolio is not None
    assert failed.error is dead.unreadable


async def test_an_account_that_nobody_serves_or_is_not_logged_in_is_a_failed_one(house: House) -> None:
    fanout, _ = await _fanout(house)
    await house.session_store.delete(OTHER)
    nobody = Account(adapter_id="nobody", account_id="X")
    legs = await fanout.portfolios((nobody, OTHER, ACCOUNT))
    assert [None if leg.error is None else leg.error.code for leg in legs] == [
        ErrorCode.UNKNOWN_ACCOUNT,
        ErrorCode.INVALID_SESSION,
        None,
    ]


@pytest.mark.parametrize(
    "accounts", [(), (ACCOUNT, ACCOUNT), tuple(Account(adapter_id="a", account_id=f"{n}") for n in range(51))]
)
async def test_each_account_is_asked_once_and_not_too_many(house: House, accounts: tuple[Account, ...]) -> None:
    fanout, _ = await _fanout(house)
    with pytest.raises(Invalid) as refusal:
        await fanout.portfolios(accounts)
    assert refusal.value.code is ErrorCode.VALIDATION_ERROR
    assert house.clock.monotonic() == timedelta().total_seconds()
