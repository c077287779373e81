from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ordo.domain.accounts import Account
from ordo.domain.sessions import Session
from ordo.ports.sessions import SessionStore
from tests.contract.store_harness import Stores
from tests.contract.values import ACCOUNT, NOW, OTHER_ACCOUNT, TICK, session


@pytest.fixture
def store(stores: Stores) -> SessionStore:
    return stores.sessions


async def test_an_account_that_never_logged_in_has_no_session(store: SessionStore) -> None:
    assert await store.get(ACCOUNT) is None
    assert await store.all() == ()


@pytest.mark.parametrize(
    "kept",
    [
        session(),
        session(refresh="refresh-canary"),
        session("eyJ0eXAiOiJKV1Qi.eyJpc3MiOi.Zm9v-_~ ₹" * 100, refresh=""),
        replace(session(), suspect=True, metadata={}),
    ],
)
async def test_a_session_comes_back_as_it_was_saved(store: SessionStore, kept: Session) -> None:
    await store.save(kept)
    assert await store.get(ACCOUNT) == kept


async def test_the_last_session_saved_replaces_the_former(store: SessionStore) -> None:
    await store.save(session("first", refresh="refresh"))
    await store.save(session("second"))
    assert await store.get(ACCOUNT) == session("second")
    assert await store.all() == (session("second"),)


async def test_saves_at_once_leave_one_of_them_whole(store: SessionStore) -> None:
    sessions = [session(f"access-{number}", refresh=f"refresh-{number}") for number in range(20)]
    await asyncio.gather(*(store.save(one) for one in sessions))
    assert await store.get(ACCOUNT) in sessions


async def test_an_expired_session_is_kept(store: SessionStore) -> None:
    expired = replace(session(), expires_at=NOW - TICK)
    await store.save(expired)
    assert await store.get(ACCOUNT) == expired


async def test_a_deleted_session_is_forgotten_and_others_stay(store: SessionStore) -> None:
    await store.save(session())
    await store.save(session(account=OTHER_ACCOUNT))
    await store.delete(ACCOUNT)
    await store.delete(ACCOUNT)
    assert await store.get(ACCOUNT) is None
    assert await store.all() == (session(account=OTHER_ACCOUNT),)


async def test_all_sessions_come_in_the_order_of_their_accounts(store: SessionStore) -> None:
    accounts = [Account.parse(text) for text in ("b/A", "a/b", "a/B", "a/a", "a-1/Z", "a/10", "a/9")]
    for account in accounts:
        await store.save(session(account=account))
    assert [one.account for one in await store.all()] == sorted(accounts)


async def test_one_broker_app_does_not_see_the_session_of_another(store: SessionStore) -> None:
    await store.save(session(account=Account.parse("fyers/X1")))
    assert await store.get(Account.parse("fyers-2/X1")) is None
    assert await store.get(Account.parse("fyers/x1")) is None
