"""Intents in Redis. One hash an intent, and beside it: who placed an order (`placed`), and the keys in order of time,
of what is not settled (`unsettled`), of an account's placements (`placements`), and of what is settled (`expiry`).

None of it has a TTL: what Redis forgets by itself would be a second order.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from ordo.adapters.documents import CHANGE, FAILURE, ORDER
from ordo.adapters.moments import from_microseconds, to_microseconds
from ordo.adapters.redis.server import RedisServer, Script
from ordo.domain.accounts import Account
from ordo.domain.errors import Unavailable
from ordo.domain.idempotency import Intent, IntentKey, IntentState, Operation
from ordo.domain.orders import Order
from ordo.ports.idempotency import IdempotencyStore, OrderIdTaken

_UNDO_PAUSE_SECONDS: Final = 0.5
_TAKEN: Final = "TAKEN"
_NOT_RESERVED: Final = "NOT RESERVED"

_COMMON: Final = """
local function settled(state) return state == 'DONE' or state == 'FAILED' end
local function fields(first)
  local found = {}
  for i = first, #ARGV, 2 do found[ARGV[i]] = ARGV[i + 1] end
  return found
end
local function drop(key)
  local at = P .. 'intent:' .. key
  local held = redis.call('HMGET', at, 'operation', 'order_id', 'account')
  redis.call('DEL', at)
  redis.call('ZREM', P .. 'unsettled', key)
  redis.call('ZREM', P .. 'expiry', key)
  if held[1] == 'PLACE' then
    redis.call('HDEL', P .. 'placed', held[2])
    redis.call('ZREM', P .. 'placements:' .. held[3], key)
  end
end
local function index(key)
  local held = redis.call('HMGET', P .. 'intent:' .. key, 'state', 'created', 'expires')
  if settled(held[1]) then
    redis.call('ZREM', P .. 'unsettled', key)
    redis.call('ZADD', P .. 'expiry', held[3], key)
  else
    redis.call('ZADD', P .. 'unsettled', held[2], key)
  end
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
local key, now, new = ARGV[2], tonumber(ARGV[3]), fields(4)
local at = P .. 'intent:' .. key
local held = redis.call('HMGET', at, 'state', 'expires')
if held[1] and not (settled(held[1]) and tonumber(held[2]) <= now) then return redis.call('HGETALL', at) end
if new.operation == 'PLACE' then
  local by = redis.call('HGET', P .. 'placed', new.order_id)
  if by and by ~= key then return 'TAKEN' end
end
if held[1] then drop(key) end
redis.call('HSET', at, unpack(ARGV, 4))
index(key)
if new.operation == 'PLACE' then
  redis.call('HSET', P .. 'placed', new.order_id, key)
  redis.call('ZADD', P .. 'placements:' .. new.account, new.created, key)
end
return false
"""
)
_SETTLE = Script(
    _COMMON
    + """
local key, order_id = ARGV[2], ARGV[3]
local at = P .. 'intent:' .. key
local held = redis.call('HMGET', at, 'order_id', 'state')
if held[1] ~= order_id then return 'NOT RESERVED' end
if settled(held[2]) then return redis.call('HGETALL', at) end
redis.call('HDEL', at, 'answer', 'failure')
redis.call('HSET', at, unpack(ARGV, 4))
index(key)
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
        self._doubtful: dict[str, IntentKey] = {}
        self._undoing: asyncio.Task[None] | None = None

    async def reserve(self, intent: Intent, *, now: datetime) -> Intent | None:
        try:
            holder = await self._server.run(_RESERVE, str(intent.key), to_microseconds(now), *_flat(_row(intent)))
        except Unavailable:
            # The answer may be lost, and not the request: who is told so sends nothing, and the record must not stay.
            self._undo(intent)
            raise
        if holder == _TAKEN:
            raise OrderIdTaken
        return _found(holder)

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

    def _undo(self, intent: Intent) -> None:
        self._doubtful[intent.order_id] = intent.key
        if self._undoing is None or self._undoing.done():
            self._undoing = asyncio.get_running_loop().create_task(self._undone())

    async def _undone(self) -> None:
        while self._doubtful:
            order_id, key = next(iter(self._doubtful.items()))
            try:
                await self.release(key, order_id)
            except Unavailable:
                await asyncio.sleep(_UNDO_PAUSE_SECONDS)
            else:
                del self._doubtful[order_id]


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
        "change": None if intent.change is None else CHANGE.dump(intent.change),
        "correlation_id": intent.correlation_id,
        "owner": intent.owner,
        "created": to_microseconds(intent.created_at),
        "expires": to_microseconds(intent.expires_at),
    } | _outcome(intent)


def _intents(answer: list[list[str]]) -> tuple[Intent, ...]:
    return tuple(intent for one in answer if (intent := _found(one)) is not None)


def _found(answer: Any) -> Intent | None:  # noqa: ANN401  (a script's answer)
    if not answer:
        return None
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
