"""HDFC InvestRight, over a real socket, against the emulator of its API; its book gives the reference back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from ordo.domain.instruments import InstrumentKey
from ordo.domain.sessions import LoginAnswer, LoginChallenge
from ordo.testing.contract.harness import BrokerHarness
from ordo_emulators.hdfc.settings import HoldingsEmpty, ReferenceMode, Settings
from tests.contract.emulated import EmulatedVenue
from tests.support.hdfc import answer_of_person, emulated

PACKAGE = "ordo.adapters.brokers.hdfc"
SHARE = InstrumentKey.parse("NSE:HDFCBANK")


class HdfcHarness(BrokerHarness):
    async def answer(self, challenge: LoginChallenge) -> LoginAnswer:
        return answer_of_person(challenge)


@asynccontextmanager
async def harness(
    reference_mode: ReferenceMode = ReferenceMode.ECHO, holdings_empty: HoldingsEmpty = HoldingsEmpty.LIST
) -> AsyncIterator[BrokerHarness]:
    settings = Settings(
        rate_limits=False, reference_mode=reference_mode, holdings_empty=holdings_empty, has_holdings=False
    )
    async with emulated(settings) as one:
        yield HdfcHarness(
            broker=one.desk.broker,
            login=one.desk.login,
            account=one.desk.account,
            session=await one.desk.log_in(),
            instrument=SHARE,
            lot=1,
            cheap=Decimal("900.00"),
            trigger=Decimal("1020.00"),
            dear=Decimal("1050.00"),
            venue=EmulatedVenue(one.emulator._desk.exchange, one.emulator.faults, one.desk.line, one.desk.clock),
        )
