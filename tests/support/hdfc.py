"""The HDFC adapter before its emulator, or before a host that says what a test tells it; and a person who logs in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ordo.adapters.brokers.hdfc.adapter import HdfcBroker
from ordo.adapters.brokers.hdfc.client import Door, HdfcClient
from ordo.adapters.brokers.hdfc.login import HdfcLogin
from ordo.adapters.masters.hdfc import HdfcMaster
from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.adapters.memory.logins import MemoryLoginNotes
from ordo.domain.accounts import Account
from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session
from ordo.ports.clock import Clock
from ordo.schemas.config.brokers import HDFCConfig
from ordo.testing.contract.line import SpoiltLine
from ordo_emulators.control import controlled
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.hdfc.login import ACCOUNT, API_KEY, OTP, PASSWORD, SECRET, USER
from ordo_emulators.hdfc.settings import Settings
from ordo_emulators.server import Request, Response, serve
from tests.support.clock import MONDAY_MORNING, VirtualClock
from tests.support.masters import joined

PAYLOADS = Path(__file__).parents[1] / "payloads/hdfc"
SHARE = InstrumentKey.parse("NSE:BEPL")
OPTION = InstrumentKey.parse("NFO:NIFTY:20260428:26000:CE")
SENSEX = InstrumentKey.parse("BFO:SENSEX:20260430:FUT")
_ANSWERS = {"username": USER, "password": PASSWORD, "otp": OTP, "consent": "yes"}
_KEPT: dict[str, tuple[Instrument, ...]] = {}


def config(origin: str, **settings: object) -> HDFCConfig:
    """For a host at an origin, and in no hurry to wait: time is the test's."""
    return HDFCConfig.model_validate(
        {
            "api_key": API_KEY,
            "api_secret": SECRET,
            "base_url": origin,
            "reads_per_second": 1_000,
            "quote_pause_ms": 0,
            **settings,
        }
    )


def answer_of_person(challenge: LoginChallenge, **changed: str) -> LoginAnswer:
    """What a person who knows everything answers, but for what is changed."""
    assert challenge.kind in (ChallengeKind.PASSWORD, ChallengeKind.OTP, ChallengeKind.CONSENT)
    answers = _ANSWERS | changed
    return LoginAnswer(
        challenge_id=challenge.challenge_id, answers={name: Secret(answers[name]) for name in challenge.fields}
    )


async def instruments(master_url: str, clock: Clock) -> MemoryInstruments:
    """What the emulator lists, read as the gateway reads it; the same for every emulator of this process."""
    if "hdfc" not in _KEPT:
        found, _ = await joined(HdfcMaster(master_url, clock))
        _KEPT["hdfc"] = tuple(found.values())
    return MemoryInstruments(_KEPT["hdfc"])


class Desk:
    """The adapter's rooms, over one line to one host."""

    def __init__(
        self, origin: str, listed: MemoryInstruments, clock: VirtualClock, account: Account, **settings: object
    ) -> None:
        self.clock = clock
        self._listed = listed
        self.line = SpoiltLine()
        self.account = account
        self.config = config(origin, **settings)
        door = Door.of(account.adapter_id, self.config)
        if "orders_per_second" not in settings:
            door = replace(door, orders_per_second=1_000)
        self.client = HdfcClient(door, self.line, clock)
        self.notes = MemoryLoginNotes()
        self.login = HdfcLogin(
            adapter_id=account.adapter_id, config=self.config, client=self.client, notes=self.notes, clock=clock
        )
        self.broker = HdfcBroker(
            adapter_id=account.adapter_id, config=self.config, client=self.client, instruments=listed, clock=clock
        )

    def listed(self) -> list[Instrument]:
        return list(self._listed.directory())

    async def log_in(self) -> Session:
        step = await self.login.begin(self.account)
        while not isinstance(step, Session):
            step = await self.login.answer(step, answer_of_person(step))
        return step


@dataclass(frozen=True, kw_only=True)
class Emulated:
    """A desk before the emulator."""

    desk: Desk
    emulator: HdfcEmulator
    origin: str


@asynccontextmanager
async def emulated(settings: Settings, **configured: object) -> AsyncIterator[Emulated]:
    clock = VirtualClock()
    emulator = HdfcEmulator(clock=clock.now, settings=settings)
    async with serve(controlled(emulator)) as origin:
        listed = await instruments(emulator.urls(origin)["master_url"], clock)
        desk = Desk(origin, listed, clock, Account(adapter_id="hdfc", account_id=ACCOUNT), **configured)
        async with aclosing(desk.line):
            yield Emulated(desk=desk, emulator=emulator, origin=origin)


def listed(key: InstrumentKey, token: str, reference: str, *, lot: int = 1, underlying: str = "") -> Instrument:
    return Instrument(
        key=key,
        kind=Kind.EQUITY if key.expiry is None else Kind.FUTURE if key.right is None else Kind.OPTION,
        name=str(key),
        exchange_token=token,
        lot_size=lot,
        tick_size=Decimal("0.05"),
        as_of=MONDAY_MORNING.date(),
        references={"hdfc": reference},
        facts={"hdfc.underlying": underlying} if underlying else {},
    )


INSTRUMENTS = (
    listed(SHARE, "419", "NSE:EQUITY:BHAENGEQNR"),
    listed(OPTION, "35187", "NSE:OPTIDX:35187", lot=65, underlying="NIFTYEQEQNR"),
    listed(SENSEX, "800001", "BSE:FUTIDX:B800001", lot=20, underlying="SENSEXEQ"),
)
SESSION = Session(
    account=Account(adapter_id="hdfc", account_id="7654321"),
    access_token=Secret("a-token"),
    issued_at=MONDAY_MORNING,
    expires_at=MONDAY_MORNING + timedelta(hours=8),
)


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return found


def payloads() -> list[str]:
    return sorted(path.stem for path in PAYLOADS.glob("*.json"))


@dataclass(kw_only=True)
class Host:
    """Answers everything with what it was told last, or as `rule` says, and remembers what it was asked."""

    asked: list[Request] = field(default_factory=list)
    answer: Response = field(default_factory=Response)
    rule: Callable[[Request], Response] | None = None

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answer if self.rule is None else self.rule(request)

    def shows(self, name: str) -> None:
        """Answer with a payload."""
        found = payload(name)
        self.says(found["answer"], status=found["status"])

    def says(self, answer: object, *, status: int = 200) -> None:
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.answer = Response(status=status, body=body)


@asynccontextmanager
async def told(**configured: object) -> AsyncIterator[tuple[Host, Desk]]:
    """A host and the desk before it."""
    host = Host()
    async with serve(host) as origin:
        desk = Desk(origin, MemoryInstruments(INSTRUMENTS), VirtualClock(), SESSION.account, **configured)
        async with aclosing(desk.line):
            yield host, desk
