"""Intents in Redis. One hash an intent, and beside it: who placed an order (`placed`) and who is changing it
(`changing`); the keys in order of time, of what is not settled (`unsettled`), of an account's placements
(`placements`), of what is settled (`expiry`), of placements that look alike and have not failed (`alike`), and of
those of them that are not settled (`doubtful`); and the keys of an order's modifications that have not failed
(`changes`).

None of it has a TTL: what Redis forgets by itself would be a second order.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Final

from ordo.adapters.documents import CHANGE, FAILURE, ORDER
from ordo.adapters.moments import from_microseconds, to_microseconds
from ordo.adapters.redis.server import RedisServer, Script
from ordo.domain.accounts import Account
from ordo.domain.errors import Unavailable
from ordo.domain.idempotency import Apart, Intent, IntentKey, IntentState, Operation, likeness
from ordo.domain.orders import Order
from ordo.ports.idempotency import ChangeUnderWay, IdempotencyStore, LooksLikeAnother, OrderIdTaken

_UNDO_PAUSE_SECONDS: Final = 0.5
_NOT_RESERVED: Final = "NOT RESERVED"

_COMMON: Final = """
local function settled(state) return state == 'DONE' or state == 'FAILED' end
local function fields(first)
  local found = {}
  for i = first, #ARGV, 2 do found[ARGV[i]] = ARGV[i + 1] end
  return found
end
local function likes(account, likeness) return ':' .. account .. ' ' .. likeness end
local function unindex(key, held)
  redis.call('ZREM', P .. 'unsettled', key)
  redis.call('ZREM', P .. 'expiry', key)
  if held.operation == 'PLACE' then
    redis.call('HDEL', P .. 'placed', held.order_id)
    redis.call('ZREM', P .. 'placements:' .. held.account, key)
    redis.call('ZREM', P .. 'alike' .. likes(held.account, held.likeness), key)
    redis.call('ZREM', P .. 'doubtful' .. likes(held.account, held.likeness), key)
  elseif held.operation == 'MODIFY' then
    redis.call('SREM', P .. 'changes:' .. held.account .. ' ' .. held.order_id, key)
    if not settled(held.state) then redis.call('HDEL', P .. 'changing', held.order_id) end
  end
end
local function index(key, held)
  local is_settled, has_failed = settled(held.state), held.state == 'FAILED'
  if is_settled then redis.call('ZADD', P .. 'expiry', held.expires, key)
  else redis.call('ZADD', P .. 'unsettled', held.created, key) end
  if held.operation == 'PLACE' then
    redis.call('HSET', P .. 'placed', held.order_id, key)
    redis.call('ZADD', P .. 'placements:' .. held.account, held.created, key)
    local name = likes(held.account, held.likeness)
    if not has_failed then redis.call('ZADD', P .. 'alike' .. name, held.created, key) end
    if not is_settled then redis.call('ZADD', P .. 'doubtful' .. name, held.created, key) end
  elseif held.operation == 'MODIFY' then
    if not has_failed then redis.call('SADD', P .. 'changes:' .. held.account .. ' ' .. held.order_id, key) end
    if not is_settled then redis.call('HSET', P .. 'changing', held.order_id, key) end
  end
end
local function get(key)
  local found, held = redis.call('HGETALL', P .. 'intent:' .. key), {}
  for i = 1, #found, 2 do held[found[i]] = found[i + 1] end
  return held
end
local function drop(key)
  unindex(key, get(key))
  redis.call('DEL', P .. 'intent:' .. key)
end
local function rekey(key, new)
  unindex(key, get(key))
  redis.call('RENAME', P .. 'intent:' .. key, P .. 'intent:' .. new)
  redis.call('HSET', P .. 'intent:' .. new, 'key', new)
  index(new, get(new))
end
local function all(keys)
  local found = {}
  for i, key in ipairs(keys) do found[i] = redis.call('HGETALL', P .. 'intent:' .. key) end
  return found
end
"""

_RESERVE = Script(
    _COMMON
    + """
local key, now, instead_of, given_up, after, before, must_be_settled = unpack(ARGV, 2, 8)
local new, at, held = fields(9), P .. 'intent:' .. key, get(key)
local is_expired = held.key and settled(held.state) and tonumber(held.expires) <= tonumber(now)
local gives_up = held.operation == 'PLACE' and held.state == 'FAILED' and held.order_id == instead_of
  and instead_of ~= new.order_id
