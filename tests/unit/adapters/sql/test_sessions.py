from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from ordo.adapters.sealing import Sealer, generate_master_key
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.sessions import SqlSessionStore
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Unavailable
from tests.contract.values import ACCOUNT, OTHER_ACCOUNT, session

OLD, NEW = generate_master_key(), generate_master_key()
ACCESS, REFRESH = "canary-of-access", "canary-of-refresh"


@pytest.fixture
def store(database: Database) -> SqlSessionStore:
    return SqlSessionStore(database, Sealer((OLD,)))


async def _execute(database: Database, statement: str) -> None:
    def run(connection: Connection) -> None:
        connection.execute(text(statement))

    await database.write(run)


async def test_tokens_are_in_no_file_of_the_database(database: Database, store: SqlSessionStore, path: Path) -> None:
    await store.save(session(ACCESS, refresh=REFRESH))
    await store.save(session(ACCESS, refresh=REFRESH, account=OTHER_ACCOUNT))
    while_open = [file.read_bytes() for file in path.parent.iterdir()]
    await database.close()
    files = [*while_open, *(file.read_bytes() for file in path.parent.iterdir())]
    assert any(b"DEMO2" in content for content in files)
    for canary in (ACCESS, REFRESH, OLD.reveal()):
        assert not any(canary.encode() in content for content in files)


async def test_tokens_are_in_no_repr(store: SqlSessionStore) -> None:
    await store.save(session(ACCESS, refresh=REFRESH))
    shown = repr(store) + repr(await store.get(ACCOUNT)) + str(await store.all())
    assert "canary" not in shown


@pytest.mark.parametrize("column", ["access_token_encrypted", "refresh_token_encrypted"])
async def test_a_token_copied_from_another_account_does_not_open(
    database: Database, store: SqlSessionStore, column: str
) -> None:
    await store.save(session(ACCESS, refresh=REFRESH))
    await store.save(session("other", refresh="other", account=OTHER_ACCOUNT))
    await _execute(
        database,
        f"UPDATE session SET {column} = (SELECT {column} FROM session WHERE account_id = 'DEMO2')",  # noqa: S608
    )
    with pytest.raises(Unavailable, match="copied here from another place"):
        await store.get(ACCOUNT)
    assert await store.get(OTHER_ACCOUNT) == session("other", refresh="other", account=OTHER_ACCOUNT)


async def test_a_refresh_token_does_not_open_as_an_access_token(database: Database, store: SqlSessionStore) -> None:
    await store.save(session(ACCESS, refresh=REFRESH))
    await _execute(database, "UPDATE session SET access_token_encrypted = refresh_token_encrypted")
    with pytest.raises(Unavailable):
        await store.get(ACCOUNT)


@pytest.mark.parametrize("elsewhere", [OTHER_ACCOUNT, Account(adapter_id="paper-2", account_id="DEMO")])
async def test_a_row_moved_to_another_account_does_not_open(
    database: Database, store: SqlSessionStore, elsewhere: Account
) -> None:
    await store.save(session(ACCESS))
    await _execute(
        database,
        f"UPDATE session SET adapter_id = '{elsewhere.adapter_id}', account_id = '{elsewhere.account_id}'",  # noqa: S608
    )
    assert await store.get(ACCOUNT) is None
    with pytest.raises(Unavailable):
        await store.get(elsewhere)
    with pytest.raises(Unavailable):
        await store.all()


async def test_keys_can_be_changed_one_after_the_other(database: Database, store: SqlSessionStore) -> None:
    await store.save(session(ACCESS, refresh=REFRESH))
    both, new = SqlSessionStore(database, Sealer((NEW, OLD))), SqlSessionStore(database, Sealer((NEW,)))
    with pytest.raises(Unavailable, match="not among ORDO_MASTER_KEYS") as caught:
        await new.get(ACCOUNT)
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    kept = await both.get(ACCOUNT)
    assert kept == session(ACCESS, refresh=REFRESH)
    await both.save(kept)
    assert await new.get(ACCOUNT) == kept


async def test_a_new_login_replaces_what_can_not_be_opened(database: Database, store: SqlSessionStore) -> None:
    await store.save(session(ACCESS))
    new = SqlSessionStore(database, Sealer((NEW,)))
    await new.save(session("fresh"))
    assert await new.get(ACCOUNT) == session("fresh")
