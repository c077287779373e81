"""The sealed rows of Redis: the sessions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Final

from ordo.adapters.redis.server import RedisServer, Script
from ordo.adapters.redis.sessions import ACCESS, ALL, REFRESH, place_of, unreadable
from ordo.adapters.sealing import Sealer, key_id_of
from ordo.domain.accounts import Account
from ordo.ports.sealed import SealedRows

# Whoever has logged in meanwhile has written another text, which stays.
_RESEAL: Final = Script(
    """
    if redis.call('HGET', P .. 'sessions', ARGV[2]) ~= ARGV[3] then return 0 end
    redis.call('HSET', P .. 'sessions', ARGV[2], ARGV[4])
    return 1
    """
)
_FORGET: Final = Script(
    """
    if redis.call('HGET', P .. 'sessions', ARGV[2]) ~= ARGV[3] then return 0 end
    return redis.call('HDEL', P .. 'sessions', ARGV[2])
    """
)


class RedisSealedRows(SealedRows):
    def __init__(self, server: RedisServer, sealer: Sealer) -> None:
        self._server = server
        self._sealer = sealer

    def key_ids(self) -> tuple[str, ...]:
        return self._sealer.key_ids

    async def in_use(self) -> Mapping[str, int]:
        return Counter(row.key_id for row in await self._rows())

    async def reseal(self, *, limit: int) -> int:
        others = self._sealer.key_ids[1:]
        due = [row for row in await self._rows() if row.key_id in others][:limit]
        for row in due:
            await self._server.run(_RESEAL, str(row.account), row.text, row.sealed_by(self._sealer))
        return len(due)

    async def forget(self) -> int:
        lost = [row for row in await self._rows() if row.key_id not in self._sealer.key_ids]
        for row in lost:
            await self._server.run(_FORGET, str(row.account), row.text)
        return len(lost)

    async def _rows(self) -> list[_Row]:
        return sorted((_Row(text) for text in await self._server.run(ALL)), key=lambda row: row.account)


class _Row:
    """One session as it is kept. Both its tokens are sealed at once, so by one key."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._document = json.loads(text)
            self.account = Account.parse(self._document["account"])
            self.key_id = key_id_of(self._document[ACCESS])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise unreadable() from None

    def sealed_by(self, sealer: Sealer) -> str:
        """The same text, its tokens sealed anew."""
        anew = {
            name: sealer.seal(sealer.open(sealed, place=place), place=place)
            for name in (ACCESS, REFRESH)
            if (sealed := self._document[name]) is not None
            for place in (place_of(self.account, name),)
        }
        return json.dumps(self._document | anew)
