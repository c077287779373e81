"""Several workers on PostgreSQL and Redis: one gateway to its callers, whichever of them answers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from tests.support.postgres import the_server
from tests.support.redis import new_prefix, the_redis
from tests.unit.entrypoints.cli.shell import Shell

KEYS = "dGhlIG1hc3RlciBrZXkgb2YgdGhlIHRlc3Qgc3VpdGU"
TOKEN = "chosen-by-its-owner-and-long"
ORDERS = "/api/v1/accounts/paper/DEMO/orders"
BUY = {
    "instrument": "NSE:SBIN",
    "side": "BUY",
    "quantity": 1,
    "order_type": "LIMIT",
    "product": "MIS",
    "price": "800.00",
    "allow_duplicate": True,
}


@pytest.fixture
def shared() -> dict[str, str]:
    return {
        "ORDO_DATABASE_URL": the_server().migrated(),
        "ORDO_REDIS_URL": the_redis().url,
        "ORDO_REDIS__PREFIX": new_prefix(),
        "ORDO_MASTER_KEYS": KEYS,
        "ORDO_TOKEN": TOKEN,
    }


def caller(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=60)


async def place(http: httpx2.AsyncClient, key: str) -> httpx2.Response:
    return await http.post(ORDERS, json=BUY, headers={"Idempotency-Key": key})


def workers_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers as Linux lists them")
async def test_workers_are_one_gateway_whatever_becomes_of_one_of_them(shell: Shell, shared: dict[str, str]) -> None:
    with shell.serving("--workers", "3", "--json", **shared) as serving:
        url = json.loads(serving.said)["url"]
        workers = workers_of(serving.process.pid)
        assert len(workers) == 3

        # Each call on a connection of its own, so that all workers get some.
        async with caller(url) as http:
            answers = await asyncio.gather(*(place(http, f"key-{number % 12}") for number in range(120)))
        codes = Counter(answer.status_code for answer in answers)
        assert set(codes) <= {201, 409}
        placed = {answer.json()["order_id"] for answer in answers if answer.status_code == 201}
        assert len(placed) == 12

        # Whichever worker is asked, it has counted what the others did.
        async with caller(url) as http:
            told = (await http.get("/metrics")).text.splitlines()
        counted = {
            code: float(line.rpartition(" ")[2])
            for code in codes
            for line in told
            if line.startswith(f'ordo_request_seconds_count{{operation="placeOrder",status="{code}"}}')
        }
        assert counted == codes

        # One is killed while it works; whoever asked it asks again with the same key.
        async with caller(url) as http:
            calls = [asyncio.ensure_future(place(http, f"late-{number % 6}")) for number in range(24)]
            await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            os.kill(workers[0], signal.SIGKILL)
            await asyncio.gather(*calls, return_exceptions=True)
        async with caller(url) as http:
            late = [await _known(http, f"late-{number}") for number in range(6)]
            placed |= {answer.json()["order_id"] for answer in late if answer.status_code == 201}
            book = [order["order_id"] for order in (await http.get(ORDERS)).json()]
            assert len(book) == len(set(book))
            assert set(book) == placed | {answer.json()["order_id"] for answer in late}
            # What the exchange has traded is one order for each that is said to be placed, and for no other.
            trades = (await http.get("/api/v1/accounts/paper/DEMO/trades")).json()
            assert {trade["order_id"] for trade in trades} == placed
            assert len({trade["broker_order_id"] for trade in trades}) == len(placed)

            halted = await http.put("/api/v1/kill-switch", json={"state": "HALTED", "reason": "drill"})
            assert halted.status_code == 200
        async with caller(url) as http:
            refused = await asyncio.gather(*(place(http, f"halted-{number}") for number in range(30)))
            assert {answer.json()["error_code"] for answer in refused} == {"KILL_SWITCH_ACTIVE"}
            assert len((await http.get(ORDERS)).json()) == len(book)

        await _replaced(serving.process.pid, workers[0])
        ended = serving.end(signal.SIGTERM)
    trail = shell.ordo("audit", "verify", "--json")
    assert (trail.code, len(trail.document["chains"])) == (0, 3)
    assert ended.code == 0
    assert f"worker {workers[0]} has died, and another takes its place" in ended.err
    assert "Traceback" not in ended.err


async def _replaced(pid: int, dead: int) -> None:
    """Return when another worker has taken the place of a dead one, which the crew looks for a few times a second."""
    async with asyncio.timeout(30):
        while dead in (now := workers_of(pid)) or len(now) < 3:  # noqa: ASYNC110  (nobody tells another process)
            await asyncio.sleep(0.1)
    assert len(now) == 3


async def _known(http: httpx2.AsyncClient, key: str) -> httpx2.Response:
    """The answer to a call whose first worker may be gone, repeated with its key until no worker is at it: placed, or
    unknown for as long as it takes to prove that it never reached the exchange.
    """
    async with asyncio.timeout(30):
        while (answer := await place(http, key)).status_code == 409:  # noqa: ASYNC110  (a caller can only ask)
            await asyncio.sleep(0.1)
    assert answer.status_code in (201, 202)
    return answer


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers as Linux lists them")
async def test_workers_end_when_their_first_process_is_killed(shell: Shell, shared: dict[str, str]) -> None:
    with shell.serving("--workers", "2", "--json", **shared) as serving:
        workers = workers_of(serving.process.pid)
        pidfds = [os.pidfd_open(pid) for pid in workers]
        serving.process.kill()
        loop = asyncio.get_running_loop()
        for pidfd in pidfds:
            gone = asyncio.Event()
            loop.add_reader(pidfd, gone.set)
            await asyncio.wait_for(gone.wait(), 30)
            loop.remove_reader(pidfd)
            os.close(pidfd)


def test_workers_that_can_not_start_are_no_gateway(shell: Shell, shared: dict[str, str]) -> None:
    shared["ORDO_DATABASE_URL"] = the_server().empty()
    ended = shell.ordo("serve", "--port", "0", "--workers", "2", "--json", **shared)
    assert ended.code == 5
    assert ended.document["error_code"] == "UNAVAILABLE"
    assert "ordo db upgrade" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("missing", ["ORDO_DATABASE_URL", "ORDO_REDIS_URL"])
def test_several_workers_are_refused_with_what_is_missing(shell: Shell, shared: dict[str, str], missing: str) -> None:
    del shared[missing]
    ended = shell.ordo("serve", "--port", "0", "--workers", "2", "--json", **shared)
    assert ended.code == 4
    assert missing in ended.document["message"]
    assert "PostgreSQL and Redis" in ended.document["message"]


async def test_workers_share_one_order_budget(shell: Shell, shared: dict[str, str]) -> None:
    shared["ORDO_LIMITS__ORDERS_PER_MINUTE"] = "7"
    with shell.serving("--workers", "3", "--json", **shared) as serving:
        async with caller(json.loads(serving.said)["url"]) as http:
            answers = await asyncio.gather(*(place(http, f"key-{number}") for number in range(40)))
            trades = (await http.get("/api/v1/accounts/paper/DEMO/trades")).json()
        assert Counter(answer.status_code for answer in answers) == {201: 7, 429: 33}
        assert {answer.json()["error_code"] for answer in answers if answer.status_code == 429} == {"ORDER_BUDGET"}
        assert len({trade["broker_order_id"] for trade in trades}) == 7
