"""The kill switch in the database."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

# SQLite's own form of this statement has the same text, but only this one compiles for both.
from sqlalchemy.dialects.postgresql import insert

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.models import DbKillSwitch
from ordo.domain.safety import KillState, KillSwitch
from ordo.ports.safety import SafetyStore

_TABLE = DbKillSwitch.__table__
_THE_ONE = 1

_GET = select(_TABLE).where(_TABLE.c.id == _THE_ONE)
_INSERT = insert(DbKillSwitch)
_SAVE = _INSERT.on_conflict_do_update(
    index_elements=[_TABLE.c.id],
    set_={column.name: _INSERT.excluded[column.name] for column in _TABLE.c if not column.primary_key},
)


class SqlSafetyStore(SafetyStore):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self) -> KillSwitch | None:
        row = await self._database.read(_get)
        if row is None:
            return None
        return KillSwitch(
            state=KillState(row.state), changed_by=row.changed_by, changed_at=row.changed_at, reason=row.reason
        )

    async def save(self, switch: KillSwitch) -> None:
        await self._database.write(partial(_save, switch=switch))


def _get(connection: Connection) -> Row[Any] | None:
    return connection.execute(_GET).one_or_none()


def _save(connection: Connection, switch: KillSwitch) -> None:
    connection.execute(
        _SAVE,
        {
            "id": _THE_ONE,
            "state": switch.state.value,
            "changed_by": switch.changed_by,
            "changed_at": switch.changed_at,
            "reason": switch.reason,
        },
    )
