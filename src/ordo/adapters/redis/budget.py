"""Budgets that all workers share. Calls stand in two sorted sets an account, `orders` and `reads`, by the moment at
which the server counted them; what only the day knows is a hash, `strikes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ordo.adapters.moments import to_microseconds
from ordo.adapters.redis.server import RedisServer, Script
from ordo.domain.accounts import Account
from ordo.domain.budget import SLOWED_SECONDS, BudgetStanding, Lane, Pace, Slot
from ordo.domain.calendar import trading_day
from ordo.ports.budget import OrderBudget

_SECOND_US: Final = 1_000_000
_STOPPED: Final = -1

_COMMON: Final = """
local account, day = ARGV[2], ARGV[3]
local strikes_at = P .. 'strikes:' .. account
local function calls_at(class) return P .. 'calls:' .. class .. ':' .. account end
-- A server whose clock was set back goes on from the last call that it has counted.
local function now_of(class)
  local last = redis.call('ZRANGE', calls_at(class), -1, -1, 'WITHSCORES')
  return math.max(server_now(), tonumber(last[2] or 0))
end
local function strikes()
  local held = redis.call('HMGET', strikes_at, 'day', 'strikes')
  return held[1] == day and tonumber(held[2]) or 0
end
local function slowed_for(now)
  return math.max(0, tonumber(redis.call('HGET', strikes_at, 'slowed_until') or 0) - now)
end
"""

# class, whether to take, the strikes that stop this lane ('' for none), microseconds to keep a call,
# and for each window: its microseconds, its ceiling, its ceiling when slowed.
_LOOK = Script(
    _COMMON
    + """
local class, take, stop, keep = ARGV[4], ARGV[5] == '1', tonumber(ARGV[6]), tonumber(ARGV[7])
if stop and strikes() >= stop then return -1 end
if #ARGV == 7 then return 0 end
local at, now = calls_at(class), now_of(class)
local slowed = slowed_for(now) > 0
local count, wait = redis.call('ZCARD', at), 0
for i = 8, #ARGV, 3 do
  local ceiling = tonumber(slowed and ARGV[i + 2] or ARGV[i + 1])
  if count >= ceiling then
    local leaving = redis.call('ZRANGE', at, -ceiling, -ceiling, 'WITHSCORES')
    wait = math.max(wait, tonumber(leaving[2]) + tonumber(ARGV[i]) - now)
  end
end
if wait == 0 and take then
  local number = redis.call('INCR', P .. 'calls')
  redis.call('ZADD', at, string.format('%.0f', now), number)
  redis.call('ZREMRANGEBYSCORE', at, '-inf', string.format('(%.0f', now - keep))
  redis.call('PEXPIRE', at, math.ceil(keep / 1000) + 1000)
end
return wait
"""
)
_STRIKE = Script(
    _COMMON
    + """
local moment, minute = tonumber(ARGV[4]), tonumber(ARGV[5])
local now = server_now()
local count, last = strikes(), tonumber(redis.call('HGET', strikes_at, 'struck') or nil)
if not (last and moment - last >= 0 and moment - last < minute) then
  count = count + 1
  redis.call('HSET', strikes_at, 'day', day, 'strikes', count, 'struck', ARGV[4])
end
redis.call('HSET', strikes_at, 'slowed_until', string.format('%.0f', now + minute))
redis.call('EXPIRE', strikes_at, 172800)
return count
"""
)
_STANDING = Script(
    _COMMON
    + """
local second, found = tonumber(ARGV[4]), {}
for _, class in ipairs({'orders', 'reads'}) do
  local now = now_of(class)
  for _, span in ipairs({second, 60 * second}) do
    found[#found + 1] = redis.call('ZCOUNT', calls_at(class), string.format('(%.0f', now - span), '+inf')
  end
end
found[5] = slowed_for(server_now())
found[6] = strikes()
return found
"""
)


class RedisOrderBudget(OrderBudget):
    """Redis counts, by its own clock. Strikes outlive the gateways, and the server as far as its settings make it."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def take(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        return await self._look(account, lane, pace, now, take=True)

    async def peek(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        return await self._look(account, lane, pace, now, take=False)

    async def strike(self, account: Account, *, now: datetime) -> int:
        span = round(SLOWED_SECONDS * _SECOND_US)
        return int(await self._server.run(_STRIKE, str(account), _day(now), to_microseconds(now), span))

    async def standing(self, account: Account, *, now: datetime) -> BudgetStanding:
        told = [int(one) for one in await self._server.run(_STANDING, str(account), _day(now), _SECOND_US)]
        return BudgetStanding(
            orders_last_second=told[0],
            orders_last_minute=told[1],
            reads_last_second=told[2],
            reads_last_minute=told[3],
            slowed_for=told[4] / _SECOND_US,
            strikes=told[5],
        )

    async def _look(self, account: Account, lane: Lane, pace: Pace, now: datetime, *, take: bool) -> Slot:
        stops = lane in (Lane.MODIFY, Lane.NEW) and pace.strikes is not None
        wait = await self._server.run(
            _LOOK,
            str(account),
            _day(now),
            "reads" if lane is Lane.READ else "orders",
            int(take),
            str(pace.strikes) if stops else "",
            round(max(pace.longest, SLOWED_SECONDS) * _SECOND_US),
            *_windows(pace, lane),
        )
        return Slot(stopped=True) if wait == _STOPPED else Slot(wait=int(wait) / _SECOND_US)


def _windows(pace: Pace, lane: Lane) -> Iterable[int]:
    for window in pace.windows(lane):
        yield from (
            round(window.seconds * _SECOND_US),
            window.ceiling(lane, slowed=False),
            window.ceiling(lane, slowed=True),
        )


def _day(now: datetime) -> str:
    return trading_day(now).isoformat()
