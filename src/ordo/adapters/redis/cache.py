"""Portfolios of the last seconds, shared by all workers."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from ordo.adapters.documents import Document
from ordo.adapters.redis.server import RedisServer, Script
from ordo.domain.accounts import Account
from ordo.domain.errors import Unavailable
from ordo.domain.portfolio import Portfolio
from ordo.ports.cache import PortfolioCache

_log = logging.getLogger(__name__)
_PORTFOLIO: Final = Document("portfolio", TypeAdapter(Portfolio))
_MICROSECOND: Final = timedelta(microseconds=1)
_NO_TICKET: Final = ""
_TICKET_MS: Final = 3_600_000

_GET = Script(
    """
local held = redis.call('HMGET', P .. 'portfolio:' .. ARGV[2], 'until', 'document')
if not held[1] or server_now() >= tonumber(held[1]) then return false end
return held[2]
"""
)
# A ticket is the mark that stands since the last drop, and the moment: a mark that Redis has lost fits no ticket.
_BEGIN = Script(
    """
local mark = P .. 'dropped:' .. ARGV[2]
redis.call('SET', mark, ARGV[3], 'NX', 'PX', ARGV[4])
return redis.call('GET', mark) .. ' ' .. string.format('%.0f', server_now())
"""
)
_KEEP = Script(
    """
local at, left = P .. 'portfolio:' .. ARGV[2], tonumber(ARGV[5]) - server_now()
if left <= 0 or redis.call('GET', P .. 'dropped:' .. ARGV[2]) ~= ARGV[3] then return false end
redis.call('HSET', at, 'until', ARGV[5], 'document', ARGV[4])
redis.call('PEXPIRE', at, math.ceil(left / 1000))
return false
"""
)
_DROP = Script(
    """
redis.call('SET', P .. 'dropped:' .. ARGV[2], ARGV[3], 'PX', ARGV[4])
redis.call('DEL', P .. 'portfolio:' .. ARGV[2])
return false
"""
)


class RedisPortfolioCache(PortfolioCache):
    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def get(self, account: Account) -> Portfolio | None:
        try:
            text = await self._server.run(_GET, str(account))
            return None if text is None else _PORTFOLIO.load(text)
        except Unavailable as error:
            _log.warning("the portfolio cache is passed by: %s", error.message)
            return None

    async def begin(self, account: Account) -> str:
        try:
            return str(await self._server.run(_BEGIN, str(account), secrets.token_hex(8), _TICKET_MS))
        except Unavailable:
            return _NO_TICKET

    async def keep(self, account: Account, portfolio: Portfolio, *, ticket: str, ttl: timedelta) -> None:
        mark, _, began = ticket.partition(" ")
        if ticket != _NO_TICKET:
            until = int(began) + ttl // _MICROSECOND
            with suppress(Unavailable):
                await self._server.run(_KEEP, str(account), mark, _PORTFOLIO.dump(portfolio), until)

    async def drop(self, account: Account) -> None:
        await self._server.run(_DROP, str(account), secrets.token_hex(8), _TICKET_MS)
