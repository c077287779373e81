"""What a halt and the paces promise, seen from the broker's side: by the moments at which its emulator received each
call over a socket, whatever was under way and however long it took.

`ORDO_TEST_SEED` repeats a run.
"""

from __future__ import annotations

import asyncio
import os
import random
from bisect import bisect_left
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx2
import pytest

from ordo.adapters.http.exchange import HttpReply, HttpRequest
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.hdfc.emulator import HdfcEmulator
from tests.torture.houses import PLACES, House, ImpatientLine, Place, fresh_key, fresh_order, opened
from tests.torture.mortal import RacingClock

_SECOND: Final = timedelta(seconds=1)
_ROUNDS: Final = 4
_STORM: Final = 24
_BUSY_SECONDS: Final = 2.5
# As they are published, or assumed: none of the gateway's settings is changed but where the broker is.
_FYERS: Final = Place(
    broker="fyers", account="XE00001", echoes=True, emulator=lambda clock: FyersEmulator(clock=clock.now)
)
_HDFC: Final = Place(
    broker="hdfc", account="7000001", echoes=True, emulator=lambda clock: HdfcEmulator(clock=clock.now)
)


class UnsteadyClock(RacingClock):
    """Runs as the real one does, but somebody sets its hands all the time, and who sleeps wakes early or late."""

    def __init__(self, rng: Random) -> None:
        super().__init__(1)
        self._rng = rng

    def now(self) -> datetime:
        return super().now() + timedelta(milliseconds=self._rng.randint(-900, 900))

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds * self._rng.uniform(0.2, 1.2))


class UnsteadyLine(ImpatientLine):
    """Holds every request and every answer back for another while."""

    def __init__(self, rng: Random, most: float) -> None:
        super().__init__()
        self._rng = rng
        self.most = most

    async def send(self, request: HttpRequest, *, total: float | None = None) -> HttpReply:
        await asyncio.sleep(self._rng.uniform(0, self.most))
        reply = await super().send(request, total=total)
        await asyncio.sleep(self._rng.uniform(0, self.most))
        return reply


@pytest.fixture
def rng() -> Random:
    seed = os.environ.get("ORDO_TEST_SEED") or str(random.randrange(2**32))
    print(f"ORDO_TEST_SEED={seed}", flush=True)  # noqa: T201  (shown where the test fails)
    return Random(seed)


@asynccontextmanager
async def _unsteady(place: Place, folder: Path, rng: Random, most: float) -> AsyncIterator[tuple[House, RacingClock]]:
    """A gateway whose clock and line are unsteady, and the clock of its broker."""
    theirs = RacingClock(1)
    async with opened(place, folder, clocks=(UnsteadyClock(rng), theirs), line=UnsteadyLine(rng, most)) as house:
        yield house, theirs


async def _received(house: House) -> list[tuple[datetime, str, str]]:
    """Every call that has reached the broker, with its moment and method and path."""
    rows = (await house.outside.get("/_emulator/requests")).json()
    return [(datetime.fromisoformat(row["received_at"]), row["method"], row["path"]) for row in rows]


def _is_order(method: str, path: str) -> bool:
    return method != "GET" and "/orders" in path


def _most_in_a_second(moments: list[datetime]) -> int:
    return max(bisect_left(moments, moment + _SECOND) - start for start, moment in enumerate(moments))


