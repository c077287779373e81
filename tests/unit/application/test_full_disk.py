"""A database that can't be written: no order is sent that can't be recorded, and all is well again without hands."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.idempotency import SqlIdempotencyStore
from ordo.domain.errors import ErrorCode, OutcomeUnknown, Unavailable
from ordo.domain.idempotency import IntentState
from ordo.domain.orders import Order, OrderStatus
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN

Step = Callable[[Database, Path], Awaitable[None]]


async def _pragma(database: Database, text: str) -> None:
    await database.write(lambda connection: connection.exec_driver_sql(f"PRAGMA {text}"))


async def _fill_up(database: Database, _: Path) -> None:
    """No further page: what SQLite meets on a full disk."""
    pages = await database.read(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    await _pragma(database, f"max_page_count = {pages}")


async def _make_room(database: Database, _: Path) -> None:
    await _pragma(database, "max_page_count = 1000000")


async def _limit(database: Database, path: Path) -> None:  # noqa: ARG001
    """The kernel refuses to let any file grow beyond what the log has now: a write fails half-way."""
    size = path.with_name(path.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


async def _unlimit(database: Database, path: Path) -> None:  # noqa: ARG001
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ordo.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}")
    await database.open()
    try:
        yield database
    finally:
        await _unlimit(database, path)
        await database.close()


@pytest.fixture
async def durable(database: Database) -> House:
    house = House()
    house.intents = SqlIdempotencyStore(database)
    house.start()
    await house.log_in()
    return house


BROKEN = pytest.mark.parametrize(("breaks", "mends"), [(_fill_up, _make_room), (_limit, _unlimit)])


async def _place(house: House, key: str = "k1") -> Order:
    return await house.now.orders.place(ACCOUNT, BUY_TEN, key=key)


async def _until_it_fails(house: House) -> list[str]:
    """Place one order after another, for the pages that are there may still take some. Their keys, the last of which
    failed.
    """
    keys = []
    for number in range(300):
        keys.append(f"k{number}")
        try:
            await _place(house, keys[-1])
        except OutcomeUnknown:
            continue  # The record of the intent found room, and that of the answer did not.
        except Unavailable:
            return keys
    raise AssertionError("the database was never full")


@BROKEN
async def test_no_order_is_sent_that_can_not_be_recorded(
    durable: House, database: Database, path: Path, breaks: Step, mends: Step
) -> None:
    assert (await _place(durable, "before")).status is OrderStatus.ACKNOWLEDGED
    await breaks(database, path)
    keys = await _until_it_fails(durable)
    sent = durable.broker.count("place")
    assert sent == len(keys)  # The one of before, and all but the last.
    if breaks is not _limit:  # There the log begins anew by itself, and has room again.
        for again in ("x", "y", keys[-1]):
            with pytest.raises(Unavailable) as failure:
                await _place(durable, again)
            assert failure.value.code is ErrorCode.STORE_UNAVAILABLE
        assert durable.broker.count("place") == sent
    for row in durable.broker.book.values():
        assert await durable.intents.placement(ACCOUNT, str(row.tag)) is not None

    await mends(database, path)
    for key in (*keys, "after"):
        order = await _place(durable, key)
        assert len(durable.broker.tagged(order.order_id)) == 1
    assert durable.broker.count("place") == len(keys) + 2
    assert await durable.intents.unsettled() == ()


@BROKEN
async def test_an_answer_that_can_not_be_recorded_is_unknown_and_found_again(
    durable: House, database: Database, path: Path, breaks: Step, mends: Step
) -> None:
    async def between(tag: str) -> None:  # noqa: ARG001
        await breaks(database, path)
        await _exhaust(database)

    durable.broker.on_place = between
    with suppress(OutcomeUnknown):  # Unless a page that was there took the answer.
        await _place(durable)
    durable.broker.on_place = None
    await mends(database, path)
    order = await _place(durable)
    assert (order.broker_order_id, durable.broker.count("place")) == ("B1", 1)
    kept = await durable.intent()
    assert kept is not None
    assert kept.state is IntentState.DONE


async def _exhaust(database: Database) -> None:
    """Use up what is left of the pages."""
    try:
        await database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE ballast (x)"))
        for _ in range(200):
            await database.write(
                lambda connection: connection.exec_driver_sql("INSERT INTO ballast VALUES (randomblob(1000))")
            )
    except Unavailable:
        return
