"""A gateway whose servers are killed and started again under load: nothing is placed twice, nothing that was told is
lost, and it serves again without a restart of its own.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from itertools import count

import httpx2
import pytest

from tests.support.postgres import PostgresServer, started
from tests.support.redis import TestServer, started_redis
from tests.support.servers import Child
from tests.unit.entrypoints.cli.shell import Shell
from tests.unit.entrypoints.cli.test_workers import KEYS, TOKEN, caller, place


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    server = started()
    yield server
    assert server.child is not None
    server.child.end()


@pytest.fixture
def redis() -> Iterator[TestServer]:
    server = started_redis()
    yield server
    assert server.child is not None
    server.child.end()


class Load:
    """Places one order after the other, several at a time, until told to stop; what it was told of each."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._numbers = count()
        self.told: dict[str, httpx2.Response] = {}
        self._seen = asyncio.Condition()
        self._stopped = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(self._place())

    async def _place(self) -> None:
        while not self._stopped:
            key = f"key-{next(self._numbers)}"
            answer = await place(self._http, key)
            async with self._seen:
                self.told[key] = answer
                self._seen.notify_all()

    async def until(self, status: int, times: int) -> None:
        """Wait until so many more calls were answered like this."""
        before = self._count(status)
        async with self._seen, asyncio.timeout(60):
            await self._seen.wait_for(lambda: self._count(status) >= before + times)

    def _count(self, status: int) -> int:
        return sum(answer.status_code == status for answer in self.told.values())

    def stop(self) -> None:
        self._stopped = True


@pytest.mark.parametrize("intents", ["database", "redis"])
async def test_nothing_is_placed_twice_and_nothing_told_is_lost(
    shell: Shell, postgres: PostgresServer, redis: TestServer, intents: str
) -> None:
    environment = {
        "ORDO_DATABASE_URL": postgres.migrated(),
        "ORDO_REDIS_URL": redis.url,
        "ORDO_STORES__IDEMPOTENCY": intents,
        "ORDO_MASTER_KEYS": KEYS,
        "ORDO_TOKEN": TOKEN,
    }
    assert postgres.child is not None
    assert redis.child is not None
    with shell.serving("--json", **environment) as serving:
        async with caller(json.loads(serving.said)["url"]) as http:
            load = Load(http)
            running = asyncio.create_task(load.run())
            await load.until(201, 5)
            for child, ends in ((postgres.child, Child.kill), (redis.child, Child.kill), (postgres.child, Child.stop)):
                ends(child)
                if child is postgres.child or intents == "redis":
                    await load.until(503, 3)
                not_ready = await http.get("/ready")
                assert not_ready.status_code == 503
                child.start()
                await load.until(201, 3)
                assert (await http.get("/ready")).status_code == 200
            load.stop()
            await running
            refused = [answer.json() for answer in load.told.values() if answer.status_code == 503]
            assert {answer["error_code"] for answer in refused} <= {"STORE_UNAVAILABLE", "BROKER_UNAVAILABLE"}
            assert {answer.status_code for answer in load.told.values()} <= {201, 202, 503}

            told = {key: answer.json()["order_id"] for key, answer in load.told.items() if answer.status_code == 201}
            for key, order_id in told.items():
                again = await place(http, key)
                assert (again.status_code, again.json()["order_id"]) == (201, order_id)
                assert again.headers["idempotency-replayed"] == "true"
            trades = (await http.get("/api/v1/accounts/paper/DEMO/trades")).json()
            traded = [trade["order_id"] for trade in trades]
            assert len(traded) == len(set(traded))
            unknown = {answer.json()["order_id"] for answer in load.told.values() if answer.status_code == 202}
            assert set(told.values()) <= set(traded) <= set(told.values()) | unknown
        ended = serving.end(signal.SIGTERM)
    assert ended.code == 0
