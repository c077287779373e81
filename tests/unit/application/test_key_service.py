from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ordo.adapters.memory.sealed import MemorySealedRows
from ordo.adapters.redis.sealed import RedisSealedRows
from ordo.adapters.redis.server import RedisServer
from ordo.adapters.redis.sessions import RedisSessionStore
from ordo.adapters.sealing import Sealer, generate_master_key
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.sealed import SqlSealedRows
from ordo.adapters.sql.sessions import SqlSessionStore
from ordo.application.keys import KeyService
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import Unavailable
from ordo.domain.sessions import Secret
from ordo.ports.sealed import SealedRows
from tests.support.clock import quiet
from tests.support.house import House
from tests.support.redis import new_prefix, the_redis

OLD, NEW, LOST = generate_master_key(), generate_master_key(), generate_master_key()
ACCOUNTS = tuple(Account(adapter_id="fyers", account_id=f"XY{number}") for number in range(230))


def ids(*keys: Secret) -> tuple[str, ...]:
    return Sealer(keys).key_ids


@asynccontextmanager
async def memory(_: Path, sealed_by: dict[Account, Secret], *at_hand: Secret) -> AsyncIterator[SealedRows]:
    rows = {str(account): ids(key)[0] for account, key in sealed_by.items()}
    yield MemorySealedRows(ids(*at_hand), rows)


@asynccontextmanager
async def sqlite(folder: Path, sealed_by: dict[Account, Secret], *at_hand: Secret) -> AsyncIterator[SealedRows]:
    database = Database(f"sqlite:///{folder / 'ordo.db'}")
    await database.open()
    house = House()
    sessions = {account: house.login.session(account) for account in sealed_by}
    try:
        for account, key in sealed_by.items():
            await SqlSessionStore(database, Sealer((key,))).save(sessions[account])
        yield SqlSealedRows(database, Sealer(at_hand))
        opens = SqlSessionStore(database, Sealer(at_hand))
        for account in [account for account, key in sealed_by.items() if key in at_hand]:
            assert await opens.get(account) == sessions[account]
    finally:
        await database.close()


@asynccontextmanager
async def redis(_: Path, sealed_by: dict[Account, Secret], *at_hand: Secret) -> AsyncIterator[SealedRows]:
    server = RedisServer(the_redis().url, prefix=new_prefix())
    await server.open()
    house = House()
    sessions = {account: house.login.session(account) for account in sealed_by}
    try:
        for account, key in sealed_by.items():
            await RedisSessionStore(server, Sealer((key,))).save(sessions[account])
        yield RedisSealedRows(server, Sealer(at_hand))
        opens = RedisSessionStore(server, Sealer(at_hand))
        for account in [account for account, key in sealed_by.items() if key in at_hand]:
            assert await opens.get(account) == sessions[account]
    finally:
        await server.close()


@pytest.mark.parametrize("store", [memory, sqlite, redis])
async def test_everything_is_sealed_anew_and_the_old_key_retires(house: House, tmp_path: Path, store: object) -> None:
    sealed_by = dict.fromkeys(ACCOUNTS, OLD)
    async with store(tmp_path, sealed_by, NEW, OLD) as rows:  # type: ignore[operator]
        keys = KeyService(rows, house.clock, house.now.trail)
        await keys.require()
        assert await rows.in_use() == {ids(OLD)[0]: len(ACCOUNTS)}
        steps: list[tuple[int, int]] = []
        done = await keys.rotate(progress=lambda so_far, of: steps.append((so_far, of)))
        assert steps == [(100, 230), (200, 230), (230, 230)]
        assert (done.resealed, done.sealing, done.retired) == (len(ACCOUNTS), *ids(NEW), ids(OLD))
        assert done.rows == {ids(NEW)[0]: len(ACCOUNTS)}
        again = await keys.rotate()
        assert (again.resealed, again.retired) == (0, ids(OLD))
    (told,) = [event for event in house.audit.events if event.kind is AuditKind.KEYS_ROTATED]
    assert told.facts == {"sealing": ids(NEW)[0], "resealed": "230", "forgotten": "0"}


@pytest.mark.parametrize("store", [memory, sqlite, redis])
async def test_a_key_that_is_not_at_hand_is_named_and_its_rows_stay_until_they_are_given_up(
    house: House, tmp_path: Path, store: object
) -> None:
    sealed_by = {ACCOUNTS[0]: LOST, ACCOUNTS[1]: OLD, ACCOUNTS[2]: NEW}
    async with store(tmp_path, sealed_by, NEW, OLD) as rows:  # type: ignore[operator]
        keys = KeyService(rows, house.clock, house.now.trail)
        with pytest.raises(Unavailable, match=ids(LOST)[0]):
            await keys.require()
        done = await keys.rotate()
        assert done.rows == {ids(NEW)[0]: 2, ids(LOST)[0]: 1}
        done = await keys.rotate(forget_lost=True)
        assert done.rows == {ids(NEW)[0]: 2}
        await keys.require()


async def test_a_gateway_seals_anew_by_itself_and_again_every_hour(house: House) -> None:
    rows = MemorySealedRows(("new", "old"), {"a": "old"})
    task = asyncio.ensure_future(KeyService(rows, house.clock, house.now.trail).keep_sealed())
    await quiet()
    assert rows.rows == {"a": "new"}
    rows.rows["b"] = "old"
    await house.clock.advance(3601)
    assert rows.rows == {"a": "new", "b": "new"}
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
