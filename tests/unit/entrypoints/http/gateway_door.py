"""A whole gateway behind its HTTP door, in this process: the real container on SQLite, and a paper broker whose line
can fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import httpx2
from dependency_injector import providers
from litestar.types import ASGIApp

from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.adapters.memory.prices import MemoryPrices
from ordo.adapters.paper.broker import PaperBroker
from ordo.adapters.paper.login import PaperLogin
from ordo.application.brokers import BrokerLine, Brokers
from ordo.container.root import Container, container_for
from ordo.domain.accounts import Account
from ordo.domain.book import Acknowledged, BrokerOrder, Snapshot
from ordo.domain.calendar import day_start
from ordo.domain.errors import ErrorCode, OrdoError, OutcomeUnknown, Refused, Unavailable
from ordo.domain.idempotency import Intent
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import OrderTerms
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session
from ordo.entrypoints.http.app import create_app
from ordo.ports.broker import BrokerLogin
from ordo.ports.clock import Clock
from ordo.ports.masters import MasterSource
from ordo.schemas.config.settings import Settings
from tests.support.clock import VirtualClock

TOKEN = "an-invented-token-of-the-tests"
PASSWORD = "an-invented-password"
MASTER_KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"
DEMO = Account.parse("paper/DEMO")
ORDERS = "/api/v1/accounts/paper/DEMO/orders"
SBIN = InstrumentKey.parse("NSE:SBIN")
BUY: Mapping[str, Any] = {
    "instrument": "NSE:SBIN",
    "side": "BUY",
    "quantity": 10,
    "order_type": "LIMIT",
    "product": "CNC",
    "price": "800.00",
    "allow_duplicate": True,
}
RESTING = {**BUY, "price": "700.00"}


class UnreliablePaper(PaperBroker):
    """The paper broker behind a line that can lose a reply, hide the book, refuse, or wait."""

    refusal: OrdoError | None = None
    loses_replies = False
    hides_book = False
    holds: asyncio.Event | None = None

    def __init__(self, **parts: Any) -> None:  # noqa: ANN401  (those of the paper broker)
        super().__init__(**parts)
        self.reached = asyncio.Event()

    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> Acknowledged:
        self.reached.set()
        if self.holds is not None:
            await self.holds.wait()
        if self.refusal is not None:
            raise self.refusal
        answer = await super().place(session, terms, tag=tag)
        if self.loses_replies:
            raise OutcomeUnknown("the reply was lost")
        return answer

    async def orders(self, session: Session) -> Snapshot[BrokerOrder]:
        if self.hides_book:
            raise Unavailable(ErrorCode.BROKER_UNAVAILABLE, "The broker can't be reached.", broker_id="paper")
        return await super().orders(session)


class AskingLogin(BrokerLogin):
    """Asks for a password and then for a one-time code, as real brokers do."""

    def __init__(self, clock: Clock) -> None:
        self._opens = PaperLogin(clock=clock)
        self._clock = clock

    def unattended(self, account: Account) -> bool:  # noqa: ARG002
        return False

    async def begin(self, account: Account) -> LoginChallenge | Session:
        return self._challenge(account, ChallengeKind.PASSWORD, "password")

    async def answer(self, challenge: LoginChallenge, answer: LoginAnswer) -> LoginChallenge | Session:
        if challenge.kind is ChallengeKind.OTP:
            return await self._opens.begin(challenge.account)
        if answer.answers.get("password") != Secret(PASSWORD):
            raise Refused(
                ErrorCode.INVALID_CREDENTIALS,
                "The broker refused the password.",
                broker_id="asks",
                native_error="E-17 wrong password",
            )
        return self._challenge(challenge.account, ChallengeKind.OTP, "otp")

    async def end(self, session: Session) -> None:
        await self._opens.end(session)

    def _challenge(self, account: Account, kind: ChallengeKind, field: str) -> LoginChallenge:
        expires_at = self._clock.now() + timedelta(minutes=5)
        return LoginChallenge(
            account=account, challenge_id=f"challenge-{kind}", kind=kind, expires_at=expires_at, fields=(field,)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The way in, and what stands behind it."""

    http: httpx2.AsyncClient
    app: ASGIApp
    container: Container
    broker: UnreliablePaper
    clock: VirtualClock
    audit: MemoryAuditLog

    async def place(self, body: Mapping[str, Any] = BUY, *, key: str = "k") -> httpx2.Response:
        return await self.http.post(ORDERS, json=dict(body), headers={"Idempotency-Key": key})

    async def intents(self) -> tuple[Intent, ...]:
        """Every placement that was written down today."""
        return await self.container.idempotency_store().placements(DEMO, since=day_start(self.clock.now()))


