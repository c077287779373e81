"""Direct use: the same promises as over HTTP, and none of its weight."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from ordo import open_gateway
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import MatchedBy, OrderStatus, OrderType, PlaceOrder, Product, Side
from ordo.schemas.config.settings import AuditConfig, Settings

DEMO = Account.parse("paper/DEMO")
BUY = PlaceOrder(
    instrument=InstrumentKey.parse("NSE:SBIN"),
    side=Side.BUY,
    quantity=1,
    order_type=OrderType.LIMIT,
    product=Product.CNC,
    price=Decimal("800.00"),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database_url=f"sqlite+aiosqlite:///{tmp_path / 'ordo.db'}", audit=AuditConfig(dir=tmp_path / "audit")
    )


async def test_an_order_is_placed_replayed_and_remembered(settings: Settings) -> None:
    async with open_gateway(settings) as gateway:
        first = await gateway.orders.place(DEMO, BUY, key="k")
        again = await gateway.orders.place(DEMO, BUY, key="k")
        assert first.status is OrderStatus.FILLED
        assert first.matched_by is MatchedBy.ANSWER
        assert not first.replayed
        assert again.replayed
        assert again == first
    async with open_gateway(settings) as gateway:
        assert await gateway.orders.place(DEMO, BUY, key="k") == first
        assert [order.order_id for order in (await gateway.orders.list(DEMO)).items] == [first.order_id]
        (position,) = (await gateway.portfolio.portfolio(DEMO)).positions
        assert position.quantity == 1


async def test_the_same_key_for_another_order_is_refused(settings: Settings) -> None:
    async with open_gateway(settings) as gateway:
        await gateway.orders.place(DEMO, BUY, key="k")
        other = PlaceOrder(
            instrument=BUY.instrument, side=Side.BUY, quantity=1, order_type=OrderType.MARKET, product=Product.CNC
        )
        with pytest.raises(Invalid) as error:
            await gateway.orders.place(DEMO, other, key="k")
        assert error.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED


async def test_two_gateways_on_one_database_place_once(settings: Settings) -> None:
    async with open_gateway(settings) as one, open_gateway(settings) as two:
        first = await one.orders.place(DEMO, BUY, key="k")
        again = await two.orders.place(DEMO, BUY, key="k")
        assert again == first
        assert len((await two.orders.list(DEMO)).items) == 1


def _python(code: str, folder: Path) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout


def test_no_litestar_is_loaded(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from ordo import open_gateway\n"
        "async def main():\n"
        "    async with open_gateway() as gateway:\n"
        "        print((await gateway.status.status()).kill_switch.state)\n"
        "asyncio.run(main())\n"
        "print(sorted({'litestar', 'uvicorn', 'typer', 'httpx', 'httpx2'} & set(sys.modules)))\n"
    )
    assert _python(code, tmp_path).split("\n")[:2] == ["ACTIVE", "[]"]


def test_the_domain_loads_nothing_but_the_standard_library(tmp_path: Path) -> None:
    code = (
        "import sys, ordo.domain.orders, ordo.application.gateway\n"
        "print(sorted({'pydantic', 'sqlalchemy', 'structlog', 'litestar', 'dependency_injector'} & set(sys.modules)))"
    )
    assert _python(code, tmp_path).strip() == "[]"


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import ordo

    with pytest.raises(AttributeError, match="nonsense"):
        _ = ordo.nonsense
