"""A broker under the test's hand: it keeps a real book, and loses, delays, refuses and hides what it is told to."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from ordo.domain.accounts import Account
from ordo.domain.book import Acknowledged, BrokerOrder, Snapshot
from ordo.domain.capabilities import Capabilities
from ordo.domain.errors import ErrorCode, NotSent, OrdoError, OutcomeUnknown, Refused
from ordo.domain.instruments import InstrumentKey, Venue
from ordo.domain.market import Quote
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Validity
from ordo.domain.portfolio import Funds, Holding, Position, Trade
from ordo.domain.sessions import (
    ChallengeKind,
    LoginAnswer,
    LoginChallenge,
    Secret,
    Session,
)
from ordo.ports.broker import Broker, BrokerLogin
from ordo.ports.clock import Clock

ALL = Capabilities(
    venues=frozenset(venue for venue in Venue if not venue.is_index),
    products=frozenset(Product),
    order_types=frozenset(OrderType),
    validities=frozenset(Validity),
    after_market=True,
    disclosed_quantity=True,
    market_protection=True,
    modify=True,
    tag_echo=True,
    rejected_in_book=True,
    order_history_days=1,
)
PASSWORD = "open sesame"


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """What befalls one call: the broker waits, then fails it, or acts, waits and then loses its answer."""

    wait: asyncio.Event | None = None
    before: BaseException | None = None
    wait_after: asyncio.Event | None = None
    after: BaseException | None = None


def lost() -> OutcomeUnknown:
    return OutcomeUnknown("the connection broke")


def not_sent() -> NotSent:
    return NotSent(ErrorCode.BROKER_UNAVAILABLE, "connection refused")


def refused(code: ErrorCode = ErrorCode.INSUFFICIENT_FUNDS) -> Refused:
    return Refused(code, "The broker refused the order.", native_error="RMS:margin")


class ScriptedBroker(Broker):
    """One account's book. `calls` is what was asked of it, `book` what it accepted, by its own id."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.offers = ALL
        self.book: dict[str, BrokerOrder] = {}
        self.hidden: set[str] = set()
        self.calls: list[str] = []
        self.mishaps: dict[str, deque[Mishap]] = defaultdict(deque)
        self.on_place: Callable[[str], Awaitable[None]] | None = None
        self.unreadable: Exception | None = None
        self.answers_with_row = False
        self.first_status = OrderStatus.OPEN
        self.cancels_late = False
        self.revoked: set[str] = set()
        self.ages: dict[str, timedelta] = {}
        self.held: tuple[Position, ...] = ()
        self.delivered: tuple[Holding, ...] = ()
        self.last_price = Decimal(800)

    @property
    def capabilities(self) -> Capabilities:
        return self.offers

    def next(self, operation: str, mishap: Mishap) -> None:
        self.mishaps[operation].append(mishap)

    def count(self, operation: str) -> int:
        return self.calls.count(operation)

    def tagged(self, tag: str) -> list[BrokerOrder]:
        return [row for row in self.book.values() if row.tag == tag]

    # What happens at the exchange.

    def change(self, broker_order_id: str, **facts: object) -> None:
        row = self.book[broker_order_id]
        self.book[broker_order_id] = replace(row, updated_at=self.clock.now(), **facts)  # type: ignore[arg-type]

    def fill(self, broker_order_id: str, quantity: int, price: Decimal = Decimal("800.00")) -> None:
        """Fill so many more units."""
        row = self.book[broker_order_id]
        filled = row.filled_quantity + quantity
        self.change(
            broker_order_id,
            filled_quantity=filled,
            average_price=price,
            status=OrderStatus.FILLED if filled == row.quantity else OrderStatus.PARTIALLY_FILLED,
        )

    def end(self, broker_order_id: str, status: OrderStatus, message: str | None = None) -> None:
        self.change(broker_order_id, status=status, raw_status=str(status), message=message)

    def external(self, terms: OrderTerms, **facts: object) -> BrokerOrder:
        """An order that another program placed."""
        return self._accept(terms, tag=None, facts=facts)

    # The port.

    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> Acknowledged:
        if self.on_place is not None:
            await self.on_place(tag)
        return await self._write("place", session, lambda: self._accept(terms, tag=tag))

    async def modify(self, session: Session, broker_order_id: str, terms: OrderTerms) -> Acknowledged:
        def act() -> BrokerOrder:
            row = self._live(broker_order_id)
            if terms.quantity <= row.filled_quantity:
                raise Refused(ErrorCode.INVALID_ORDER, "The broker refused: already filled.")
            waiting = OrderStatus.TRIGGER_PENDING if terms.order_type.has_trigger else OrderStatus.OPEN
            self.change(
                broker_order_id,
                quantity=terms.quantity,
                order_type=terms.order_type,
                price=terms.price,
                trigger_price=terms.trigger_price,
                validity=terms.validity,
                status=row.status if row.filled_quantity else waiting,
            )
            return self.book[broker_order_id]

        return await self._write("modify", session, act)

    async def cancel(self, session: Session, broker_order_id: str) -> Acknowledged:
        def act() -> BrokerOrder:
            self._live(broker_order_id)
            if not self.cancels_late:
                self.end(broker_order_id, OrderStatus.CANCELLED)
            return self.book[broker_order_id]

        return await self._write("cancel", session, act)

    async def orders(self, session: Session) -> Snapshot[BrokerOrder]:
        mishap = await self._begin("orders", session)
        rows = tuple(row for row in self.book.values() if row.broker_order_id not in self.hidden)
        if mishap.wait_after is not None:
            await mishap.wait_after.wait()
        return Snapshot(as_of=self._as_of("orders"), items=rows)

    async def trades(self, session: Session) -> Snapshot[Trade]:
        await self._begin("trades", session)
        return Snapshot(as_of=self._as_of("trades"), items=())

    async def funds(self, session: Session) -> Funds:
        await self._begin("funds", session)
        return Funds(
            as_of=self._as_of("funds"), cash=Decimal(1000), available=Decimal(900), metadata={"ledger": "equity"}
        )

    async def positions(self, session: Session) -> Snapshot[Position]:
        await self._begin("positions", session)
        return Snapshot(as_of=self._as_of("positions"), items=self.held)

    async def holdings(self, session: Session) -> Snapshot[Holding]:
        await self._begin("holdings", session)
        return Snapshot(as_of=self._as_of("holdings"), items=self.delivered)

    async def quotes(self, session: Session, instruments: tuple[InstrumentKey, ...]) -> tuple[Quote, ...]:
        await self._begin("quotes", session)
        at = self._as_of("quotes")
        return tuple(Quote(instrument=key, last_price=self.last_price, timestamp=at) for key in instruments)

    def _as_of(self, read: str) -> datetime:
        return self.clock.now() - self.ages.get(read, timedelta())

    def _accept(
        self, terms: OrderTerms, *, tag: str | None, facts: Mapping[str, object] = MappingProxyType({})
    ) -> BrokerOrder:
        number = f"B{len(self.book) + 1}"
        now = self.clock.now()
        row = BrokerOrder(
            broker_order_id=number,
            instrument=terms.instrument,
            side=terms.side,
            quantity=terms.quantity,
            order_type=terms.order_type,
            product=terms.product,
            price=terms.price,
            trigger_price=terms.trigger_price,
            validity=terms.validity,
            status=OrderStatus.TRIGGER_PENDING if terms.order_type.has_trigger else self.first_status,
            raw_status="accepted",
            filled_quantity=0,
            placed_at=now,
            updated_at=now,
            tag=tag if self.offers.tag_echo else None,
        )
        self.book[number] = replace(row, **facts)  # type: ignore[arg-type]
        return self.book[number]

    def _live(self, broker_order_id: str) -> BrokerOrder:
        row = self.book[broker_order_id]
        if row.status is not None and row.status.is_terminal:
            raise Refused(ErrorCode.ORDER_NOT_MODIFIABLE, f"The broker refused: the order is {row.status}.")
        return row

    async def _begin(self, operation: str, session: Session) -> Mishap:
        self.calls.append(operation)
        mishap = self.mishaps[operation].popleft() if self.mishaps[operation] else Mishap()
        if mishap.wait is not None:
            await mishap.wait.wait()
        if mishap.before is not None:
            raise mishap.before
        if session.access_token.reveal() in self.revoked:
            raise Refused(ErrorCode.INVALID_SESSION, "The broker does not know this token.")
        if self.unreadable is not None and operation not in {"place", "modify", "cancel"}:
            raise self.unreadable
        return mishap

    async def _write(self, operation: str, session: Session, act: Callable[[], BrokerOrder]) -> Acknowledged:
        mishap = await self._begin(operation, session)
        row = act()
        if mishap.wait_after is not None:
            await mishap.wait_after.wait()
        if mishap.after is not None:
            raise mishap.after
        return Acknowledged(
            broker_order_id=row.broker_order_id, row=self.book[row.broker_order_id] if self.answers_with_row else None
        )