@asynccontextmanager
async def open_door(
    folder: Path,
    *,
    sources: tuple[MasterSource, ...] = (),
    obeys_hours: bool = False,
    logins: Mapping[str, Callable[[Clock], BrokerLogin]] = MappingProxyType({}),
    limits: Mapping[str, object] = MappingProxyType({}),
) -> AsyncIterator[Door]:
    """A gateway in a folder of its own, at ten o'clock of a Monday that lasts as long as the test likes. `logins` are
    further brokers, by how one logs in there.
    """
    container = container_for(
        Settings.model_validate(
            {
                "token": TOKEN,
                "master_keys": MASTER_KEY,
                "database_url": f"sqlite+aiosqlite:///{folder / 'ordo.db'}",
                "idempotency": {"pursue_seconds": 0},
                "limits": dict(limits),
                # A pause before a further try would last for ever by this clock.
                "resilience": {"read_tries": 1},
            }
        )
    )
    clock, audit, prices = VirtualClock(), MemoryAuditLog(), MemoryPrices()
    prices.quote(SBIN, clock.now(), "780.00", bids=(("779.95", 5000),), asks=(("780.05", 5000),))
    container.clock.override(providers.Object(clock))
    container.master_sources.override(providers.Object(sources))
    container.audit.override(providers.Object(audit))
    broker, other = (
        UnreliablePaper(
            adapter_id=adapter_id,
            journal=container.journal(),
            prices=prices,
            instruments=container.instruments(),
            clock=clock,
        )
        for adapter_id in ("paper", "asks")
    )
    lines = (
        BrokerLine(
            adapter_id="paper",
            kind="paper",
            broker=broker,
            login=PaperLogin(clock=clock, accounts=("DEMO",)),
            obeys_hours=obeys_hours,
        ),
        BrokerLine(adapter_id="asks", kind="paper", broker=other, login=AskingLogin(clock), obeys_hours=False),
        *(
            BrokerLine(adapter_id=name, kind="paper", broker=other, login=login(clock), obeys_hours=False)
            for name, login in logins.items()
        ),
    )
    container.brokers.override(providers.Object(Brokers(lines)))
    app = create_app(container)
    async with alive(app), _client(app) as http:
        yield Door(http=http, app=app, container=container, broker=broker, clock=clock, audit=audit)


def _client(app: ASGIApp) -> httpx2.AsyncClient:
    # A failure that escapes the application fails the test.
    transport = httpx2.ASGITransport(app=cast("Any", app), raise_app_exceptions=True)
    return httpx2.AsyncClient(
        transport=transport, base_url="http://gateway", headers={"Authorization": f"Bearer {TOKEN}"}
    )


@asynccontextmanager
async def alive(app: ASGIApp) -> AsyncIterator[None]:
    """Start and stop an application as a server does."""
    told: asyncio.Queue[Any] = asyncio.Queue()
    answered: asyncio.Queue[Any] = asyncio.Queue()
    scope: Any = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    life = asyncio.ensure_future(app(scope, told.get, answered.put))
    for moment in ("startup", "shutdown"):
        await told.put({"type": f"lifespan.{moment}"})
        assert await answered.get() == {"type": f"lifespan.{moment}.complete"}
        if moment == "startup":
            yield
    await life