@pytest.mark.parametrize("scope", ["gateway", "account"])
@pytest.mark.parametrize("state", ["HALTED", "REDUCE_ONLY"])
async def test_once_trading_is_halted_no_order_reaches_the_broker(
    state: str, scope: str, tmp_path: Path, rng: Random
) -> None:
    place = PLACES["fyers"]
    async with _unsteady(place, tmp_path, rng, most=0.05) as (house, theirs):
        whose = {"account": f"{place.broker}/{place.account}"} if scope == "account" else {}
        for _ in range(_ROUNDS):
            known = len(await _received(house))
            resting = (await house.write("POST", "/orders", fresh_key(), fresh_order())).json()["order_id"]
            storm = [asyncio.ensure_future(one) for one in _new_risk(house, resting)]
            enough = rng.randint(0, _STORM // 2)
            while sum(one.done() for one in storm) < enough:
                await asyncio.wait([one for one in storm if not one.done()], return_when=asyncio.FIRST_COMPLETED)
            await _switch(house, state, whose)
            halted_at = theirs.now()
            answers = await asyncio.gather(*storm)
            refused = await house.write("POST", "/orders", fresh_key(), fresh_order())
            assert (refused.status_code, refused.json()["error_code"]) == (403, "KILL_SWITCH_ACTIVE")
            late = [row for row in (await _received(house))[known:] if row[0] > halted_at and _is_order(*row[1:])]
            assert late == []
            assert {answer.status_code for answer in answers} <= {200, 201, 403}, answers
            assert (await house.write("DELETE", f"/orders/{resting}", fresh_key())).status_code == 200
            await _switch(house, "ACTIVE", whose)


def _new_risk(house: House, resting: str) -> list[Coroutine[Any, Any, httpx2.Response]]:
    placing = [house.write("POST", "/orders", fresh_key(), fresh_order()) for _ in range(_STORM)]
    return [*placing, house.write("PATCH", f"/orders/{resting}", fresh_key(), {"quantity": 2})]


async def _switch(house: House, state: str, whose: dict[str, str]) -> None:
    body = {"state": state, "reason": "a storm"} | whose
    (await house.http.put("/api/v1/kill-switch", json=body)).raise_for_status()


@pytest.mark.parametrize(("place", "orders", "calls"), [(_FYERS, 8, 9), (_HDFC, 5, None)], ids=["fyers", "hdfc"])
async def test_no_second_at_the_broker_has_more_calls_than_the_pace_has(
    place: Place, orders: int, calls: int | None, tmp_path: Path, rng: Random
) -> None:
    async with _unsteady(place, tmp_path, rng, most=0.3) as (house, _):
        known = len(await _received(house))  # A login is not paced: the pace leaves a call free for it.
        resting: list[str] = []
        under_way: list[asyncio.Future[None]] = []
        loop = asyncio.get_running_loop()
        until = loop.time() + _BUSY_SECONDS
        while loop.time() < until:
            burst = [_anything(house, rng, resting) for _ in range(rng.randint(1, 12))]
            under_way.extend(map(asyncio.ensure_future, burst))
            await asyncio.sleep(rng.uniform(0, 0.4))  # Bursts, and the seconds that a pace is about.
        await asyncio.gather(*under_way)
        received = (await _received(house))[known:]
        writes = [moment for moment, method, path in received if _is_order(method, path)]
        assert orders / 2 < _most_in_a_second(writes) <= orders
        assert len(writes) > orders
        if calls is not None:
            assert _most_in_a_second([moment for moment, _, _ in received]) <= calls
            (budget,) = (await house.http.get("/api/v1/status")).json()["budgets"]
            assert (budget["strikes"], budget["slowed_for"]) == (0, 0)


async def _anything(house: House, rng: Random, resting: list[str]) -> None:
    what = rng.choice((*("place", "cancel", "modify") * 3, "read"))
    if what == "read":
        await house.http.get(f"/api/v1/accounts/{house.place.broker}/{house.place.account}/orders")
    elif what == "place" or not resting:
        answer = await house.write("POST", "/orders", fresh_key(), fresh_order())
        if answer.status_code == httpx2.codes.CREATED:
            resting.append(answer.json()["order_id"])
    elif what == "cancel":
        await house.write("DELETE", f"/orders/{resting.pop(rng.randrange(len(resting)))}", fresh_key())
    else:
        changed = {"quantity": rng.randint(2, 9)}
        await house.write("PATCH", f"/orders/{rng.choice(resting)}", fresh_key(), changed)
