"""Where intents are written before they are carried out."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from ordo.domain.accounts import Account
from ordo.domain.idempotency import Apart, Intent, IntentKey
from ordo.domain.orders import Order


class IdempotencyStore(Protocol):
    """The write-ahead record of every write, and so of every order.

    Durability: when `reserve`, `settle` or `release` returns, the change survives the death of the process and of
    the machine, as far as the store's medium allows. A power cut of the next moments, but not the death of the
    process, may leave open an intent that was settled as done and is `findable`. Concurrency: `reserve` is atomic
    across every task and process that shares the store; of any number of callers with one key exactly one is
    answered `None`. Failure: `Unavailable` (`STORE_UNAVAILABLE`), and then nothing was written. Time: the store has
    no clock; an intent is expired when it is settled and `expires_at <= now`. One that is not settled never expires.
    """

    @abstractmethod
    async def reserve(
        self, intent: Intent, *, now: datetime, apart: Apart | None = None, instead_of: str | None = None
    ) -> Intent | None:
        """Write a new intent and return `None`; or return the intent that already holds its key, and write
        nothing.

        An expired holder is replaced. A failed placement of the order id `instead_of` gives up the key, and no more:
        its record stays, and is found by its order id. Raises, and writes nothing: `OrderIdTaken` when a placement's
        order id is in use under another key; `LooksLikeAnother` when a placement is not as far from one that looks
        like it as `apart` asks; `ChangeUnderWay` when another modification of the same order is not settled. All of
        it is atomic across those who share the store.
        """

    @abstractmethod
    async def settle(self, intent: Intent) -> Intent | None:
        """Write what became of a reserved intent (its state, order, answer and failure) and return `None`; or
        return the intent as somebody else has settled it, and write nothing. The first settlement stands.

        Raises `LookupError`, a mistake of the caller, when the key is not reserved for that order.
        """

    @abstractmethod
    async def release(self, key: IntentKey, order_id: str) -> None:
        """Remove an intent that is proven to have had no effect, so that its key may be used again.

        A key that is held for another order, or not at all, is left as it is.
        """

    @abstractmethod
    async def find(self, key: IntentKey, *, now: datetime) -> Intent | None:
        """The intent that holds a key, unless it is expired."""

    @abstractmethod
    async def placement(self, account: Account, order_id: str) -> Intent | None:
        """The intent that placed an order."""

    @abstractmethod
    async def placements(self, account: Account, *, since: datetime) -> tuple[Intent, ...]:
        """The intents that placed orders for an account at or after a moment, oldest first."""

    @abstractmethod
    async def unsettled(self) -> tuple[Intent, ...]:
        """All intents that are open or unknown, oldest first."""

    @abstractmethod
    async def modifications(self, account: Account, order_id: str) -> int:
        """How many modifications of an order were reserved and have not failed."""

    @abstractmethod
    async def record(self, order: Order, *, replacing: Order) -> bool:
        """Keep newer knowledge of a placed order. The answer kept for replays stays.

        Returns `False`, and writes nothing, when the kept order is no longer `replacing` (by `updated_at`) or
        its placement is still open.
        """

    @abstractmethod
    async def purge(self, *, now: datetime, limit: int) -> int:
        """Delete at most `limit` expired intents and return how many were deleted."""


class OrderIdTaken(Exception):
    """The order id of a placement is already in use: make another and reserve again."""


class LooksLikeAnother(Exception):
    """A placement looks like `other`, under another key, and is too close to it."""

    def __init__(self, other: Intent) -> None:
        super().__init__(other.order_id)
        self.other = other


class ChangeUnderWay(Exception):
    """Another modification of the same order is not settled."""
