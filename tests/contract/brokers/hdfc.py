"""HDFC InvestRight, over a real socket, against the emulator of its API; its book gives the reference back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from ordo.adapters.brokers.hdfc.adapter import HdfcBroker
from ordo.adapters.brokers.hdfc.client import Door, HdfcClient
from ordo.adapters.brokers.hdfc.login import HdfcLogin
from ordo.domain.accounts import Account
from ordo.domain.instruments import InstrumentKey
from ordo.domain.sessions import LoginAnswer, LoginChallenge, Session
from ordo_emulators.control import controlled
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.hdfc.login import ACCOUNT
from ordo_emulators.hdfc.settings import HoldingsEmpty, ReferenceMode, Settings
from ordo_emulators.server import serve
from tests.contract.emulated import EmulatedVenue
from tests.contract.harness import BrokerHarness
from tests.support.clock import VirtualClock
from tests.support.hdfc import answer_of_person, config, instruments
from tests.support.line import SpoiltLine

PACKAGE = "ordo.adapters.brokers.hdfc"
SHARE = InstrumentKey.parse("NSE:HDFCBANK")


class HdfcHarness(BrokerHarness):
    async def answer(self, challenge: LoginChallenge) -> LoginAnswer:
        return answer_of_person(challenge)


@asynccontextmanager
async def harness(
    reference_mode: ReferenceMode = ReferenceMode.ECHO, holdings_empty: HoldingsEmpty = HoldingsEmpty.LIST
) -> AsyncIterator[BrokerHarness]:
    clock = VirtualClock()
    settings = Settings(
        rate_limits=False, reference_mode=reference_mode, holdings_empty=holdings_empty, has_holdings=False
    )
    emulator = HdfcEmulator(clock=clock.now, settings=settings)
    async with serve(controlled(emulator)) as origin:
        line = SpoiltLine()
        chosen = config(origin)
        client = HdfcClient(Door.of("hdfc", chosen), line, clock)
        login = HdfcLogin(adapter_id="hdfc", config=chosen, client=client, clock=clock)
        account = Account(adapter_id="hdfc", account_id=ACCOUNT)
        step = await login.begin(account)
        while not isinstance(step, Session):
            step = await login.answer(step, answer_of_person(step))
        yield HdfcHarness(
            broker=HdfcBroker(
                adapter_id="hdfc",
                config=chosen,
                client=client,
                instruments=await instruments(emulator.urls(origin)["master_url"], clock),
                clock=clock,
            ),
            login=login,
            account=account,
            session=step,
            instrument=SHARE,
            lot=1,
            cheap=Decimal("900.00"),
            trigger=Decimal("1020.00"),
            dear=Decimal("1050.00"),
            venue=EmulatedVenue(emulator._desk.exchange, emulator.faults, line, clock),
        )
        await line.aclose()
