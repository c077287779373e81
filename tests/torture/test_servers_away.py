"""Workers whose PostgreSQL or Redis is killed, hangs and comes back under load, before an emulated FYERS: as the broker
sees it, nothing is placed twice, nothing that was told is lost, and what must pass passes.

How long it takes until an order is placed again is printed (`-s`), and not asserted: that is the machine's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Final

import httpx2
import pytest
import pytest_asyncio

from tests.support.paces import UNPACED
from tests.support.postgres import PostgresServer, started
from tests.support.redis import TestServer, started_redis
from tests.support.servers import Child
from tests.torture.crews import ORDERS, CrewedHouse, crewed, rests

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers as Linux lists them"),
]

_BACK_WITHIN: Final = 60
_NUMBERS: Final = count()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    server = started()
    yield server
    assert server.child is not None
    server.child.end()


@pytest.fixture(scope="module")
def redis() -> Iterator[TestServer]:
    server = started_redis()
    yield server
    assert server.child is not None
    server.child.end()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(
    postgres: PostgresServer, redis: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CrewedHouse]:
    shared = {"ORDO_DATABASE_URL": postgres.migrated(), "ORDO_REDIS_URL": redis.url}
    limits = {
        **UNPACED["fyers"],  # Calls that a dead server was not told the end of count for ten seconds.
        "ORDO_LIMITS__ORDERS_PER_SECOND": "100000",
        "ORDO_LIMITS__ORDERS_PER_MINUTE": "100000",
        "ORDO_IDEMPOTENCY__PURSUE_SECONDS": "0",
    }
    async with crewed(tmp_path_factory.mktemp("away"), shared, workers=2, **limits) as house:
        yield house


async def _placed(http: httpx2.AsyncClient, number: int) -> httpx2.Response:
    return await http.post(ORDERS, json=rests(number), headers={"Idempotency-Key": f"key-{number}"})


async def _cancelled(http: httpx2.AsyncClient, order_id: str) -> httpx2.Response:
    return await http.delete(f"{ORDERS}/{order_id}", headers={"Idempotency-Key": f"cancel-{order_id}"})


class Load:
    """Places one order after the other, several at a time; what it was told of each."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self.told: dict[int, list[httpx2.Response]] = {}
        self._seen = asyncio.Condition()
        self._is_over = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(self._place())

    async def _place(self) -> None:
        while not self._is_over:
            number = next(_NUMBERS)
            answer = await _placed(self._http, number)
            async with self._seen:
                self.told[number] = [answer]
                self._seen.notify_all()

    async def until(self, status: int, times: int) -> None:
        """Wait until so many more calls were answered like this."""
        wanted = self.count(status) + times
        async with self._seen, asyncio.timeout(_BACK_WITHIN):
            await self._seen.wait_for(lambda: self.count(status) >= wanted)

    def count(self, status: int) -> int:
        return sum(told[-1].status_code == status for told in self.told.values())

    def stop(self) -> None:
        self._is_over = True


@pytest.mark.parametrize("away", ["postgres", "redis"])
async def test_a_server_that_is_killed_under_load_costs_no_order_and_doubles_none(
    house: CrewedHouse, postgres: PostgresServer, redis: TestServer, away: str
) -> None:
    child = {"postgres": postgres.child, "redis": redis.child}[away]
    assert child is not None
    before = len(await house.ledger())
    async with house.caller(connections=8) as http:
        load = Load(http)
        running = asyncio.create_task(load.run())
        await load.until(201, 10)
        child.kill()
        await load.until(503, 5)
        assert (await http.get("/ready")).status_code == 503
        child.start()
        began = monotonic()
        await load.until(201, 1)
        print(f"{away}: an order was placed {monotonic() - began:.2f} s after the server was back")  # noqa: T201
        await load.until(201, 10)
        load.stop()
        await running
        codes = Counter(told[0].status_code for told in load.told.values())
        assert codes.keys() <= {201, 202, 429, 503}
        # Whoever was not told that the order is placed asks again, with the key.
        for number, told in load.told.items():
            told.append(await _placed(http, number))
    tags = [entry["tag"] for entry in (await house.ledger())[before:]]
    assert len(tags) == len(set(tags))
    prices = Counter((entry["request"]["limitPrice"], entry["request"]["qty"]) for entry in await house.ledger())
    assert set(prices.values()) == {1}, "one order for each key"
    for first, again in load.told.values():
        if first.status_code == 201:
            assert (again.status_code, again.json()["order_id"]) == (201, first.json()["order_id"])
            assert first.json()["order_id"] in tags
        if first.status_code == 503:
            assert first.json()["details"]["outcome"] == "not_sent"


@pytest.mark.parametrize("gone", [Child.kill, Child.suspend], ids=["killed", "hanging"])
async def test_while_redis_is_away_cancellations_and_reads_pass_and_orders_do_not(
    house: CrewedHouse, redis: TestServer, gone: object
) -> None:
    assert redis.child is not None
    async with house.caller(connections=8) as http:
        placed = [await _placed(http, next(_NUMBERS)) for _ in range(3)]
        assert [answer.status_code for answer in placed] == [201] * 3, [answer.text for answer in placed]
        standing = [answer.json()["order_id"] for answer in placed]
        before = len(await house.ledger())
        if gone is Child.kill:
            redis.child.kill()
        else:
            redis.child.suspend()
        try:
            refused = await asyncio.gather(*(_placed(http, next(_NUMBERS)) for _ in range(8)))
            began = monotonic()
            cancelled = await asyncio.gather(*(_cancelled(http, order_id) for order_id in standing))
            took = monotonic() - began
            listed = await http.get(ORDERS)
        finally:
            if gone is Child.kill:
                redis.child.start()
            else:
                redis.child.resume()
    assert {answer.status_code for answer in refused} == {503}
    assert {answer.json()["error_code"] for answer in refused} == {"STORE_UNAVAILABLE"}
    assert {answer.json()["details"]["outcome"] for answer in refused} == {"not_sent"}
    assert {answer.status_code for answer in cancelled} == {200}
    assert listed.status_code == 200
    ledger = await house.ledger()
    assert len(ledger) == before
    assert {entry["status"] for entry in ledger if entry["tag"] in standing} == {"CANCELLED"}
    print(f"three cancellations at once took {took:.2f} s")  # noqa: T201
