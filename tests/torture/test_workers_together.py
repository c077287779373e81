"""Four workers behind one socket, on real PostgreSQL and Redis, before an emulated FYERS: what is promised of one
gateway holds of all of them, as the broker sees it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any, Final

import httpx2
import pytest
import pytest_asyncio

from tests.support.paces import UNPACED
from tests.support.postgres import the_server
from tests.support.redis import new_prefix, the_redis
from tests.torture.crews import FYERS, HDFC, ORDERS, SWITCH, CrewedHouse, crewed, most_in_a_second, rests

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers as Linux lists them"),
]

_WORKERS: Final = 4
_A_SECOND: Final = 40
_KEYS: Final = 50
_NUMBERS: Final = count()
_NOT_SENT: Final = frozenset({"ORDER_BUDGET", "BROKER_UNAVAILABLE", "STORE_UNAVAILABLE"})


@pytest.fixture(scope="module")
def shared() -> dict[str, str]:
    return {
        "ORDO_DATABASE_URL": the_server().migrated(),
        "ORDO_REDIS_URL": the_redis().url,
        "ORDO_REDIS__PREFIX": new_prefix(),
    }


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(shared: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CrewedHouse]:
    limits = {
        **UNPACED["fyers"],
        "ORDO_LIMITS__ORDERS_PER_SECOND": str(_A_SECOND),
        "ORDO_LIMITS__ORDERS_PER_MINUTE": "100000",
        "ORDO_LIMITS__ORDER_MAX_WAIT_MS": "2000",
    }
    async with crewed(tmp_path_factory.mktemp("crew"), shared, workers=_WORKERS, **limits) as house:
        yield house


async def _placed(http: httpx2.AsyncClient, key: str, order: dict[str, Any]) -> httpx2.Response:
    return await http.post(ORDERS, json=order, headers={"Idempotency-Key": key})


async def _surely_placed(http: httpx2.AsyncClient, key: str, order: dict[str, Any]) -> httpx2.Response:
    """Repeat a call with its key until the order is placed."""
    async with asyncio.timeout(60):
        while (answer := await _placed(http, key, order)).status_code != 201:
            assert answer.json().get("error_code") in (None, "IDEMPOTENCY_IN_FLIGHT", *_NOT_SENT), answer.text
    return answer


async def test_five_hundred_calls_with_fifty_keys_are_fifty_orders(house: CrewedHouse) -> None:
    before = len(await house.ledger())
    orders = {f"key-{number}": rests(next(_NUMBERS)) for number in range(_KEYS)}
    async with house.caller(connections=100) as http:
        calls = [(key, _placed(http, key, orders[key])) for _ in range(500 // _KEYS) for key in orders]
        answers = list(zip([key for key, _ in calls], await asyncio.gather(*(call for _, call in calls)), strict=True))
        last = {key: await _surely_placed(http, key, order) for key, order in orders.items()}
    codes = Counter(answer.status_code for _, answer in answers)
    print(f"five hundred calls: {dict(codes)}")  # noqa: T201
    # A machine that is slow enough refuses some for the budget, or because they have waited for too long, and may be
    # unable to write an answer down in time.
    assert codes.keys() <= {201, 202, 409, 429, 503}
    told = {answer.json()["error_code"] for _, answer in answers if answer.status_code >= 400}
    assert told <= {"IDEMPOTENCY_IN_FLIGHT", *_NOT_SENT}
    for key, answer in answers:
        if answer.status_code < 300:
            assert answer.json()["order_id"] == last[key].json()["order_id"]
    arrived = (await house.ledger())[before:]
    assert len(arrived) == _KEYS
    assert {entry["tag"] for entry in arrived} == {answer.json()["order_id"] for answer in last.values()}


async def test_all_workers_together_keep_one_order_budget(house: CrewedHouse) -> None:
    before = len(await house.ledger())
    async with house.caller(connections=100) as http:
        numbers = [next(_NUMBERS) for _ in range(4 * _A_SECOND)]
        answers = await asyncio.gather(*(_placed(http, f"budget-{number}", rests(number)) for number in numbers))
    codes = Counter(answer.status_code for answer in answers)
    assert codes.keys() <= {201, 202, 429, 503}
    assert codes[201]
    ledger = (await house.ledger())[before:]
    assert codes[201] <= len(ledger) <= codes[201] + codes[202]
    arrived = [datetime.fromisoformat(entry["received_at"]) for entry in ledger]
    assert most_in_a_second(arrived) <= _A_SECOND - _A_SECOND // 4, "a quarter is kept for what is urgent"


async def test_no_order_arrives_once_a_halt_has_returned(house: CrewedHouse) -> None:
    before = len(await house.ledger())
    told: Counter[str] = Counter()
    heard = asyncio.Condition()
    is_over = asyncio.Event()

    async def trade(http: httpx2.AsyncClient) -> None:
        while not is_over.is_set():
            number = next(_NUMBERS)
            answer = await _placed(http, f"storm-{number}", rests(number))
            async with heard:
                told[str(answer.status_code) if answer.status_code < 400 else answer.json()["error_code"]] += 1
                heard.notify_all()

    async def until(code: str, times: int) -> None:
        async with heard, asyncio.timeout(60):
            await heard.wait_for(lambda: told[code] >= times)

    async with house.one_at_each() as callers, asyncio.TaskGroup() as group:
        for http in [*callers.values()] * 6:
            group.create_task(trade(http))
        await until("201", 30)
        async with house.caller() as operator:
            began = monotonic()
            halted = await operator.put(SWITCH, json={"state": "HALTED", "reason": "drill"})
            returned, took = datetime.now(UTC), monotonic() - began
            assert halted.status_code == 200
            await until("KILL_SWITCH_ACTIVE", 60)
            is_over.set()
    async with house.caller() as operator:
        assert (await operator.put(SWITCH, json={"state": "ACTIVE", "reason": "over"})).status_code == 200
    arrived = (await house.ledger())[before:]
    assert told["201"] <= len(arrived) <= told["201"] + told["202"]
    assert max(datetime.fromisoformat(entry["received_at"]) for entry in arrived) <= returned
    assert told.keys() <= {"201", "202", "KILL_SWITCH_ACTIVE", *_NOT_SENT}
    print(f"the halt returned after {took:.2f} s")  # noqa: T201


async def test_a_login_is_one_login_whichever_workers_its_steps_reach(house: CrewedHouse) -> None:
    async with house.one_at_each() as found:
        callers = list(found.values())
        for account in (HDFC, FYERS):
            for _ in range(2):  # The second renews the session.
                opened = await house.log_in(account, callers)
                assert opened.status_code == 201, opened.text
                seen = [(await one.get(f"/api/v1/sessions/{account}")).json() for one in callers]
                assert {one["state"] for one in seen} == {"ACTIVE"}
                assert {one["issued_at"] for one in seen} == {opened.json()["issued_at"]}
                callers.append(callers.pop(0))
        number = next(_NUMBERS)
        answers = [await _placed(one, "after-login", rests(number)) for one in callers]
        assert {answer.status_code for answer in answers} == {201}
