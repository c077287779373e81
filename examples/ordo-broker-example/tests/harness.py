"""The adapter before its emulator: facts and controls, no judgement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal

from ordo_broker_example.adapter import LotusBroker
from ordo_broker_example.client import LotusClient
from ordo_broker_example.emulator import PIN, USER, Lotus
from ordo_broker_example.login import LotusLogin

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode
from ordo.domain.instruments import InstrumentKey
from ordo.domain.sessions import LoginAnswer, LoginChallenge, Secret, Session
from ordo.testing.clock import SkippingClock
from ordo.testing.contract import BrokerHarness, BrokerVenue, SpoiltLine, VenueOrder
from ordo_emulators.faults import Fault, Operation, sensible
from ordo_emulators.server import serve

NOBODY_THERE = "connection_refused"
_REFUSALS: dict[str, ErrorCode] = {
    Fault.RATE_LIMITED: ErrorCode.RATE_LIMITED,
    Fault.EXPIRED_SESSION: ErrorCode.INVALID_SESSION,
}
_OF_THE_BOOK = frozenset({Fault.LATE_IN_BOOK, Fault.NO_TAG_ECHO})


class LotusVenue(BrokerVenue):
    write_faults = sensible(Operation.CANCEL) - _REFUSALS.keys() | {NOBODY_THERE}
    unsent = frozenset({NOBODY_THERE})
    refusals: Mapping[str, ErrorCode] = _REFUSALS
    book_faults = frozenset({Fault.NO_TAG_ECHO})

    def __init__(self, lotus: Lotus, line: SpoiltLine) -> None:
        self._lotus = lotus
        self._line = line

    def read_faults(self, operation: str) -> frozenset[str]:
        return sensible(Operation(operation)) - _REFUSALS.keys() - _OF_THE_BOOK | {NOBODY_THERE}

    async def orders(self) -> tuple[VenueOrder, ...]:
        return tuple(
            VenueOrder(
                tag=order.ref,
                broker_order_id=order.id,
                quantity=order.qty,
                filled_quantity=order.done,
                live=order.status == "OPEN",
            )
            for order in self._lotus.orders
        )

    async def fault(self, operation: str, fault: str) -> None:
        if fault == NOBODY_THERE:
            self._line.find_nobody()
            return
        if fault in (Fault.TIMEOUT_BEFORE_ACCEPT, Fault.TIMEOUT_AFTER_ACCEPT):
            self._line.hurry()
        self._lotus.faults.arm(operation, fault)

    def reached(self, fault: str) -> bool:
        return fault.endswith("_after_accept") or fault == Fault.UNKNOWN_CODE

    async def settle(self) -> None:
        """Nothing is late here."""


class LotusHarness(BrokerHarness):
    async def answer(self, challenge: LoginChallenge) -> LoginAnswer:
        return LoginAnswer(challenge_id=challenge.challenge_id, answers={"pin": Secret(PIN)})


@asynccontextmanager
async def harness() -> AsyncIterator[BrokerHarness]:
    clock = SkippingClock()
    lotus = Lotus(now=clock.now)
    async with serve(lotus) as origin, aclosing(SpoiltLine()) as line:
        client = LotusClient(line, origin)
        login = LotusLogin(client, clock)
        account = Account(adapter_id="lotus", account_id=USER)
        challenge = await login.begin(account)
        assert isinstance(challenge, LoginChallenge)
        session = await login.answer(
            challenge, LoginAnswer(challenge_id=challenge.challenge_id, answers={"pin": Secret(PIN)})
        )
        assert isinstance(session, Session)
        yield LotusHarness(
            broker=LotusBroker(client, clock),
            login=login,
            account=account,
            session=session,
            instrument=InstrumentKey.parse("NSE:SBIN"),
            lot=1,
            cheap=Decimal("90.00"),
            trigger=Decimal("101.00"),
            dear=Decimal("105.00"),
            venue=LotusVenue(lotus, line),
        )