class ScriptedLogin(BrokerLogin):
    """Logs in by password, or without a person where `is_unattended`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.is_unattended = False
        self.lasts = timedelta(hours=8)
        self.begun = 0
        self.opened = 0
        self.ended: list[Session] = []
        self.logs_in_as: Account | None = None
        self.wait: asyncio.Event | None = None
        self.failure: OrdoError | None = None

    def unattended(self, account: Account) -> bool:  # noqa: ARG002  (all accounts alike)
        return self.is_unattended

    async def begin(self, account: Account) -> LoginChallenge | Session:
        self.begun += 1
        if self.wait is not None:
            await self.wait.wait()
        if self.failure is not None:
            raise self.failure
        if self.is_unattended:
            return self.session(account)
        return LoginChallenge(
            account=account,
            challenge_id=f"challenge-{self.begun}",
            kind=ChallengeKind.PASSWORD,
            expires_at=self.clock.now() + timedelta(minutes=5),
            fields=("password",),
        )

    async def answer(self, challenge: LoginChallenge, answer: LoginAnswer) -> LoginChallenge | Session:
        if self.failure is not None:
            raise self.failure
        if answer.answers.get("password") != Secret(PASSWORD):
            raise Refused(ErrorCode.INVALID_CREDENTIALS, "The broker refused the password.")
        return self.session(challenge.account)

    async def end(self, session: Session) -> None:
        if self.failure is not None:
            raise self.failure
        self.ended.append(session)

    def session(self, account: Account) -> Session:
        now = self.clock.now()
        self.opened += 1
        return Session(
            account=self.logs_in_as or account,
            access_token=Secret(f"token-{self.opened}"),
            issued_at=now,
            expires_at=now + self.lasts,
        )
