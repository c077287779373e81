"""Leases that all workers share."""

from __future__ import annotations

from typing import Final

from ordo.adapters.redis.server import RedisServer, Script
from ordo.ports.leases import Leases

_MICROSECONDS: Final = 1_000_000

_TAKE = Script(
    """
local at, now = P .. 'lease:' .. ARGV[2], server_now()
local held = redis.call('HMGET', at, 'holder', 'until')
if held[1] and held[1] ~= ARGV[3] and now < tonumber(held[2]) then return 0 end
redis.call('HSET', at, 'holder', ARGV[3], 'until', string.format('%.0f', now + tonumber(ARGV[4])))
redis.call('PEXPIRE', at, math.ceil(tonumber(ARGV[4]) / 1000))
return 1
"""
)
_GIVE_UP = Script(
    """
local at = P .. 'lease:' .. ARGV[2]
if redis.call('HGET', at, 'holder') == ARGV[3] then redis.call('DEL', at) end
return 0
"""
)


class RedisLeases(Leases):
    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def take(self, name: str, holder: str, *, seconds: float) -> bool:
        return bool(await self._server.run(_TAKE, name, holder, round(seconds * _MICROSECONDS)))

    async def give_up(self, name: str, holder: str) -> None:
        await self._server.run(_GIVE_UP, name, holder)
