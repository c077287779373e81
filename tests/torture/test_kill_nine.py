"""`kill -9` on the running gateway, again and again, at random moments and at every named step of a write: what was
answered is held against the broker's ledger.

`ORDO_TEST_KILLS` is how often (30 in `make test`, 1,000 in `make kills`), `ORDO_TEST_SEED` repeats a run.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx2
import pytest
import pytest_asyncio

from tests.support.paces import UNPACED
from tests.torture.mortal import Step
from tests.torture.traders import ORDERS, Ask, Door, Trader
from tests.unit.entrypoints.http.gateway_door import MASTER_KEY, TOKEN

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ROOT: Final = Path(__file__).parents[2]
_KILLS: Final = int(os.environ.get("ORDO_TEST_KILLS", "30"))
_KILLS_A_ROUND: Final = 30
_CLIENTS: Final = 8
_HASTE: Final = 20.0
_NAMED_WITHIN: Final = 2.0
_STEPS: Final[tuple[Step | None, ...]] = (*Step, None, None, None)
"""`None` is a random moment."""
_SESSION: Final = "/api/v1/sessions/fyers/XE00001"
_HEADERS: Final = {"Authorization": f"Bearer {TOKEN}"}


class Forks:
    """The launcher in a process of its own, and what it forks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, *command: object) -> Any:  # noqa: ANN401  (JSON)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        line = await self._process.stdout.readline()
        assert line, "the launcher has ended"
        return json.loads(line)


@asynccontextmanager
async def launched(folder: Path) -> AsyncIterator[tuple[Forks, str]]:
    """A launcher, and the origin of the emulated FYERS that it has forked."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "ORDO_"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.torture.launcher",
        cwd=_ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        forks = Forks(process)
        yield forks, await forks.ask("emulator", str(folder))
    finally:
        await process.communicate(b"")


@dataclass(slots=True)
class Tally:
    kills: dict[str, int] = field(default_factory=dict)
    orders: int = 0
    calls: int = 0
    answers: int = 0

    def killed(self, where: str) -> None:
        self.kills[where] = self.kills.get(where, 0) + 1


class Round:
    """One database and one ledger through many deaths."""

    def __init__(self, seed: str, forks: Forks, origin: str, folder: Path, **fate: object) -> None:
        self.seed, self.rng, self.fate = seed, Random(seed), fate
        self.forks, self.origin = forks, origin
        self.environment = {
            "ORDO_TOKEN": TOKEN,
            "ORDO_MASTER_KEYS": MASTER_KEY,
            "ORDO_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'ordo.db'}",
            "ORDO_AUDIT__DIR": str(folder / "audit"),
            "ORDO_CONFIG": str(empty_file(folder / "ordo.toml")),
            "ORDO_LOG__LEVEL": "ERROR",
            "ORDO_IDEMPOTENCY__PURSUE_SECONDS": "0",
            "ORDO_IDEMPOTENCY__ABSENCE_SECONDS": "30",
            "ORDO_BROKERS__FYERS__BASE_URL": f"{origin}/api/v3",
            **UNPACED["fyers"],  # The clocks of the gateways race.
        }
        unlike = terms()
        self.door = Door()
        self.traders = [Trader(n, Random(f"{seed}/{n}"), self.door, unlike) for n in range(_CLIENTS)]

    async def start(self, **fate: object) -> tuple[int, str | None]:
        pid, url = await self.forks.ask("gateway", self.environment, {**self.fate, **fate})
        return pid, url

    async def run(self, kills: int, tally: Tally, steps: tuple[Step | None, ...] = _STEPS) -> list[Ask]:
        """Kill the gateway so often under load, start it a last time, and let everybody come to an end."""
        enough = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for trader in self.traders:
                group.create_task(trader.trade(enough))
            while kills > 0:
                for step in self.rng.sample(steps, min(kills, len(steps))):
                    await self._live_and_die(step, tally)
                    kills -= 1
            pid, url = await self.start(haste=_HASTE)
            assert url is not None
            enough.set()
            await self.door.open(url, last=True)
        self.last = pid, url
        return [ask for trader in self.traders for ask in trader.asks]

    async def _live_and_die(self, step: Step | None, tally: Tally) -> None:
        most = 3 if step is Step.RECOVERING else 10
        pid, url = await self.start(step=step, times=self.rng.randint(1, most))
        if url is not None:
            await self.door.open(url)
        within = self.rng.uniform(0.0, 0.4) if step is None else _NAMED_WITHIN
        by_itself = await self.forks.ask("end", pid, within)
        tally.killed(str(step) if step is not None and by_itself else "at random")


def terms() -> Iterator[dict[str, Any]]:
    """Orders that rest, each unlike every other: by its price and quantity it is found in the ledger."""
    for number in count():
        tick = 17_000 + number % 1000
        yield {
            "instrument": "NSE:SBIN",
            "side": "BUY",
            "quantity": 1 + number // 1000,
            "order_type": "LIMIT",
            "product": "CNC",
            "price": f"{tick // 20}.{tick % 20 * 5:02d}",
        }


def empty_file(path: Path) -> Path:
    path.touch()
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A launcher, the origin of its emulator, and a folder with a database that has masters and a session."""

    forks: Forks
    origin: str
    folder: Path
    seed: str

    async def round(self, number: int, **fate: object) -> Round:
        """A fresh copy of the database, before an empty ledger."""
        folder = Path(shutil.copytree(self.folder / "base", self.folder / f"round-{number}"))
        async with httpx2.AsyncClient() as http:
            (await http.post(f"{self.origin}/_emulator/reset")).raise_for_status()
        return Round(f"{self.seed}/{number}", self.forks, self.origin, folder, **fate)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    seed = os.environ.get("ORDO_TEST_SEED") or str(random.randrange(2**32))
    print(f"ORDO_TEST_SEED={seed}", flush=True)  # noqa: T201  (shown where the test fails)
    folder = tmp_path_factory.mktemp("kills")
    async with launched(folder) as (forks, origin):
        (folder / "base").mkdir()
        await _prepared(Round(seed, forks, origin, folder / "base"))
        yield World(forks=forks, origin=origin, folder=folder, seed=seed)


