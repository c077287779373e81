"""FYERS, over a real socket, against the emulator of its API: a second reading of the same documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from ordo.adapters.brokers.fyers.adapter import FyersBroker
from ordo.adapters.brokers.fyers.client import FyersClient, Hosts
from ordo.adapters.brokers.fyers.login import FyersLogin
from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpRequest
from ordo.adapters.masters.fyers import FyersMaster
from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.domain.accounts import Account
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.sessions import LoginAnswer, LoginChallenge, Secret, Session
from ordo.testing.contract.harness import BrokerHarness
from ordo.testing.contract.line import SpoiltLine
from ordo_emulators.control import controlled
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.fyers.login import ACCOUNT, APP_ID, SECRET
from ordo_emulators.fyers.settings import Settings
from ordo_emulators.server import serve
from tests.contract.emulated import EmulatedVenue
from tests.support.clock import VirtualClock
from tests.support.masters import joined

PACKAGE = "ordo.adapters.brokers.fyers"
SHARE = InstrumentKey.parse("NSE:HDFCBANK")
_UNLIMITED = Settings(rate_limits=False)
_KEPT: dict[str, tuple[Instrument, ...]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FyersHarness(BrokerHarness):
    emulator: FyersEmulator
    clock: VirtualClock

    async def answer(self, challenge: LoginChallenge) -> LoginAnswer:
        return await answer_of_page(challenge)


async def answer_of_page(challenge: LoginChallenge) -> LoginAnswer:
    """Goes where a browser would go, and brings back the address to which the page sends it."""
    assert challenge.login_url is not None
    browser = HttpClient()
    try:
        page = await browser.send(HttpRequest(method="GET", url=challenge.login_url))
    finally:
        await browser.aclose()
    return LoginAnswer(challenge_id=challenge.challenge_id, redirect_url=Secret(page.headers["location"]))


async def instruments(master_url: str) -> MemoryInstruments:
    """What the emulator lists, read as the gateway reads it; the same for every emulator of this process."""
    if "fyers" not in _KEPT:
        found, _ = await joined(FyersMaster(master_url))
        _KEPT["fyers"] = tuple(found.values())
    return MemoryInstruments(_KEPT["fyers"])


@asynccontextmanager
async def harness(settings: Settings = _UNLIMITED) -> AsyncIterator[FyersHarness]:
    clock = VirtualClock()
    emulator = FyersEmulator(clock=clock.now, settings=settings)
    async with serve(controlled(emulator)) as origin, aclosing(SpoiltLine()) as line:
        urls = emulator.urls(origin)
        client = FyersClient(line, Hosts(api=urls["base_url"], data=urls["data_url"]), app_id=APP_ID)
        login = FyersLogin(
            client=client, clock=clock, app_id=APP_ID, secret=Secret(SECRET), redirect_uri="http://127.0.0.1/callback"
        )
        account = Account(adapter_id="fyers", account_id=ACCOUNT)
        challenge = await login.begin(account)
        assert isinstance(challenge, LoginChallenge)
        session = await login.answer(challenge, await answer_of_page(challenge))
        assert isinstance(session, Session)
        yield FyersHarness(
            broker=FyersBroker(client=client, instruments=await instruments(urls["master_url"]), clock=clock),
            login=login,
            account=account,
            session=session,
            instrument=SHARE,
            lot=1,
            cheap=Decimal("900.00"),
            trigger=Decimal("1020.00"),
            dear=Decimal("1050.00"),
            emulator=emulator,
            clock=clock,
            venue=EmulatedVenue(emulator._desk.exchange, emulator.faults, line, clock),
        )
