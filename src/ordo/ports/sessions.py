"""Where sessions are kept."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ordo.domain.accounts import Account
from ordo.domain.sessions import Session


class SessionStore(Protocol):
    """One session an account. The store keeps expired ones until they are replaced or deleted; whoever asks
    decides by the time.

    Failure: `Unavailable` (`STORE_UNAVAILABLE`) when the store can't be reached or a stored token can't be
    opened; never `None` instead. Concurrency: the last `save` wins; a `save` that returned is seen by every
    later `get`, in every process that shares the store.
    """

    @abstractmethod
    async def get(self, account: Account) -> Session | None:
        """The account's session, or `None` where there never was one or it was deleted."""

    @abstractmethod
    async def save(self, session: Session) -> None:
        """Keep a session in place of the account's former one."""

    @abstractmethod
    async def delete(self, account: Account) -> None:
        """Forget the account's session; nothing to forget is success."""

    @abstractmethod
    async def all(self) -> tuple[Session, ...]:
        """Every session, by account."""
