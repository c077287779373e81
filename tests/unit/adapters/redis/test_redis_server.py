"""What becomes of calls when Redis is away, slow, full, read-only or not to be trusted, and when it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from ordo.adapters.redis import server as module
from ordo.adapters.redis.budget import RedisOrderBudget
from ordo.adapters.redis.cache import RedisPortfolioCache
from ordo.adapters.redis.durability import require_durable
from ordo.adapters.redis.idempotency import RedisIdempotencyStore
from ordo.adapters.redis.leases import RedisLeases
from ordo.adapters.redis.server import RedisServer, Script
from ordo.adapters.redis.sessions import RedisSessionStore
from ordo.adapters.sealing import Sealer, generate_master_key
from ordo.domain.budget import Lane, Pace, Window
from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from ordo.domain.idempotency import IntentState
from tests.contract.values import ACCOUNT, NOW, intent, key, session
from tests.support.redis import TestServer, new_prefix, started_redis, the_redis

PACE = Pace(orders=(Window(seconds=1, limit=8),))
_SET = Script("return redis.call('SET', P .. 'key', ARGV[2])")


@pytest.fixture(scope="module")
def own() -> Iterator[TestServer]:
    """A server that may be ended."""
    server = started_redis()
    yield server
    assert server.child is not None
    server.child.end()


@pytest.fixture
async def redis(own: TestServer) -> AsyncIterator[RedisServer]:
    redis = RedisServer(own.url, prefix=new_prefix())
    await redis.open()
    yield redis
    await redis.close()


async def configure(server: TestServer, *words: str) -> None:
    redis = RedisServer(server.url)
    await redis.open()
    await redis._asked("CONFIG", "SET", *words)
    await redis.close()


async def test_a_server_that_is_stopped_or_killed_serves_again_and_has_lost_nothing(
    own: TestServer, redis: RedisServer
) -> None:
    assert own.child is not None
    store, budget, cache = RedisIdempotencyStore(redis), RedisOrderBudget(redis), RedisPortfolioCache(redis)
    for number, end in enumerate((own.child.stop, own.child.kill)):
        before, away = intent(f"before-{number}", 10 * number), intent(f"away-{number}", 10 * number + 1)
        assert await store.reserve(before, now=NOW) is None
        end()
        for call in (
            lambda away=away: store.reserve(away, now=NOW),
            lambda: store.find(key("any"), now=NOW),
            lambda: budget.take(ACCOUNT, Lane.NEW, PACE, now=NOW),
            lambda: cache.drop(ACCOUNT),
            lambda: RedisLeases(redis).take("order", "one", seconds=1),
            redis.ping,
        ):
            with pytest.raises(Unavailable, match="can't be reached") as caught:
                await call()
            assert caught.value.code is ErrorCode.STORE_UNAVAILABLE
        assert await cache.get(ACCOUNT) is None
        assert await cache.begin(ACCOUNT) == ""
        own.child.start()
        assert await store.find(before.key, now=NOW) == before
        assert store._undoing is not None
        await store._undoing
        assert await store.reserve(away, now=NOW) is None
        assert (await budget.take(ACCOUNT, Lane.NEW, PACE, now=NOW)).free
    assert len(await store.unsettled()) == 4
    await store.close()


async def test_a_server_that_hangs_is_not_waited_for_longer_than_its_time(
    own: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert own.child is not None
    monkeypatch.setattr(module, "_SECONDS", 0.2)
    redis = RedisServer(own.url, prefix=new_prefix())
    await redis.open()
    store, failed = RedisIdempotencyStore(redis), replace(intent("failed", 2), state=IntentState.FAILED)
    await store.reserve(intent("failed", 2), now=NOW)
    await store.settle(failed)
    own.child.suspend()
    try:
        for wanted, instead_of in ((intent(), None), (intent("failed", 3), failed.order_id)):
            with pytest.raises(Unavailable, match="did not answer"):
                await store.reserve(wanted, now=NOW, instead_of=instead_of)
    finally:
        own.child.resume()
    # The server has carried it out after all, for a caller who was told that it is not known and has sent nothing.
    assert store._undoing is not None
    await store._undoing
    assert await store.unsettled() == ()
    assert await store.reserve(intent(), now=NOW) is None
    assert await store.find(failed.key, now=NOW) == failed
    assert await store.placement(ACCOUNT, failed.order_id) == failed
    await store.close()
    await redis.close()


async def test_more_calls_than_connections_wait_for_one_another(redis: RedisServer) -> None:
    await asyncio.gather(*(redis.run(_SET, f"{number}") for number in range(300)))


@pytest.mark.parametrize(
    ("settings", "undo", "reason"),
    [
        (("maxmemory", "1"), ("maxmemory", "0"), "memory is full"),
        (("min-replicas-to-write", "1"), ("min-replicas-to-write", "0"), "too few replicas"),
    ],
)
async def test_a_server_that_takes_no_writes_is_named(
    own: TestServer, redis: RedisServer, settings: tuple[str, ...], undo: tuple[str, ...], reason: str
) -> None:
    await configure(own, *settings)
    with pytest.raises(Unavailable, match=reason) as caught:
        await redis.run(_SET, "canary")
    assert "canary" not in str(caught.value)
    await configure(own, *undo)
    await redis.run(_SET, "value")


async def test_a_script_that_the_server_has_forgotten_is_told_again(redis: RedisServer) -> None:
    await redis.run(_SET, "value")
    await redis._asked("SCRIPT", "FLUSH")
    await redis.run(_SET, "value")


async def test_two_prefixes_share_nothing() -> None:
    async with asyncio.TaskGroup():
        one, two = (RedisServer(the_redis().url, prefix=new_prefix()) for _ in range(2))
        await one.open()
        await two.open()
        await RedisIdempotencyStore(one).reserve(intent(), now=NOW)
        assert await RedisIdempotencyStore(two).find(key(), now=NOW) is None
        await one.close()
        await two.close()


async def test_passing_state_has_a_time_to_live_and_facts_have_none(redis: RedisServer) -> None:
    await RedisOrderBudget(redis).take(ACCOUNT, Lane.NEW, PACE, now=NOW)
    await RedisOrderBudget(redis).strike(ACCOUNT, now=NOW)
    await RedisLeases(redis).take("order", "one", seconds=1)
    await RedisPortfolioCache(redis).drop(ACCOUNT)
    await RedisIdempotencyStore(redis).reserve(intent(), now=NOW)
    await RedisSessionStore(redis, Sealer((generate_master_key(),))).save(session())
    names = await redis._asked("KEYS", f"{redis.prefix}*")
    lasting = {
        name.removeprefix(redis.prefix).partition(":")[0] for name in names if await redis._asked("TTL", name) < 0
    }
    passing = {
        name.removeprefix(redis.prefix).partition(":")[0] for name in names if await redis._asked("TTL", name) > 0
    }
    assert lasting == {"intent", "placed", "placements", "unsettled", "alike", "doubtful", "sessions", "calls"}
    assert passing == {"calls", "latest", "day", "strikes", "lease", "dropped"}


async def test_no_token_is_readable_in_redis(redis: RedisServer) -> None:
    store = RedisSessionStore(redis, Sealer((generate_master_key(),)))
    await store.save(session("canary-token", refresh="canary-refresh"))
    kept = str(await redis._asked("HGETALL", f"{redis.prefix}sessions"))
    assert "canary" not in kept
    with pytest.raises(Unavailable, match="master key"):
        await RedisSessionStore(redis, Sealer((generate_master_key(),))).get(ACCOUNT)
    await redis._asked("HSET", f"{redis.prefix}sessions", str(ACCOUNT), "[]")
    with pytest.raises(Unavailable, match="can't be read"):
        await store.get(ACCOUNT)


@pytest.mark.parametrize(
    "settings",
    [("appendfsync", "everysec"), ("appendonly", "no"), ("maxmemory-policy", "volatile-ttl")],
)
async def test_a_server_that_may_lose_writes_keeps_no_facts_unless_that_is_accepted(
    own: TestServer, redis: RedisServer, caplog: pytest.LogCaptureFixture, settings: tuple[str, str]
) -> None:
    await require_durable(redis, may_lose=False)
    assert caplog.text == ""
    good = await redis.settings(settings[0])
    await configure(own, *settings)
    try:
        with pytest.raises(Unavailable, match=f"{settings[0]} is {settings[1]}") as caught:
            await require_durable(redis, may_lose=False)
        assert "ORDO_STORES__REDIS_MAY_LOSE" in caught.value.message
        await require_durable(redis, may_lose=True)
        assert "may place a second order" in caplog.text
    finally:
        await configure(own, settings[0], good[settings[0]])


async def test_a_server_that_does_not_tell_its_settings_is_not_trusted(own: TestServer) -> None:
    admin = RedisServer(own.url)
    await admin.open()
    await admin._asked("ACL", "SETUSER", "plain", "on", ">canary", "~*", "+@all", "-config")
    redis = RedisServer(f"{own.url}?username=plain&password=canary")
    await redis.open()
    with pytest.raises(Unavailable, match="appendfsync is not told"):
        await require_durable(redis, may_lose=False)
    await redis.close()
    wrong = RedisServer(f"{own.url}?username=plain&password=wrong")
    with pytest.raises(Unavailable, match="refuses this user") as caught:
        await wrong.open()
    assert "canary" not in str(caught.value)
    await admin.close()


@pytest.mark.parametrize("url", ["http://canary", "canary", "redis//canary"])
def test_an_url_that_does_not_serve_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Invalid, match="ORDO_REDIS_URL") as caught:
        RedisServer(url)
    assert "canary" not in str(caught.value)


async def test_a_server_that_is_not_open_serves_nobody(redis: RedisServer) -> None:
    await redis.close()
    await redis.close()
    with pytest.raises(Unavailable, match="not open"):
        await redis.ping()


async def test_a_clock_that_is_set_back_gives_no_places_away(own: TestServer) -> None:
    back = """
local function server_now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2] - 3600000000
end
"""
    prefix = new_prefix()
    now, then = RedisServer(own.url, prefix=prefix), RedisServer(own.url, prefix=prefix, time=back)
    await now.open()
    await then.open()
    budget, set_back = RedisOrderBudget(now), RedisOrderBudget(then)
    for _ in range(6):
        assert (await budget.take(ACCOUNT, Lane.NEW, PACE, now=NOW)).free
    slot = await set_back.take(ACCOUNT, Lane.NEW, PACE, now=NOW)
    assert timedelta() < timedelta(seconds=slot.wait) <= timedelta(seconds=1)
    await now.close()
    await then.close()
