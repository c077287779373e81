"""Caches of portfolios: the laws of every implementation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import Product
from ordo.domain.portfolio import Holding, Portfolio, Position
from ordo.ports.cache import PortfolioCache
from tests.contract.discovery import harnesses
from tests.contract.guard_harness import CacheHarness, CacheUnderTest
from tests.contract.values import ACCOUNT, NOW, OTHER_ACCOUNT

CACHES = harnesses("caches")
TTL = timedelta(seconds=2)
SBIN = InstrumentKey.parse("NSE:SBIN")


@pytest.fixture(params=CACHES)
async def under_test(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CacheUnderTest]:
    async with cast("CacheHarness", CACHES[request.param]).opened(tmp_path) as under_test:
        yield under_test


@pytest.fixture
def cache(under_test: CacheUnderTest) -> PortfolioCache:
    return under_test.cache


def portfolio(cash: str = "1000.05") -> Portfolio:
    """One with every kind of value in it, what the broker did not say included."""
    return Portfolio(
        cash_balance=Decimal(cash),
        margin_available=None,
        positions=(
            Position.of_totals(
                instrument=InstrumentKey.parse("NFO:NIFTY:20261201:26000.5:CE"),
                product=Product.NRML,
                buy_quantity=65,
                buy_value=Decimal("6500.1234"),
                sell_quantity=0,
                sell_value=Decimal(0),
                last_price=Decimal("101.05"),
            ),
        ),
        holdings=(Holding(instrument=SBIN, quantity=10, average_price=Decimal("800.1234"), t1_quantity=0),),
        as_of=NOW,
        metadata={"ledger": "equity ₹"},
    )


async def _keep(cache: PortfolioCache, kept: Portfolio, ttl: timedelta = TTL) -> None:
    await cache.keep(ACCOUNT, kept, ticket=await cache.begin(ACCOUNT), ttl=ttl)


async def test_what_was_kept_is_given_back_as_it_was(cache: PortfolioCache) -> None:
    assert await cache.get(ACCOUNT) is None
    await _keep(cache, portfolio())
    assert await cache.get(ACCOUNT) == portfolio()
    assert await cache.get(OTHER_ACCOUNT) is None


async def test_the_latest_is_kept(cache: PortfolioCache) -> None:
    await _keep(cache, portfolio("1"))
    await _keep(cache, portfolio("2"))
    assert await cache.get(ACCOUNT) == portfolio("2")


async def test_it_is_gone_when_its_time_is_over(under_test: CacheUnderTest) -> None:
    await _keep(under_test.cache, portfolio())
    await under_test.pass_time(1)
    assert await under_test.cache.get(ACCOUNT) == portfolio()
    await under_test.pass_time(1)
    assert await under_test.cache.get(ACCOUNT) is None


async def test_its_time_began_with_the_read_and_not_with_its_end(under_test: CacheUnderTest) -> None:
    cache = under_test.cache
    ticket = await cache.begin(ACCOUNT)
    await under_test.pass_time(1)
    await cache.keep(ACCOUNT, portfolio(), ticket=ticket, ttl=TTL)
    await under_test.pass_time(1)
    assert await cache.get(ACCOUNT) is None
    ticket = await cache.begin(ACCOUNT)
    await under_test.pass_time(3)
    await cache.keep(ACCOUNT, portfolio(), ticket=ticket, ttl=TTL)
    assert await cache.get(ACCOUNT) is None


async def test_a_drop_forgets_one_account_at_once(cache: PortfolioCache) -> None:
    await _keep(cache, portfolio())
    await cache.keep(OTHER_ACCOUNT, portfolio("3"), ticket=await cache.begin(OTHER_ACCOUNT), ttl=TTL)
    await cache.drop(ACCOUNT)
    assert await cache.get(ACCOUNT) is None
    assert await cache.get(OTHER_ACCOUNT) == portfolio("3")
    await cache.drop(ACCOUNT)


async def test_a_read_that_begins_after_a_drop_does_not_let_an_earlier_one_be_kept(cache: PortfolioCache) -> None:
    earlier = await cache.begin(ACCOUNT)
    await cache.drop(ACCOUNT)
    later = await cache.begin(ACCOUNT)
    await cache.keep(ACCOUNT, portfolio("1"), ticket=earlier, ttl=TTL)
    assert await cache.get(ACCOUNT) is None
    await cache.keep(ACCOUNT, portfolio("2"), ticket=later, ttl=TTL)
    await cache.keep(ACCOUNT, portfolio("1"), ticket=earlier, ttl=TTL)
    assert await cache.get(ACCOUNT) == portfolio("2")


async def test_what_was_read_before_a_drop_is_never_kept_after_it(cache: PortfolioCache) -> None:
    ticket = await cache.begin(ACCOUNT)
    await cache.drop(ACCOUNT)
    await cache.keep(ACCOUNT, portfolio(), ticket=ticket, ttl=TTL)
    assert await cache.get(ACCOUNT) is None
    await _keep(cache, portfolio("2"))
    assert await cache.get(ACCOUNT) == portfolio("2")
