"""The paper broker, over the memory journal and a market told by hand. Its only line that can fail is the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.adapters.memory.journal import MemoryJournal
from ordo.adapters.memory.prices import MemoryPrices
from ordo.adapters.paper.broker import PaperBroker
from ordo.adapters.paper.catalogue import load_catalogue
from ordo.adapters.paper.login import PaperLogin
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.instruments import InstrumentKey
from ordo.domain.sessions import Session
from ordo.ports.journal import Entry, Journal
from ordo.testing.contract.harness import BrokerHarness, BrokerVenue, VenueOrder
from tests.support.clock import VirtualClock

PACKAGE = "ordo.adapters.paper"
SHARE = InstrumentKey.parse("NSE:SBIN")


class BreakableJournal(Journal):
    """A journal that fails when told to: before anything is written, as its port promises."""

    def __init__(self, inner: Journal) -> None:
        self._inner = inner
        self.broken: str | None = None

    def _fail(self, part: str) -> None:
        if self.broken == part:
            self.broken = None
            raise Unavailable(ErrorCode.STORE_UNAVAILABLE, "the journal is away; nothing was written")

    async def read(self, stream: str, *, after: int) -> tuple[Entry, ...]:
        self._fail("read")
        return await self._inner.read(stream, after=after)

    async def append(self, stream: str, entries: tuple[Entry, ...]) -> bool:
        self._fail("append")
        return await self._inner.append(stream, entries)

    async def checkpoint(self, stream: str) -> Entry | None:
        return await self._inner.checkpoint(stream)

    async def save_checkpoint(self, stream: str, checkpoint: Entry) -> None:
        await self._inner.save_checkpoint(stream, checkpoint)


class PaperVenue(BrokerVenue):
    """Looks at the exchange through a second broker on the same journal."""

    write_faults = unsent = frozenset({"read", "append"})
    refusals: Mapping[str, ErrorCode] = {}
    book_faults = frozenset[str]()

    def __init__(self, witness: PaperBroker, session: Session, journal: BreakableJournal) -> None:
        self._witness = witness
        self._session = session
        self._journal = journal

    async def orders(self) -> tuple[VenueOrder, ...]:
        return tuple(
            VenueOrder(
                tag=row.tag,
                broker_order_id=row.broker_order_id,
                quantity=row.quantity,
                filled_quantity=row.filled_quantity,
                live=row.status is not None and row.status.is_live,
            )
            for row in (await self._witness.orders(self._session)).items
        )

    def read_faults(self, operation: str) -> frozenset[str]:
        return frozenset() if operation == "quotes" else frozenset({"read"})

    async def fault(self, operation: str, fault: str) -> None:  # noqa: ARG002  (one line serves them all)
        self._journal.broken = fault

    def reached(self, fault: str) -> bool:  # noqa: ARG002
        return False

    async def settle(self) -> None:
        """Nothing is late here."""


@asynccontextmanager
async def harness() -> AsyncIterator[BrokerHarness]:
    clock = VirtualClock()
    prices = MemoryPrices()
    prices.quote(SHARE, clock.now(), "780.00", bids=(("779.95", 5000),), asks=(("780.05", 5000),))
    instruments = MemoryInstruments(load_catalogue())
    kept = MemoryJournal()
    journal = BreakableJournal(kept)
    login = PaperLogin(clock=clock)
    account = Account.parse("paper/DEMO")
    session = await login.begin(account)
    if not isinstance(session, Session):
        raise TypeError("the paper login asks for nothing")
    broker, witness = (
        PaperBroker(adapter_id="paper", journal=line, prices=prices, instruments=instruments, clock=clock)
        for line in (journal, kept)
    )
    yield BrokerHarness(
        broker=broker,
        login=login,
        account=account,
        session=session,
        instrument=SHARE,
        lot=1,
        cheap=Decimal("700.00"),
        trigger=Decimal("790.00"),
        dear=Decimal("800.00"),
        venue=PaperVenue(witness, session, journal),
    )