async def test_no_kill_loses_or_doubles_an_order(world: World) -> None:
    tally = Tally()
    for number, kills in enumerate(_rounds()):
        lives = await world.round(number)
        asks = await lives.run(kills, tally)
        await agree(lives.origin, str(lives.last[1]), asks, tally)
        await world.forks.ask("end", lives.last[0], 0)
        print(f"{lives.seed}: {tally}", flush=True)  # noqa: T201
    assert sum(tally.kills.values()) == _KILLS
    assert (world.folder / "processes.log").read_text("utf-8") == ""


async def test_the_kills_show_that_the_first_commit_is_missing(world: World) -> None:
    lives = await world.round(_KILLS, forgets=True)
    asks = await lives.run(3, Tally(), (Step.AFTER_SEND, Step.AFTER_ANSWER))
    with pytest.raises(AssertionError, match="placed twice"):
        await agree(lives.origin, str(lives.last[1]), asks, Tally())
    await world.forks.ask("end", lives.last[0], 0)


def _rounds() -> list[int]:
    whole, rest = divmod(_KILLS, _KILLS_A_ROUND)
    return [_KILLS_A_ROUND] * whole + [rest] * bool(rest)


async def _prepared(base: Round) -> None:
    """Load the masters and log in, once for all rounds; the gateway that did it is the first to be killed."""
    pid, url = await base.start()
    await prepared(str(url))
    await base.forks.ask("end", pid, 0)


async def prepared(url: str) -> None:
    """Wait until a gateway has its masters, and log in."""
    async with httpx2.AsyncClient(base_url=url, headers=_HEADERS) as http:
        while any(one["state"] == "ABSENT" for one in (await http.get("/api/v1/status")).json()["masters"]):
            await asyncio.to_thread(lambda: None)
        challenge = (await http.post(f"{_SESSION}/login")).json()
        page = await http.get(challenge["login_url"], headers={"Authorization": ""})
        answer = {"challenge_id": challenge["challenge_id"], "redirect_url": page.headers["location"]}
        (await http.post(f"{_SESSION}/login/answer", json=answer)).raise_for_status()


async def agree(origin: str, url: str, asks: list[Ask], tally: Tally) -> None:
    """The ledger of the broker at `origin`, beside every answer that the gateway at `url` ever gave."""
    async with httpx2.AsyncClient() as http:
        ledger = (await http.get(f"{origin}/_emulator/orders")).json()
        listed = (await http.get(f"{url}{ORDERS}", headers=_HEADERS)).json()
    ours = {one["order_id"]: one for one in listed if (one["metadata_json"] or {}).get("external") != "true"}
    there: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for entry in ledger:
        there.setdefault((f"{entry['request']['limitPrice']:.2f}", entry["request"]["qty"]), []).append(entry)
    tally.orders += len(ledger)
    tally.calls += sum(ask.sent for ask in asks)
    tally.answers += sum(len(ask.answers) for ask in asks)

    placements = [ask for ask in asks if ask.method == "POST"]
    for ask in placements:
        assert ask.body is not None
        _placement_agrees(ask, there.pop((ask.body["price"], ask.body["quantity"]), []), ours)
    assert not there, "at the broker, and asked for by nobody"
    assert not [one for one in listed if one["status"] == "UNKNOWN"]
    status = {entry["tag"]: entry["status"] for entry in ledger}
    for ask in asks:
        if ask.method != "POST":
            _change_agrees(ask, ours[ask.path[1:]], status[ask.path[1:]])


def _placement_agrees(ask: Ask, entries: list[dict[str, Any]], ours: dict[str, dict[str, Any]]) -> None:
    assert len(entries) <= 1, f"placed twice: {ask}"
    acknowledged = [told for told in ask.answers if told.status == 201]
    last = ask.answers[-1]
    if not entries:
        assert not acknowledged, f"acknowledged and lost: {ask}"
        assert last.had_no_effect, ask
        return
    (entry,) = entries
    assert last.status == 201, f"at the broker, and not told so: {ask}"
    assert {told.body["order_id"] for told in acknowledged} == {entry["tag"]}, ask
    assert {told.body["broker_order_id"] for told in acknowledged} == {entry["id"]}, ask
    assert ours[entry["tag"]]["broker_order_id"] == entry["id"], f"at the broker, and not on record: {ask}"
    _is_never_taken_back(ask)


def _change_agrees(ask: Ask, listed: dict[str, Any], status: str) -> None:
    last = ask.answers[-1]
    done = listed["quantity"] == 100 if ask.method == "PATCH" else status == "CANCELLED"
    assert done == (last.status == 200), f"{ask}, but the order is {listed}"
    _is_never_taken_back(ask)


def _is_never_taken_back(ask: Ask) -> None:
    done = [told.status in (200, 201) for told in ask.answers]
    assert done == sorted(done), f"taken back: {ask}"
