"""A paper account is its owner's: it outlives the process, and two processes may serve it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.adapters.paper.broker import PaperBroker
from ordo.adapters.paper.catalogue import load_catalogue, load_listings
from ordo.adapters.paper.login import PaperLogin
from ordo.adapters.paper.market import SeededMarket
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.journal import SqlJournal
from ordo.domain.accounts import Account
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Side
from ordo.domain.sessions import Session
from tests.support.clock import VirtualClock

SBIN = InstrumentKey.parse("NSE:SBIN")


@asynccontextmanager
async def process(folder: Path, clock: VirtualClock, *, checkpoint_every: int) -> AsyncIterator[PaperBroker]:
    database = Database(f"sqlite:///{folder / 'ordo.db'}")
    await database.open()
    try:
        yield PaperBroker(
            adapter_id="paper",
            journal=SqlJournal(database),
            prices=SeededMarket(load_listings(), seed="ordo"),
            instruments=MemoryInstruments(load_catalogue()),
            clock=clock,
            checkpoint_every=checkpoint_every,
        )
    finally:
        await database.close()


async def login(clock: VirtualClock) -> Session:
    session = await PaperLogin(clock=clock).begin(Account(adapter_id="paper", account_id="DEMO"))
    assert isinstance(session, Session)
    return session


def buy(limit: str) -> OrderTerms:
    return OrderTerms(
        instrument=SBIN,
        side=Side.BUY,
        quantity=1,
        order_type=OrderType.LIMIT,
        product=Product.CNC,
        price=Decimal(limit),
    )


async def everything(broker: PaperBroker, session: Session) -> list[object]:
    return [
        await broker.orders(session),
        await broker.trades(session),
        await broker.funds(session),
        await broker.positions(session),
        await broker.holdings(session),
    ]


async def test_a_paper_account_outlives_the_process(tmp_path: Path) -> None:
    clock = VirtualClock()
    session = await login(clock)
    async with process(tmp_path, clock, checkpoint_every=3) as broker:
        for number in range(5):
            await broker.place(session, buy("800.00" if number % 2 else "700.00"), tag=f"37300000000000{number}")
        before = await everything(broker, session)
    async with process(tmp_path, clock, checkpoint_every=3) as broker:
        assert await everything(broker, session) == before
        clock.step(timedelta(days=1))
        session = await login(clock)
        (held,) = (await broker.holdings(session)).items
        assert held.quantity == 2
        statuses = [row.status for row in (await broker.orders(session)).items]
        assert statuses == [OrderStatus.EXPIRED] * 3


async def test_two_processes_on_one_file_keep_one_book(tmp_path: Path) -> None:
    clock = VirtualClock()
    session = await login(clock)
    async with (
        process(tmp_path, clock, checkpoint_every=4) as one,
        process(tmp_path, clock, checkpoint_every=4) as other,
    ):
        await asyncio.gather(
            *(
                broker.place(session, buy("800.00"), tag=f"3730000000000{number}{index}")
                for index in range(10)
                for number, broker in enumerate((one, other))
            )
        )
        rows = (await one.orders(session)).items
        assert rows == (await other.orders(session)).items
        assert len(rows) == 20
        assert {row.status for row in rows} == {OrderStatus.FILLED}
        assert len({row.broker_order_id for row in rows}) == 20
        (position,) = (await other.positions(session)).items
        assert position.quantity == 20
