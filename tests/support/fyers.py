"""The FYERS adapter before a host that says what a test tells it to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ordo.adapters.brokers.fyers.adapter import FyersBroker
from ordo.adapters.brokers.fyers.client import FyersClient, Hosts
from ordo.adapters.brokers.fyers.login import FyersLogin
from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.domain.accounts import Account
from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.sessions import Secret, Session
from ordo.testing.contract.line import SpoiltLine
from ordo_emulators.server import Request, Response, serve
from tests.support.clock import MONDAY_MORNING, VirtualClock

PAYLOADS = Path(__file__).parents[1] / "payloads/fyers"
ACCOUNT = Account(adapter_id="fyers", account_id="XA00123")
INFY = InstrumentKey.parse("NSE:INFY")
SBIN = InstrumentKey.parse("NSE:SBIN")
CRUDE = InstrumentKey.parse("MCX:CRUDEOIL:20261216:FUT")


def listed(key: InstrumentKey, token: str, reference: str, *, lot: int = 1, tradable: bool = True) -> Instrument:
    return Instrument(
        key=key,
        kind=Kind.EQUITY if key.expiry is None else Kind.FUTURE,
        name=str(key),
        exchange_token=token,
        lot_size=lot,
        tick_size=Decimal("0.05"),
        as_of=MONDAY_MORNING.date(),
        tradable=tradable,
        references={"fyers": reference},
    )


INSTRUMENTS = (
    listed(INFY, "1594", "NSE:INFY-EQ"),
    listed(SBIN, "3045", "NSE:SBIN-EQ"),
    listed(CRUDE, "560001", "MCX:CRUDEOIL26DECFUT", lot=100),
)
SESSION = Session(
    account=ACCOUNT,
    access_token=Secret("a-token"),
    issued_at=MONDAY_MORNING,
    expires_at=MONDAY_MORNING + timedelta(hours=8),
)


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return found


def payloads() -> list[str]:
    return sorted(path.stem for path in PAYLOADS.glob("*.json"))


class Host:
    """Answers each path with what was set for it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self._answers: dict[str, Response] = {}

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        return self._answers.get(request.path, Response(status=404, content_type="text/plain", body=b"no such page"))

    def says(self, path: str, answer: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self._answers[path] = Response(status=status, body=body, headers=headers or {})

    def shows(self, path: str, name: str) -> None:
        """Answer with a payload."""
        found = payload(name)
        self.says(path, found["answer"], found["status"], found.get("headers"))


class Desk:
    def __init__(self, host: Host, origin: str) -> None:
        self.host = host
        self.clock = VirtualClock()
        self.line = SpoiltLine()
        client = FyersClient(self.line, Hosts(api=f"{origin}/api", data=f"{origin}/data"), app_id="AB12CD34EF-100")
        self.broker = FyersBroker(client=client, instruments=MemoryInstruments(INSTRUMENTS), clock=self.clock)
        self.login = FyersLogin(
            client=client,
            clock=self.clock,
            app_id="AB12CD34EF-100",
            secret=Secret("app-secret-canary"),
            redirect_uri="http://127.0.0.1:8000/callback/fyers",
        )

    @property
    def now(self) -> datetime:
        return self.clock.now()


@asynccontextmanager
async def desk_of_fyers() -> AsyncIterator[Desk]:
    host = Host()
    async with serve(host) as origin:
        desk = Desk(host, origin)
        async with aclosing(desk.line):
            yield desk
