"""A gateway of several workers as `ordo serve --workers` runs it, on real PostgreSQL and Redis, before emulated brokers
in processes of their own.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx2

from ordo_emulators.hdfc.login import OTP, PASSWORD, USER
from tests.support.servers import die_with_parent
from tests.unit.entrypoints.cli.shell import Shell
from tests.unit.entrypoints.http.gateway_door import MASTER_KEY, TOKEN

FYERS: Final = "fyers/XE00001"
HDFC: Final = "hdfc/7000001"
ORDERS: Final = f"/api/v1/accounts/{FYERS}/orders"
SWITCH: Final = "/api/v1/kill-switch"
_ANSWERS: Final = {"username": USER, "password": PASSWORD, "otp": OTP, "consent": "yes"}
_REACHED: Final = 60
_TLS: Final = ssl.create_default_context()
"""Nobody speaks it here, and each client would make one of its own, which takes longer than most tests."""


def rests(number: int) -> dict[str, Any]:
    """An order that rests, unlike those of other numbers."""
    tick = 17_000 + number % 1000
    return {
        "instrument": "NSE:SBIN",
        "side": "BUY",
        "quantity": 1 + number // 1000,
        "order_type": "LIMIT",
        "product": "CNC",
        "price": f"{tick // 20}.{tick % 20 * 5:02d}",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewedHouse:
    """`first` is the process that was started; the workers are its children."""

    url: str
    first: int
    fyers: str
    hdfc: str

    def caller(self, connections: int = 1) -> httpx2.AsyncClient:
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx2.AsyncClient(
            base_url=self.url,
            headers=headers,
            trust_env=False,
            verify=_TLS,
            limits=limits,
            timeout=httpx2.Timeout(60, pool=None),
        )

    @property
    def workers(self) -> list[int]:
        return workers_of(self.first)

    async def ledger(self) -> list[dict[str, Any]]:
        """What FYERS itself has accepted, in order of arrival."""
        async with httpx2.AsyncClient(base_url=self.fyers, trust_env=False) as outside:
            found: list[dict[str, Any]] = (await outside.get("/_emulator/orders")).raise_for_status().json()
            return found

    @asynccontextmanager
    async def one_at_each(self) -> AsyncIterator[dict[int, httpx2.AsyncClient]]:
        """A caller for each worker, whose one connection that worker has accepted."""
        async with AsyncExitStack() as stack:
            found: dict[int, httpx2.AsyncClient] = {}
            async with asyncio.timeout(_REACHED):
                while len(found) < len(self.workers):
                    callers = [await stack.enter_async_context(self.caller()) for _ in range(12)]
                    answers = await asyncio.gather(*(one.get("/health") for one in callers))
                    for one, answer in zip(callers, answers, strict=True):
                        found.setdefault(self._worker_at(answer), one)
            yield found

    async def log_in(self, account: str, callers: list[httpx2.AsyncClient]) -> httpx2.Response:
        """Log in, each step at another caller."""
        session = f"/api/v1/sessions/{account}"
        answer = await callers[0].post(f"{session}/login")
        step = 0
        while answer.status_code in (200, 202):
            step += 1
            challenge = answer.json()
            said: dict[str, Any] = {"challenge_id": challenge["challenge_id"]}
            if challenge["kind"] == "redirect":
                async with httpx2.AsyncClient(trust_env=False) as browser:
                    said["redirect_url"] = (await browser.get(challenge["login_url"])).headers["location"]
            else:
                said["answers"] = {name: _ANSWERS[name] for name in challenge["fields"]}
            answer = await callers[step % len(callers)].post(f"{session}/login/answer", json=said)
        return answer

    def _worker_at(self, answer: httpx2.Response) -> int:
        """The worker that has the other end of the connection that brought an answer."""
        here = answer.extensions["network_stream"].get_extra_info("client_addr")[1]
        there = int(self.url.rpartition(":")[2])
        inode = next(
            columns[9]
            for columns in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
            if (_port(columns[1]), _port(columns[2])) == (there, here)
        )
        return next(pid for pid in self.workers if f"socket:[{inode}]" in _open_files(pid))


def workers_of(pid: int) -> list[int]:
    """The children of a process, as Linux lists them."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _open_files(pid: int) -> set[str]:
    found = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # Closed meanwhile.
            found.add(str(path.readlink()))
    return found


@asynccontextmanager
async def crewed(folder: Path, shared: dict[str, str], *, workers: int, **settings: str) -> AsyncIterator[CrewedHouse]:
    """A gateway on the servers that `shared` names, with its masters loaded and logged in at FYERS."""
    with emulated("fyers", "rate_limits=false") as fyers, emulated("hdfc", "rate_limits=false") as hdfc:
        environment = shared | {
            "ORDO_TOKEN": TOKEN,
            "ORDO_MASTER_KEYS": MASTER_KEY,
            "ORDO_BROKERS__FYERS__BASE_URL": fyers["base_url"],
            "ORDO_BROKERS__HDFC__BASE_URL": hdfc["base_url"],
            "ORDO_BROKERS__HDFC__READS_PER_SECOND": "1000",
            "ORDO_HTTP__REQUESTS_PER_SECOND": "100000",
            "ORDO_LIMITS__SOFT__BAND_NOW": "off",
            "ORDO_LIMITS__SOFT__TRIGGER_NOW": "off",
            **settings,
        }
        with Shell(folder).serving("--workers", str(workers), "--json", **environment) as serving:
            house = CrewedHouse(
                url=json.loads(serving.said)["url"],
                first=serving.process.pid,
                fyers=fyers["base_url"].removesuffix("/api/v3"),
                hdfc=hdfc["base_url"],
            )
            async with house.one_at_each() as callers:
                for caller in callers.values():
                    await _has_masters(caller)
                assert (await house.log_in(FYERS, list(callers.values()))).status_code == 201
            yield house


async def _has_masters(caller: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(_REACHED):
        while True:
            told = (await caller.get("/api/v1/status")).json()["masters"]
            if all(one["state"] != "ABSENT" for one in told):
                return
            await asyncio.sleep(0.1)


@contextmanager
def emulated(broker: str, *settings: str) -> Iterator[dict[str, str]]:
    """The emulator of a broker in a process of its own: its addresses."""
    chosen = [part for setting in settings for part in ("--set", setting)]
    process = subprocess.Popen(  # noqa: S603  (our own emulator)
        [sys.executable, "-m", "ordo_emulators", broker, *chosen],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  (one call, before exec)
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said, f"the emulator of {broker} did not start"
        yield json.loads(said)
    finally:
        process.kill()
        process.communicate()


def most_in_a_second(moments: list[datetime]) -> int:
    """The most of some moments, in their order, that lie within any second."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while (moment - moments[first]).total_seconds() >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most
