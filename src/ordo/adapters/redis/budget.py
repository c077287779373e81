"""Budgets that all workers share. Calls stand in sorted sets of an account, `all` and `orders` or `reads`, by the
moment until which each may reach the broker, by the server's clock; what only the day knows is a hash, `strikes`, and
a number, `day`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ordo.adapters.moments import to_microseconds
from ordo.adapters.redis.server import RedisServer, Script
from ordo.domain.accounts import Account
from ordo.domain.budget import SLOWED_SECONDS, SPENT, STOPPED, UNANSWERED_SECONDS, BudgetStanding, Lane, Pace, Slot
from ordo.domain.calendar import trading_day
from ordo.ports.budget import OrderBudget

_SECOND_US: Final = 1_000_000
_OVER: Final = {-1: STOPPED, -2: SPENT}

_COMMON: Final = """
local account, day = ARGV[2], ARGV[3]
local strikes_at = P .. 'strikes:' .. account
local function calls_at(class) return P .. 'calls:' .. class .. ':' .. account end
local latest_at = P .. 'latest:' .. account
-- A server whose clock was set back goes on from the last moment at which it was asked.
local function now_of()
  return math.max(server_now(), tonumber(redis.call('GET', latest_at) or 0))
end
local function strikes()
  local held = redis.call('HMGET', strikes_at, 'day', 'strikes')
  return held[1] == day and tonumber(held[2]) or 0
end
local function slowed_for(now)
  return math.max(0, tonumber(redis.call('HGET', strikes_at, 'slowed_until') or 0) - now)
end
"""

# class, whether to take, the strikes that stop this lane and the day's calls after which none of it is made ('' for
# none), microseconds to keep a call, and how long it may be under way; then for each window: whether it is one of the
# pool, its microseconds, its ceiling, its ceiling when slowed.
_LOOK = Script(
    _COMMON
    + """
local class, take, stop, most = ARGV[4], ARGV[5] == '1', tonumber(ARGV[6]), tonumber(ARGV[7])
local keep, unanswered = tonumber(ARGV[8]), tonumber(ARGV[9])
if stop and strikes() >= stop then return {-1, 0} end
local day_at = P .. 'day:' .. account .. ':' .. day
if most and tonumber(redis.call('GET', day_at) or 0) >= most then return {-2, 0} end
local now = now_of()
local slowed = slowed_for(now) > 0
local wait = 0
for i = 10, #ARGV, 4 do
  local at = calls_at(ARGV[i] == '1' and 'all' or class)
  local ceiling = tonumber(slowed and ARGV[i + 3] or ARGV[i + 2])
  if redis.call('ZCARD', at) >= ceiling then
    local leaving = redis.call('ZRANGE', at, -ceiling, -ceiling, 'WITHSCORES')
    wait = math.max(wait, math.min(now, tonumber(leaving[2])) + tonumber(ARGV[i + 1]) - now)
  end
end
local number = 0
if wait == 0 and take then
  number = redis.call('INCR', P .. 'calls')
  redis.call('SET', latest_at, string.format('%.0f', now), 'PX', math.ceil((keep + unanswered) / 1000) + 1000)
  redis.call('INCR', day_at)
  redis.call('EXPIRE', day_at, 172800)
  for _, each in ipairs(#ARGV > 9 and {class, 'all'} or {}) do
    local at = calls_at(each)
    redis.call('ZADD', at, string.format('%.0f', now + unanswered), number)
    redis.call('ZREMRANGEBYSCORE', at, '-inf', string.format('(%.0f', now - keep))
    redis.call('PEXPIRE', at, math.ceil((keep + unanswered) / 1000) + 1000)
  end
end
return {wait, number}
"""
)
_ANSWERED = Script(
    _COMMON
    + """
local class, number, made = ARGV[4], ARGV[5], ARGV[6] == '1'
local now = now_of()
for _, each in ipairs({class, 'all'}) do
  local at = calls_at(each)
  if made then
    redis.call('ZADD', at, 'XX', 'LT', string.format('%.0f', now), number)
  elseif tonumber(redis.call('ZSCORE', at, number) or 0) > now then
    redis.call('ZREM', at, number)
  end
end
return 0
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
  local now = now_of()
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
    """Redis counts, by its own clock. The day outlives the gateways, and the server as far as its settings make it."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def take(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        return await self._look(account, lane, pace, now, take=True)

    async def peek(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        return await self._look(account, lane, pace, now, take=False)

    async def answered(self, account: Account, lane: Lane, slot: Slot, *, made: bool = True) -> None:
        if slot.number:
            await self._server.run(_ANSWERED, str(account), "", _class(lane), slot.number, int(made))

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
        share = pace.of(lane)
        rooms = *((0, room) for room in share.own), *((1, room) for room in share.pool)
        wait, number = await self._server.run(
            _LOOK,
            str(account),
            _day(now),
            _class(lane),
            int(take and share.is_counted),
            "" if share.strikes_that_stop is None else share.strikes_that_stop,
            "" if share.day_ends_at is None else share.day_ends_at,
            round(max(pace.longest, SLOWED_SECONDS) * _SECOND_US),
            round(UNANSWERED_SECONDS * _SECOND_US),
            *(told for pooled, room in rooms for told in (pooled, room.span_us, room.most, room.most_slowed)),
        )
        if int(wait) in _OVER:
            return _OVER[int(wait)]
        return Slot(wait=int(wait) / _SECOND_US, number=int(number))


def _class(lane: Lane) -> str:
    return "reads" if lane is Lane.READ else "orders"


def _day(now: datetime) -> str:
    return trading_day(now).isoformat()
