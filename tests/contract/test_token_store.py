from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ordo.domain.tokens import ApiToken, Realm, Scope
from ordo.ports.tokens import TokenStore
from tests.contract.store_harness import Medium, Stores
from tests.contract.values import NOW


@pytest.fixture
def store(stores: Stores) -> TokenStore:
    return stores.tokens


def token(number: int = 1, *, name: str = "", made: int = 0, expires: bool = True) -> ApiToken:
    return ApiToken(
        token_id=f"{number:012x}",
        digest=f"{number:064x}",
        realm=Realm.LIVE,
        scopes=frozenset({Scope.READ, Scope.CANCEL}),
        accounts=("fyers/XY12345", "hdfc/*"),
        name=name,
        created_at=NOW + timedelta(seconds=made),
        expires_at=NOW + timedelta(days=9) if expires else None,
    )


async def test_a_token_comes_back_as_it_was_kept(store: TokenStore) -> None:
    for one in (token(1, name="₹ बॉट"), token(2, expires=False), replace(token(3), scopes=frozenset(Scope))):
        assert await store.add(one)
        assert await store.find(one.token_id) == one
    assert await store.find("f" * 12) is None


async def test_an_id_is_given_once(store: TokenStore) -> None:
    assert await store.add(token(1))
    assert not await store.add(replace(token(1), digest="e" * 64))
    assert await store.find(token(1).token_id) == token(1)


async def test_all_are_there_the_oldest_first_and_the_revoked_too(store: TokenStore) -> None:
    assert await store.all() == ()
    for one in (token(1, made=5), token(2, made=1), token(3, made=5)):
        await store.add(one)
    await store.revoke(token(2).token_id, at=NOW)
    assert [one.token_id for one in await store.all()] == [token(number).token_id for number in (2, 1, 3)]


async def test_a_token_is_revoked_once_and_for_ever(store: TokenStore) -> None:
    await store.add(token(1))
    first = await store.revoke(token(1).token_id, at=NOW)
    assert first == replace(token(1), revoked_at=NOW)
    assert await store.revoke(token(1).token_id, at=NOW + timedelta(days=1)) == first
    assert await store.find(token(1).token_id) == first
    assert await store.revoke("f" * 12, at=NOW) is None


async def test_a_revocation_is_seen_by_whoever_shares_the_store(shared: Medium) -> None:
    async with shared.opened() as here, shared.opened() as there:
        await here.tokens.add(token(1))
        assert await there.tokens.find(token(1).token_id) == token(1)
        await here.tokens.revoke(token(1).token_id, at=NOW)
        found = await there.tokens.find(token(1).token_id)
        assert found is not None
        assert found.is_over(NOW)


async def test_tokens_outlive_the_process(durable: Medium) -> None:
    async with durable.opened() as stores:
        await stores.tokens.add(token(1))
    async with durable.opened() as stores:
        assert await stores.tokens.all() == (token(1),)
