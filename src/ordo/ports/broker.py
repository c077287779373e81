"""What Ordo asks of a broker. Two ports, because logging in has another life cycle than trading."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ordo.domain.accounts import Account
from ordo.domain.book import Acknowledged, BrokerOrder, Snapshot
from ordo.domain.capabilities import Capabilities
from ordo.domain.instruments import InstrumentKey
from ordo.domain.market import Quote
from ordo.domain.orders import OrderTerms
from ordo.domain.portfolio import Funds, Holding, Position, Trade
from ordo.domain.sessions import LoginAnswer, LoginChallenge, Session


class Broker(Protocol):
    """One broker's trading, portfolio and quotes.

    The session is an argument: an adapter keeps no token, so one instance serves every account, and calls may
    run at once.

    Failure of a write (`place`, `modify`, `cancel`). Exactly one of these is raised, by evidence:
    `Unsendable` (such as `Unsupported`) before anything is sent; `NotSent` where it is certain that no
    byte of the request left; `Refused` only on an answer that proves the broker accepted nothing; `OutcomeUnknown` for
    everything else. Whatever else is raised, a bare `Invalid` included, is taken for unknown. A write is sent at
    most once: no retries, no followed redirects.

    Failure of a read: `Refused` (the session or the request was turned down) or `Unavailable`. A failed, cut
    or unreadable read raises; it never returns fewer rows, an empty snapshot or zeros.

    Time: every call ends within the adapter's own timeouts. Cancelling a call closes its connection; a
    cancelled write is unknown.
    """

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this broker offers. Constant for the life of the adapter."""

    @abstractmethod
    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> Acknowledged:
        """Send one order that carries `tag` where the broker can carry it."""

    @abstractmethod
    async def modify(self, session: Session, broker_order_id: str, terms: OrderTerms) -> Acknowledged:
        """Give a live order new terms. Instrument, side and product stay. Absolute in content, so repeating
        it is harmless.
        """

    @abstractmethod
    async def cancel(self, session: Session, broker_order_id: str) -> Acknowledged:
        """Ask for a live order to be cancelled. Repeating it is harmless; an order already at its end is
        `Refused` (`ORDER_NOT_MODIFIABLE`).
        """

    @abstractmethod
    async def orders(self, session: Session) -> Snapshot[BrokerOrder]:
        """The whole order book of the trading day, oldest first, orders of other programs included."""

    @abstractmethod
    async def trades(self, session: Session) -> Snapshot[Trade]:
        """All executions of the trading day, oldest first."""

    @abstractmethod
    async def funds(self, session: Session) -> Funds:
        """What the account can spend."""

    @abstractmethod
    async def positions(self, session: Session) -> Snapshot[Position]:
        """The day's positions, those that were closed today included."""

    @abstractmethod
    async def holdings(self, session: Session) -> Snapshot[Holding]:
        """What is held for delivery."""

    @abstractmethod
    async def quotes(self, session: Session, instruments: tuple[InstrumentKey, ...]) -> tuple[Quote, ...]:
        """The last price of each instrument, in the order asked. Raises when even one is missing."""


class BrokerLogin(Protocol):
    """How a session at a broker comes to be and ends. Passwords and one-time codes live only for the length
    of a call.
    """

    @abstractmethod
    def unattended(self, account: Account) -> bool:
        """Whether `begin` gives this account a session at once, without a person, so that one opens on demand."""

    @abstractmethod
    async def begin(self, account: Account) -> LoginChallenge | Session:
        """Start a login: the first challenge, or a session at once where the broker asks for nothing."""

    @abstractmethod
    async def answer(self, challenge: LoginChallenge, answer: LoginAnswer) -> LoginChallenge | Session:
        """Answer a challenge: the next one, or the session.

        Raises `Refused` (`INVALID_CREDENTIALS`, `INVALID_OTP`, `INVALID_SESSION`) when the broker says no,
        `Unavailable` otherwise. After `INVALID_OTP` and after `NotSent` the same challenge may be answered again until
        it expires; every other failure ends it.
        """

    @abstractmethod
    async def end(self, session: Session) -> None:
        """Log out at the broker where it offers that; already being logged out is success. Raises
        `Unavailable`.
        """
