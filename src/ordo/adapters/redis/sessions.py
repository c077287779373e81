"""Sessions in Redis, their tokens sealed: one hash, with a field an account."""

from __future__ import annotations

import json
from typing import Final

from ordo.adapters.documents import METADATA
from ordo.adapters.moments import from_microseconds, to_microseconds
from ordo.adapters.redis.server import RedisServer, Script
from ordo.adapters.sealing import Sealer
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.sessions import Secret, Session
from ordo.ports.sessions import SessionStore

ACCESS: Final = "access_token"
REFRESH: Final = "refresh_token"

_GET = Script("return redis.call('HGET', P .. 'sessions', ARGV[2])")
_SAVE = Script("return redis.call('HSET', P .. 'sessions', ARGV[2], ARGV[3])")
_DELETE = Script("return redis.call('HDEL', P .. 'sessions', ARGV[2])")
ALL = Script("return redis.call('HVALS', P .. 'sessions')")


class RedisSessionStore(SessionStore):
    """As durable as the server's settings make it; `require_durable` looks at them."""

    def __init__(self, server: RedisServer, sealer: Sealer) -> None:
        self._server = server
        self._sealer = sealer

    async def get(self, account: Account) -> Session | None:
        text = await self._server.run(_GET, str(account))
        return None if text is None else self._session(text)

    async def save(self, session: Session) -> None:
        refresh = session.refresh_token
        document = {
            "account": str(session.account),
            ACCESS: self._sealer.seal(session.access_token, place=place_of(session.account, ACCESS)),
            REFRESH: None if refresh is None else self._sealer.seal(refresh, place=place_of(session.account, REFRESH)),
            "issued": to_microseconds(session.issued_at),
            "expires": to_microseconds(session.expires_at),
            "suspect": session.suspect,
            "metadata": METADATA.dump(session.metadata),
        }
        await self._server.run(_SAVE, str(session.account), json.dumps(document))

    async def delete(self, account: Account) -> None:
        await self._server.run(_DELETE, str(account))

    async def all(self) -> tuple[Session, ...]:
        sessions = [self._session(text) for text in await self._server.run(ALL)]
        return tuple(sorted(sessions, key=lambda session: session.account))

    def _session(self, text: str) -> Session:
        try:
            row = json.loads(text)
            account = Account.parse(row["account"])
            access, refresh = str(row[ACCESS]), row[REFRESH]
            issued, expires = from_microseconds(row["issued"]), from_microseconds(row["expires"])
            suspect, metadata = bool(row["suspect"]), str(row["metadata"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise unreadable() from None
        return Session(
            account=account,
            access_token=self._open(access, account, ACCESS),
            refresh_token=None if refresh is None else self._open(str(refresh), account, REFRESH),
            issued_at=issued,
            expires_at=expires,
            suspect=suspect,
            metadata=METADATA.load(metadata),
        )

    def _open(self, sealed: str, account: Account, field: str) -> Secret:
        return self._sealer.open(sealed, place=place_of(account, field))


def unreadable() -> Unavailable:
    """What to raise for a row that is none of a session's."""
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        "A stored session can't be read: it was altered, or written by another version of Ordo. Nothing was"
        " sent by this call. Log in again.",
    )


def place_of(account: Account, field: str) -> str:
    """What a token is sealed to, so that it opens nowhere else."""
    return f"redis|{account.adapter_id}|{account.account_id}|{field}"