if held.key and not (is_expired or gives_up) then return {'HELD', redis.call('HGETALL', at)} end
if new.operation == 'PLACE' then
  local by = redis.call('HGET', P .. 'placed', new.order_id)
  if by and by ~= key then return {'TAKEN'} end
  local name = likes(new.account, new.likeness)
  local first, first_rank
  local function consider(others, of_one_basket_too)
    for _, other in ipairs(others) do
      local is_other = other ~= key
      if not of_one_basket_too then is_other = is_other and other:match('[^\\n]*$') ~= key:match('[^\\n]*$') end
      local rank = is_other and redis.call('ZRANK', P .. 'alike' .. name, other)
      if rank and (not first or rank < first_rank) then first, first_rank = other, rank end
    end
  end
  if after ~= '' then
    consider(redis.call('ZRANGEBYSCORE', P .. 'alike' .. name, '(' .. after, '(' .. before), false)
    if must_be_settled == '1' then consider(redis.call('ZRANGE', P .. 'doubtful' .. name, 0, -1), true) end
  end
  if first then return {'ALIKE', redis.call('HGETALL', P .. 'intent:' .. first)} end
elseif new.operation == 'MODIFY' and redis.call('HEXISTS', P .. 'changing', new.order_id) == 1 then
  return {'CHANGING'}
end
if is_expired then drop(key) elseif gives_up then rekey(key, given_up) end
redis.call('HSET', at, unpack(ARGV, 9))
index(key, new)
return {'RESERVED'}
"""
)
_SETTLE = Script(
    _COMMON
    + """
local key, order_id = ARGV[2], ARGV[3]
local at = P .. 'intent:' .. key
local held = get(key)
if held.order_id ~= order_id then return 'NOT RESERVED' end
if settled(held.state) then return redis.call('HGETALL', at) end
unindex(key, held)
redis.call('HDEL', at, 'answer', 'failure')
redis.call('HSET', at, unpack(ARGV, 4))
index(key, get(key))
return false
"""
)
_RELEASE = Script(
    _COMMON
    + """
if redis.call('HGET', P .. 'intent:' .. ARGV[2], 'order_id') == ARGV[3] then drop(ARGV[2]) end
return false
"""
)
_UNDO = Script(
    _COMMON
    + """
local key, order_id, instead_of, given_up = unpack(ARGV, 2, 5)
if get(key).order_id == order_id then
  drop(key)
  if instead_of ~= '' and get(given_up).order_id == instead_of then rekey(given_up, key) end
end
return false
"""
)
_FIND = Script("return redis.call('HGETALL', P .. 'intent:' .. ARGV[2])")
_PLACEMENT = Script(
    """
local key = redis.call('HGET', P .. 'placed', ARGV[2])
if not key then return {} end
return redis.call('HGETALL', P .. 'intent:' .. key)
"""
)
_PLACEMENTS = Script(
    _COMMON + "return all(redis.call('ZRANGEBYSCORE', P .. 'placements:' .. ARGV[2], ARGV[3], '+inf'))"
)
_UNSETTLED = Script(_COMMON + "return all(redis.call('ZRANGE', P .. 'unsettled', 0, -1))")
_MODIFICATIONS = Script("return redis.call('SCARD', P .. 'changes:' .. ARGV[2] .. ' ' .. ARGV[3])")
_RECORD = Script(
    """
local key = redis.call('HGET', P .. 'placed', ARGV[2])
if not key then return 0 end
local at = P .. 'intent:' .. key
local held = redis.call('HMGET', at, 'account', 'state', 'order_updated')
if held[1] ~= ARGV[3] or held[2] == 'OPEN' or held[3] ~= ARGV[4] then return 0 end
redis.call('HSET', at, 'order', ARGV[5], 'order_updated', ARGV[6])
return 1
"""
)
_PURGE = Script(
    _COMMON
    + """
