"""What is done to intents in Redis.

One hash an intent, and beside it: who placed an order (`placed`) and who is changing it
(`changing`); the keys in order of time, of what is not settled (`unsettled`), of an account's placements
(`placements`), of what is settled (`expiry`), of placements that look alike and have not failed (`alike`), and of
those of them that are not settled (`doubtful`); and the keys of an order's modifications that have not failed
(`changes`).

None of it has a TTL: what Redis forgets by itself would be a second order.
"""

from __future__ import annotations

from typing import Final

from ordo.adapters.redis.server import Script

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

RESERVE = Script(
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
SETTLE = Script(
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
RELEASE = Script(
    _COMMON
    + """
if redis.call('HGET', P .. 'intent:' .. ARGV[2], 'order_id') == ARGV[3] then drop(ARGV[2]) end
return false
"""
)
UNDO = Script(
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
FIND = Script("return redis.call('HGETALL', P .. 'intent:' .. ARGV[2])")
PLACEMENT = Script(
    """
local key = redis.call('HGET', P .. 'placed', ARGV[2])
if not key then return {} end
return redis.call('HGETALL', P .. 'intent:' .. key)
"""
)
PLACEMENTS = Script(_COMMON + "return all(redis.call('ZRANGEBYSCORE', P .. 'placements:' .. ARGV[2], ARGV[3], '+inf'))")
UNSETTLED = Script(_COMMON + "return all(redis.call('ZRANGE', P .. 'unsettled', 0, -1))")
MODIFICATIONS = Script("return redis.call('SCARD', P .. 'changes:' .. ARGV[2] .. ' ' .. ARGV[3])")
RECORD = Script(
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
PURGE = Script(
    _COMMON
    + """
local keys = redis.call('ZRANGEBYSCORE', P .. 'expiry', '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
for _, key in ipairs(keys) do drop(key) end
return #keys
"""
)
