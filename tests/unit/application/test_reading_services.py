from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.application.brokers import BrokerLine, Brokers
from ordo.application.portfolio import PortfolioService, QuoteService
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from ordo.domain.instruments import InstrumentKey
from tests.support.house import House
from tests.support.orders import ACCOUNT, NIFTY, SBIN


def _portfolios(house: House) -> PortfolioService:
    return PortfolioService(house.now.calls, house.now.cache, house.clock)


async def test_a_portfolio_is_as_old_as_its_oldest_part(house: House) -> None:
    house.broker.ages = {
        "funds": timedelta(seconds=1),
        "positions": timedelta(seconds=3),
        "holdings": timedelta(seconds=2),
    }
    portfolio = await _portfolios(house).portfolio(ACCOUNT)
    assert portfolio.as_of == house.clock.now() - timedelta(seconds=3)
    assert (portfolio.cash_balance, portfolio.margin_available) == (Decimal(1000), Decimal(900))
    assert (portfolio.positions, portfolio.holdings, portfolio.metadata) == ((), (), {"ledger": "equity"})


@pytest.mark.parametrize("read", ["portfolio", "funds", "positions", "holdings"])
async def test_a_read_that_fails_is_no_empty_portfolio(house: House, read: str) -> None:
    house.broker.unreadable = Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")
    with pytest.raises(Unavailable):
        await getattr(_portfolios(house), read)(ACCOUNT)


async def test_a_read_without_a_session_says_so(house: House) -> None:
    await house.session_store.delete(ACCOUNT)
    with pytest.raises(Invalid) as refusal:
        await _portfolios(house).portfolio(ACCOUNT)
    assert refusal.value.code is ErrorCode.INVALID_SESSION
    assert house.broker.calls == []


async def test_quotes_come_in_the_order_asked_indices_included(house: House) -> None:
    quotes = await QuoteService(house.now.calls, house.instruments, house.clock).quotes(ACCOUNT, (SBIN, NIFTY, SBIN))
    assert [quote.instrument for quote in quotes] == [SBIN, NIFTY, SBIN]


async def test_a_quote_of_what_nobody_knows_is_refused_before_the_broker_is_asked(house: House) -> None:
    nobody = InstrumentKey.parse("NSE:NOBODY")
    with pytest.raises(Invalid) as refusal:
        await QuoteService(house.now.calls, house.instruments, house.clock).quotes(ACCOUNT, (SBIN, nobody))
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT
    assert [fault.seen for fault in refusal.value.fields] == ["NSE:NOBODY"]
    assert house.broker.calls == []


def test_an_account_is_served_by_its_line(house: House) -> None:
    one, two = (
        BrokerLine(adapter_id=name, kind="scripted", broker=house.broker, login=house.login) for name in ("a", "b")
    )
    brokers = Brokers((one, two))
    assert brokers.of(Account(adapter_id="b", account_id="X")) is two
    with pytest.raises(Invalid, match="there are a, b") as refusal:
        brokers.of(Account(adapter_id="c", account_id="X"))
    assert refusal.value.code is ErrorCode.UNKNOWN_ACCOUNT
