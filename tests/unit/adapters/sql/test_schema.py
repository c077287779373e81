from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, text

from ordo.adapters.sql import schema
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.idempotency import SqlIdempotencyStore, _row
from ordo.adapters.sql.instruments import SqlInstruments
from ordo.adapters.sql.models import Db, DbIdempotencyRecord
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.idempotency import Apart, Intent, Operation
from ordo.ports.idempotency import LooksLikeAnother
from tests.contract.values import CATALOGUE, CATALOGUE_REPORT, NOW, WEEK, intent

_CREATED = text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%' AND sql IS NOT NULL ORDER BY name")


def _definitions(connection: Connection) -> list[tuple[str, str]]:
    return [(name, " ".join(sql.split())) for name, sql in connection.execute(_CREATED)]


def _content(path: Path) -> bytes:
    return path.read_bytes()


async def _execute(database: Database, *statements: str) -> None:
    def run(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    await database.write(run)


async def test_the_scripts_make_the_tables_that_are_declared(database: Database) -> None:
    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), Db.metadata)

    assert await database.read(differences) == []


async def test_the_scripts_make_the_indexes_that_are_declared(database: Database) -> None:
    def indexes(connection: Connection) -> list[str]:
        return [sql for _, sql in _definitions(connection) if "INDEX" in sql]

    def made_anew(connection: Connection) -> list[str]:
        Db.metadata.drop_all(connection)
        Db.metadata.create_all(connection)
        return indexes(connection)

    migrated = await database.read(indexes)
    assert len(migrated) == 6
    assert await database.write(made_anew) == migrated


def test_the_head_of_the_scripts_is_the_one_that_is_looked_for() -> None:
    scripts = ScriptDirectory(str(schema._SCRIPTS))
    assert scripts.get_heads() == [schema.HEAD]
    assert [script.revision for script in scripts.walk_revisions()] == ["0006", "0005", "0004", "0003", "0002", "0001"]


async def test_a_database_of_the_first_revision_is_upgraded_with_what_it_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "HEAD", "0001")
    former = Database(f"sqlite:///{path}")
    await former.open()
    await former.write(partial(_insert_as_then, of=intent()))
    with pytest.raises(Unavailable, match="no such table"):
        await SqlInstruments(former).open()
    await former.close()
    monkeypatch.undo()

    database = Database(f"sqlite:///{path}")
    await database.open()
    try:
        assert await SqlIdempotencyStore(database).unsettled() == (intent(),)
        instruments = SqlInstruments(database)
        await instruments.open()
        await instruments.replace(InstrumentDirectory(CATALOGUE), (CATALOGUE_REPORT,))
        assert tuple(instruments.directory()) == CATALOGUE
    finally:
        await database.close()


@pytest.mark.parametrize("revision", ["0002", "0003"])
async def test_a_database_of_a_later_revision_is_upgraded_with_what_it_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch, revision: str
) -> None:
    monkeypatch.setattr(schema, "HEAD", revision)
    former = Database(f"sqlite:///{path}")
    await former.open()
    await former.write(partial(_insert_as_then, of=intent()))
    await former.close()
    monkeypatch.undo()

    database = Database(f"sqlite:///{path}")
    await database.open()
    store = SqlIdempotencyStore(database)
    assert await store.unsettled() == (intent(),)
    assert await store.reserve(intent("key-2", 2), now=NOW, apart=Apart(within=WEEK)) is None
    await database.close()


async def test_an_upgrade_keeps_apart_what_was_kept_apart_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "HEAD", "0005")
    former = Database(f"sqlite:///{path}")
    await former.open()
    await former.write(partial(_insert_as_then, of=intent()))
    await former.close()
    monkeypatch.undo()

    database = Database(f"sqlite:///{path}")
    await database.open()
    with pytest.raises(LooksLikeAnother):
        await SqlIdempotencyStore(database).reserve(intent("key-2", 2), now=NOW, apart=Apart(within=WEEK))
    await database.close()


async def test_an_order_with_several_open_changes_is_settled_before_the_upgrade(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "HEAD", "0003")
    former = Database(f"sqlite:///{path}")
    await former.open()
    for text_ in ("one", "two"):
        await former.write(partial(_insert_as_then, of=intent(text_, operation=Operation.MODIFY)))
    await former.close()
    monkeypatch.undo()
    with pytest.raises(Unavailable, match="several modifications of order 100000000000001 are not settled"):
        await Database(f"sqlite:///{path}").open()
    monkeypatch.setattr(schema, "HEAD", "0003")
    await former.open()
    count = text("SELECT count(*) FROM idempotency_record")
    assert await former.read(lambda connection: connection.execute(count).scalar_one()) == 2
    await former.close()


def _insert_as_then(connection: Connection, of: Intent) -> None:
    """Into the columns that there are."""
    row = _row(of)
    known = {column["name"] for column in inspect(connection).get_columns("idempotency_record")}
    then = {name: value for name, value in row.items() if name in known}
    connection.execute(insert(DbIdempotencyRecord).values(then))


async def test_a_start_on_tables_that_are_up_to_date_does_not_load_alembic(database: Database, path: Path) -> None:
    await database.close()
    program = (
        "import asyncio, sys\n"
        "from ordo.adapters.sql.database import Database\n"
        "async def main():\n"
        f"    database = Database('sqlite:///{path}')\n"
        "    await database.open()\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.DEVNULL)
    assert await process.wait() == 0


async def test_many_starts_at_once_make_the_tables_once(path: Path) -> None:
    databases = [Database(f"sqlite:///{path}") for _ in range(8)]
    await asyncio.gather(*(database.open() for database in databases))
    for database in databases:
        assert len(await database.read(_definitions)) > 4
        await database.close()


@pytest.mark.parametrize("revision", ["9999", "ae1027a6acf"])
async def test_a_newer_database_is_neither_used_nor_changed(database: Database, path: Path, revision: str) -> None:
    await _execute(database, f"UPDATE alembic_version SET version_num = '{revision}'", "DROP TABLE kill_switch")  # noqa: S608
    await database.close()
    before = _content(path)
    with pytest.raises(Unavailable, match="a newer version of Ordo") as caught:
        await Database(f"sqlite:///{path}").open()
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE
    assert _content(path) == before


async def test_the_database_of_another_program_is_neither_used_nor_changed(database: Database, path: Path) -> None:
    await _execute(database, "DROP TABLE alembic_version")
    await database.close()
    before = _content(path)
    with pytest.raises(Unavailable, match="another program"):
        await Database(f"sqlite:///{path}").open()
    assert _content(path) == before


async def test_tables_that_were_half_made_are_not_there_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: Connection) -> None:
        schema.bring_up_to_date(connection)
        raise RuntimeError("the machine went down")

    monkeypatch.setattr("ordo.adapters.sql.file.bring_up_to_date", fail)
    with pytest.raises(RuntimeError):
        await Database(f"sqlite:///{path}").open()
    monkeypatch.undo()
    database = Database(f"sqlite:///{path}")
    await database.open()
    assert len(await database.read(_definitions)) > 4
    await database.close()
