"""`kill -9` on one worker of a gateway after the other, under load: the rest goes on, another takes its place, and what
was answered is held against the broker's ledger.

`ORDO_TEST_KILLS` is how often, by ten (3 in `make test`, 100 in `make kills`); `ORDO_TEST_SEED` repeats the choices.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.support.postgres import the_server
from tests.support.redis import new_prefix, the_redis
from tests.torture.crews import workers_of
from tests.torture.test_kill_nine import Round, Tally, agree, launched, prepared, terms
from tests.torture.traders import Ask, Door, Trader

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers as Linux lists them")

_KILLS: Final = max(1, int(os.environ.get("ORDO_TEST_KILLS", "30")) // 10)
_WORKERS: Final = 3
_CLIENTS: Final = 8
_HASTE: Final = 8.0
_PATIENCE_SECONDS: Final = 60


class _SteadyDoor(Door):
    """Always the same door, whoever has died behind it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._at = url

    async def enter(self, after: int) -> tuple[int, str]:
        return after + 1, self._at


async def test_no_kill_of_a_worker_loses_or_doubles_an_order(tmp_path: Path) -> None:
    seed = os.environ.get("ORDO_TEST_SEED") or str(random.randrange(2**32))
    print(f"ORDO_TEST_SEED={seed}", flush=True)  # noqa: T201  (shown where the test fails)
    rng, tally = Random(seed), Tally()
    async with launched(tmp_path) as (forks, origin):
        lives = Round(seed, forks, origin, tmp_path)
        lives.environment |= {
            "ORDO_DATABASE_URL": the_server().migrated(),
            "ORDO_REDIS_URL": the_redis().url,
            "ORDO_REDIS__PREFIX": new_prefix(),
            "ORDO_HTTP__REQUESTS_PER_SECOND": "100000",
        }
        pid, url = await forks.ask("gateway", lives.environment, {"haste": _HASTE, "together": True}, _WORKERS)
        await prepared(url)
        asks = await _traded(seed, rng, pid, url, tally)
        await agree(origin, url, asks, tally)
        assert len(workers_of(pid)) == _WORKERS
        await forks.ask("end", pid, 0)
    print(f"{seed}: {tally}", flush=True)  # noqa: T201
    assert sum(tally.kills.values()) == _KILLS


async def _traded(seed: str, rng: Random, pid: int, url: str, tally: Tally) -> list[Ask]:
    """Let everybody trade while one worker after the other is killed, and come to an end."""
    door, unlike, enough = _SteadyDoor(url), terms(), asyncio.Event()
    traders = [Trader(number, Random(f"{seed}/{number}"), door, unlike) for number in range(_CLIENTS)]
    async with asyncio.TaskGroup() as group:
        for trader in traders:
            group.create_task(trader.trade(enough))
        for _ in range(_KILLS):
            await _answered(traders, more=rng.randint(5, 25))
            victim = rng.choice(workers_of(pid))
            os.kill(victim, signal.SIGKILL)
            tally.killed("worker")
            await _replaced(pid, victim)
        await _answered(traders, more=10)
        enough.set()
    return [ask for trader in traders for ask in trader.asks]


async def _answered(traders: list[Trader], *, more: int) -> None:
    def answers() -> int:
        return sum(len(ask.answers) for trader in traders for ask in trader.asks)

    enough = answers() + more
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while answers() < enough:  # noqa: ASYNC110  (the traders tell nobody)
            await asyncio.sleep(0.01)


async def _replaced(pid: int, victim: int) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while victim in (now := workers_of(pid)) or len(now) < _WORKERS:  # noqa: ASYNC110  (nobody tells this process)
            await asyncio.sleep(0.01)