local keys = redis.call('ZRANGEBYSCORE', P .. 'expiry', '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
for _, key in ipairs(keys) do drop(key) end
return #keys
"""
)


class RedisIdempotencyStore(IdempotencyStore):
    """As durable as the server's settings make it; `require_durable` looks at them."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._doubtful: dict[str, tuple[str, ...]] = {}
        self._undoing: asyncio.Task[None] | None = None

    async def reserve(
        self, intent: Intent, *, now: datetime, apart: Apart | None = None, instead_of: str | None = None
    ) -> Intent | None:
        key, given_up = str(intent.key), "" if instead_of is None else str(intent.key.given_up(instead_of))
        instead = (instead_of or "", given_up)
        try:
            met, *found = await self._server.run(
                _RESERVE, key, to_microseconds(now), *instead, *_limits(intent, apart), *_flat(_row(intent))
            )
        except Unavailable:
            # The answer may be lost, and not the request: who is told so sends nothing, and the record must not stay.
            self._undo(intent.order_id, (key, intent.order_id, *instead))
            raise
        if met == "RESERVED":
            return None
        if met == "TAKEN":
            raise OrderIdTaken
        if met == "CHANGING":
            raise ChangeUnderWay
        (holder,) = map(_intent, found)
        if met == "ALIKE":
            raise LooksLikeAnother(holder)
        return holder

    async def settle(self, intent: Intent) -> Intent | None:
        holder = await self._server.run(_SETTLE, str(intent.key), intent.order_id, *_flat(_outcome(intent)))
        if holder == _NOT_RESERVED:
            raise LookupError(f"order {intent.order_id} is not reserved under the key that it is settled for")
        return _found(holder)

    async def release(self, key: IntentKey, order_id: str) -> None:
        await self._server.run(_RELEASE, str(key), order_id)

    async def find(self, key: IntentKey, *, now: datetime) -> Intent | None:
        found = _found(await self._server.run(_FIND, str(key)))
        return None if found is None or (found.state.is_settled and found.expires_at <= now) else found

    async def placement(self, account: Account, order_id: str) -> Intent | None:
        found = _found(await self._server.run(_PLACEMENT, order_id))
        return None if found is None or found.key.account != account else found

    async def placements(self, account: Account, *, since: datetime) -> tuple[Intent, ...]:
        return _intents(await self._server.run(_PLACEMENTS, str(account), to_microseconds(since)))

    async def unsettled(self) -> tuple[Intent, ...]:
        return _intents(await self._server.run(_UNSETTLED))

    async def modifications(self, account: Account, order_id: str) -> int:
        return int(await self._server.run(_MODIFICATIONS, str(account), order_id))

    async def record(self, order: Order, *, replacing: Order) -> bool:
        done = await self._server.run(
            _RECORD,
            order.order_id,
            str(order.account),
            to_microseconds(replacing.updated_at),
            ORDER.dump(order),
            to_microseconds(order.updated_at),
        )
        return bool(done)

    async def purge(self, *, now: datetime, limit: int) -> int:
        return int(await self._server.run(_PURGE, to_microseconds(now), limit))

    async def close(self) -> None:
        """Give up what could not be undone yet: a later start finds it, and looks for it in the broker's book."""
        if self._undoing is not None:
            self._undoing.cancel()
            with suppress(asyncio.CancelledError):
                await self._undoing

    def _undo(self, order_id: str, arguments: tuple[str, ...]) -> None:
        self._doubtful[order_id] = arguments
        if self._undoing is None or self._undoing.done():
            self._undoing = asyncio.get_running_loop().create_task(self._undone())

    async def _undone(self) -> None:
        while self._doubtful:
            order_id, arguments = next(iter(self._doubtful.items()))
            try:
                await self._server.run(_UNDO, *arguments)
            except Unavailable:
                await asyncio.sleep(_UNDO_PAUSE_SECONDS)
            else:
                del self._doubtful[order_id]


def _limits(intent: Intent, apart: Apart | None) -> tuple[str | int, ...]:
    if apart is None:
        return ("", "", 0)
    at, within = intent.created_at, apart.within
    return (to_microseconds(at - within), to_microseconds(at + within), int(apart.settled))


def _flat(row: dict[str, str | int | None]) -> list[str | int]:
    return [part for name, value in row.items() if value is not None for part in (name, value)]


def _outcome(intent: Intent) -> dict[str, str | int | None]:
    return {
        "state": intent.state.value,
        "order": ORDER.dump(intent.order),
        "order_updated": to_microseconds(intent.order.updated_at),
        "answer": None if intent.answer is None else ORDER.dump(intent.answer),
        "failure": None if intent.failure is None else FAILURE.dump(intent.failure),
    }


def _row(intent: Intent) -> dict[str, str | int | None]:
    return {
        "key": str(intent.key),
        "operation": intent.operation.value,
        "fingerprint": intent.fingerprint,
        "account": str(intent.key.account),
        "order_id": intent.order_id,
        "likeness": likeness(intent.order) if intent.operation is Operation.PLACE else None,
        "change": None if intent.change is None else CHANGE.dump(intent.change),
        "correlation_id": intent.correlation_id,
        "owner": intent.owner,
        "created": to_microseconds(intent.created_at),
        "expires": to_microseconds(intent.expires_at),
    } | _outcome(intent)


def _intents(answer: list[list[str]]) -> tuple[Intent, ...]:
    return tuple(_intent(one) for one in answer)


def _found(answer: list[str] | None) -> Intent | None:
    return _intent(answer) if answer else None


def _intent(answer: list[str]) -> Intent:
    row = dict(zip(answer[::2], answer[1::2], strict=True))
    # The key's own text comes last and the principal may hold anything, so the parts are told apart from the end.
    principal, account, route, key = row["key"].rsplit("\n", 3)
    return Intent(
        key=IntentKey(principal=principal, account=Account.parse(account), route=route, key=key),
        operation=Operation(row["operation"]),
        fingerprint=row["fingerprint"],
        order=ORDER.load(row["order"]),
        state=IntentState(row["state"]),
        correlation_id=row["correlation_id"],
        owner=row["owner"],
        created_at=from_microseconds(int(row["created"])),
        expires_at=from_microseconds(int(row["expires"])),
        change=None if "change" not in row else CHANGE.load(row["change"]),
        answer=None if "answer" not in row else ORDER.load(row["answer"]),
        failure=None if "failure" not in row else FAILURE.load(row["failure"]),
    )
