"""Logins under way, for all workers: sealed, and called by a digest of their names."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Final

from ordo.adapters.moments import to_microseconds
from ordo.adapters.redis.server import RedisServer, Script
from ordo.adapters.sealing import Sealer
from ordo.domain.sessions import Secret
from ordo.ports.logins import LoginNotes

# A note is a hash: `until`, in microseconds, and the sealed `text`.
_HELD: Final = """
local at, now = P .. 'login:' .. ARGV[2], tonumber(ARGV[3])
local held = redis.call('HMGET', at, 'until', 'text')
local text = held[1] and tonumber(held[1]) > now and held[2]
"""
_KEEP: Final = Script(
    _HELD
    + """
if text then return 0 end
redis.call('HSET', at, 'until', ARGV[4], 'text', ARGV[5])
redis.call('PEXPIRE', at, math.max(1, math.ceil((tonumber(ARGV[4]) - now) / 1000)))
return 1
"""
)
_FIND: Final = Script(_HELD + "return text")
_TAKE: Final = Script(_HELD + "redis.call('DEL', at)\nreturn text")


class RedisLoginNotes(LoginNotes):
    """As durable as the server's settings make it, which is enough."""

    def __init__(self, server: RedisServer, sealer: Sealer) -> None:
        self._server = server
        self._sealer = sealer

    async def keep(self, name: str, text: Secret, *, until: datetime, now: datetime) -> bool:
        mark = _mark(name)
        sealed = self._sealer.seal(text, place=_place(mark))
        return bool(await self._server.run(_KEEP, mark, to_microseconds(now), to_microseconds(until), sealed))

    async def find(self, name: str, *, now: datetime) -> Secret | None:
        return await self._asked(_FIND, name, now)

    async def take(self, name: str, *, now: datetime) -> Secret | None:
        return await self._asked(_TAKE, name, now)

    async def _asked(self, script: Script, name: str, now: datetime) -> Secret | None:
        mark = _mark(name)
        sealed = await self._server.run(script, mark, to_microseconds(now))
        return None if sealed is None else self._sealer.open(str(sealed), place=_place(mark))


def _mark(name: str) -> str:
    return sha256(f"ordo login {name}".encode(errors="surrogatepass")).hexdigest()


def _place(mark: str) -> str:
    return f"redis|login|{mark}"
