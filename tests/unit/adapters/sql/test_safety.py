from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.safety import SqlSafetyStore
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.safety import KillState, KillSwitch
from tests.contract.values import NOW


async def _execute(database: Database, *statements: str) -> None:
    def run(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    await database.write(run)


@pytest.mark.parametrize("account", [None, Account.parse("paper/DEMO")])
async def test_a_switch_that_can_not_be_read_allows_nothing(database: Database, account: Account | None) -> None:
    store = SqlSafetyStore(database)
    switch = KillSwitch(state=KillState.ACTIVE, changed_by="a", changed_at=NOW, reason="r", account=account)
    await store.save(switch)
    await _execute(database, "UPDATE kill_switch SET state = 'ON'", "UPDATE account_kill_switch SET state = 'ON'")
    for read in (store.all(), store.get(account)):
        with pytest.raises(Unavailable) as failure:
            await read
        assert failure.value.code is ErrorCode.STORE_UNAVAILABLE
    await store.save(switch)
    assert await store.get(account) == switch


async def test_the_switch_of_what_is_no_account_allows_nothing(database: Database) -> None:
    store = SqlSafetyStore(database)
    await store.save(
        KillSwitch(
            state=KillState.HALTED, changed_by="a", changed_at=NOW, reason="r", account=Account.parse("paper/DEMO")
        )
    )
    await _execute(database, "UPDATE account_kill_switch SET account = 'x'")
    with pytest.raises(Unavailable):
        await store.all()
