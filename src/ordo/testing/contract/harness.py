"""What an adapter must bring along to be tested: facts and controls, never judgement."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode
from ordo.domain.instruments import InstrumentKey
from ordo.domain.sessions import LoginAnswer, LoginChallenge, Session
from ordo.ports.broker import Broker, BrokerLogin


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """An order as the broker itself holds it, seen past the adapter under test."""

    tag: str | None
    broker_order_id: str
    quantity: int
    filled_quantity: int
    live: bool


class BrokerVenue(Protocol):
    """The far side: what really arrived there, and the faults it can be made to have.

    Of `write_faults` nobody can tell from this side what came of the call, but for `unsent`: those of which certainly
    no byte left. `refusals` are faults by which the broker itself says no to a write or a read, with the code that this
    must become. `book_faults` let a placement succeed and then disturb how the book shows it. A broker without a wire
    declares what it has, and leaves the rest empty.
    """

    write_faults: frozenset[str]
    unsent: frozenset[str]
    refusals: Mapping[str, ErrorCode]
    book_faults: frozenset[str]

    @abstractmethod
    async def orders(self) -> tuple[VenueOrder, ...]:
        """Every order that was accepted, in order of arrival."""

    @abstractmethod
    def read_faults(self, operation: str) -> frozenset[str]:
        """The faults by which this read fails without an answer that says why."""

    @abstractmethod
    async def fault(self, operation: str, fault: str) -> None:
        """Let the next call of an operation (`place`, `modify`, `cancel`, `orders`, `positions`, …) go wrong."""

    @abstractmethod
    def reached(self, fault: str) -> bool:
        """Whether a write with this fault is carried out at the venue all the same."""

    @abstractmethod
    async def settle(self) -> None:
        """Let so much time pass that the book shows whatever was late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerHarness:
    """One adapter in working order.

    A limit purchase of `lot` units of `instrument` rests at `cheap` and fills at `dear`; `trigger` is above the last
    price and below `dear`. The account holds none of `instrument`.
    """

    broker: Broker
    login: BrokerLogin
    account: Account
    session: Session
    instrument: InstrumentKey
    lot: int
    cheap: Decimal
    trigger: Decimal
    dear: Decimal
    venue: BrokerVenue

    async def answer(self, challenge: LoginChallenge) -> LoginAnswer:
        """What a person would answer; a broker that asks for nothing is never asked."""
        raise AssertionError(challenge)
