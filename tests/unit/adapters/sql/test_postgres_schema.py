"""The tables on a server: made and upgraded by hand, and refused until they are what this version works with."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, text

from ordo.adapters.moments import to_microseconds
from ordo.adapters.sealing import Sealer, generate_master_key
from ordo.adapters.sql import schema
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.idempotency import SqlIdempotencyStore, _row
from ordo.adapters.sql.journal import SqlJournal
from ordo.adapters.sql.models import Db
from ordo.adapters.sql.safety import SqlSafetyStore
from ordo.adapters.sql.sessions import SqlSessionStore
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.safety import KillState, KillSwitch
from ordo.ports.journal import Entry
from tests.contract.values import ACCOUNT, NOW, intent, lost, session
from tests.support.postgres import the_server

REVISIONS = [script.revision for script in ScriptDirectory(str(schema._SCRIPTS)).walk_revisions()]
_OTHER_COLLATIONS = text(
    "SELECT count(*) FROM information_schema.columns"
    " WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
)


async def opened(url: str) -> Database:
    database = Database(url)
    await database.open()
    return database


async def test_the_scripts_make_the_tables_that_are_declared() -> None:
    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), Db.metadata)

    database = await opened(the_server().migrated())
    assert await database.read(differences) == []
    assert await database.read(lambda connection: connection.execute(_OTHER_COLLATIONS).scalar_one()) == 0
    await database.close()


async def test_an_empty_database_is_refused_and_left_empty_until_it_is_upgraded() -> None:
    url = the_server().empty()
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"has no tables yet.*ordo db upgrade") as caught:
            await opened(url)
        assert caught.value.code is ErrorCode.STORE_UNAVAILABLE
    assert await Database(url).upgrade() == (None, schema.HEAD)
    assert await Database(url).upgrade() == (schema.HEAD, schema.HEAD)
    await (await opened(url)).close()


def _insert(connection: Connection, table: str, row: dict[str, object]) -> None:
    columns = Table(table, MetaData(), autoload_with=connection)
    known = {column.name for column in columns.c}
    values = {name: to_microseconds(value) if isinstance(value, datetime) else value for name, value in row.items()}
    connection.execute(columns.insert(), {name: value for name, value in values.items() if name in known})


def _switch_row(switch: KillSwitch) -> dict[str, object]:
    return {
        "id": 1,
        "state": switch.state.value,
        "changed_by": switch.changed_by,
        "changed_at": switch.changed_at,
        "reason": switch.reason,
    }


@pytest.mark.parametrize("revision", REVISIONS)
async def test_every_revision_is_upgraded_with_what_it_holds(revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url, sealer = the_server().empty(), Sealer((generate_master_key(),))
    switch = KillSwitch(state=KillState.HALTED, changed_by="operator", changed_at=NOW, reason="drill")
    monkeypatch.setattr(schema, "HEAD", revision)
    assert await Database(url).upgrade() == (None, revision)
    former = await opened(url)
    # Written as that version did: into the columns that it had.
    await former.write(partial(_insert, table="idempotency_record", row=_row(lost(intent()))))
    await former.write(partial(_insert, table="kill_switch", row=_switch_row(switch)))
    await SqlSessionStore(former, sealer).save(session())
    await SqlJournal(former).append("paper", (Entry(seq=1, text="first"),))
    await former.close()
    monkeypatch.undo()

    if revision != schema.HEAD:
        with pytest.raises(Unavailable, match=f"of revision {revision}, and this version works with {schema.HEAD}"):
            await opened(url)
    assert await Database(url).upgrade() == (revision, schema.HEAD)
    database = await opened(url)
    assert await SqlIdempotencyStore(database).unsettled() == (lost(intent()),)
    assert await SqlSessionStore(database, sealer).get(ACCOUNT) == session()
    assert await SqlSafetyStore(database).all() == (switch,)
    assert await SqlJournal(database).read("paper", after=0) == (Entry(seq=1, text="first"),)
    await database.close()


async def test_of_several_upgrades_at_once_one_does_the_work() -> None:
    url = the_server().empty()
    found = await asyncio.gather(*(Database(url).upgrade() for _ in range(4)))
    assert sorted(former or "" for former, _ in found) == ["", *[schema.HEAD] * 3]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [("UPDATE alembic_version SET version_num = '9999'", "a newer version"), ("DROP TABLE alembic_version", "another")],
)
async def test_what_this_version_did_not_write_is_neither_used_nor_changed(statement: str, reason: str) -> None:
    url = the_server().migrated()
    the_server().execute(statement, database=url)
    with pytest.raises(Unavailable, match=reason):
        await opened(url)
    with pytest.raises(Unavailable, match=reason):
        await Database(url).upgrade()
