"""Sessions for as long as this process runs."""

from __future__ import annotations

from ordo.domain.accounts import Account
from ordo.domain.sessions import Session
from ordo.ports.sessions import SessionStore


class MemorySessionStore(SessionStore):
    """For one event loop. Nothing outlives the process, and no token leaves it."""

    def __init__(self) -> None:
        self._sessions: dict[Account, Session] = {}

    async def get(self, account: Account) -> Session | None:
        return self._sessions.get(account)

    async def save(self, session: Session) -> None:
        self._sessions[session.account] = session

    async def delete(self, account: Account) -> None:
        self._sessions.pop(account, None)

    async def all(self) -> tuple[Session, ...]:
        return tuple(self._sessions[account] for account in sorted(self._sessions))
