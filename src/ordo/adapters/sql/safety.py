"""The kill switches in the database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, literal_column, null, select, type_coerce, union_all

# SQLite's own form of this statement has the same text, but only this one compiles for both.
from sqlalchemy.dialects.postgresql import insert

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.medium import Link
from ordo.adapters.sql.models import DbAccountKillSwitch, DbKillSwitch
from ordo.adapters.sql.prepared import Prepared, Told
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from ordo.domain.safety import KillState, KillSwitch
from ordo.ports.safety import SafetyStore

_GATEWAY, _ACCOUNT = DbKillSwitch.__table__, DbAccountKillSwitch.__table__
_THE_ONE = 1
_FACTS = ("state", "changed_by", "changed_at", "reason")

_NOBODY = type_coerce(null(), _ACCOUNT.c.account.type).label("account")
_ALL = Prepared(
    union_all(
        select(_NOBODY, *(_GATEWAY.c[name] for name in _FACTS)).where(_GATEWAY.c.id == literal_column(str(_THE_ONE))),
        select(_ACCOUNT.c.account, *(_ACCOUNT.c[name] for name in _FACTS)),
    )
)
_INSERT = insert(DbKillSwitch)
_SAVE = _INSERT.on_conflict_do_update(
    index_elements=[_GATEWAY.c.id],
    set_={column.name: _INSERT.excluded[column.name] for column in _GATEWAY.c if not column.primary_key},
)
_INSERT_ACCOUNT = insert(DbAccountKillSwitch)
_SAVE_ACCOUNT = _INSERT_ACCOUNT.on_conflict_do_update(
    index_elements=[_ACCOUNT.c.account],
    set_={column.name: _INSERT_ACCOUNT.excluded[column.name] for column in _ACCOUNT.c if not column.primary_key},
)


class SqlSafetyStore(SafetyStore):
    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: Sequence[Told] = ()
        self._switches: tuple[KillSwitch, ...] = ()

    async def get(self, account: Account | None = None) -> KillSwitch | None:
        return next((switch for switch in await self.all() if switch.account == account), None)

    async def all(self) -> tuple[KillSwitch, ...]:
        told = await self._database.glance(_told)
        # As long as the rows are the same, so are the switches.
        if told != self._told:
            self._switches = _switches(told)
            self._told = told
        return self._switches

    async def save(self, switch: KillSwitch) -> None:
        await self._database.write(partial(_save, switch=switch))


def _save(connection: Connection, switch: KillSwitch) -> None:
    values = {
        "state": switch.state.value,
        "changed_by": switch.changed_by,
        "changed_at": switch.changed_at,
        "reason": switch.reason,
    }
    if switch.account is None:
        connection.execute(_SAVE, {"id": _THE_ONE, **values})
    else:
        connection.execute(_SAVE_ACCOUNT, {"account": str(switch.account), **values})


def _told(connection: Link) -> Sequence[Told]:
    return _ALL.told(connection, {})


def _switches(told: Sequence[Told]) -> tuple[KillSwitch, ...]:
    try:
        # The gateway's own has no account, and comes first.
        return tuple(_switch(row) for row in sorted(map(_ALL.row, told), key=_account))
    except (ValueError, Invalid) as error:
        raise Unavailable(
            ErrorCode.STORE_UNAVAILABLE,
            f"A kill switch in the database can't be read ({error}). Nothing is sent until it is set again.",
        ) from None


def _account(row: Row[Any]) -> str:
    return row.account or ""


def _switch(row: Row[Any]) -> KillSwitch:
    return KillSwitch(
        state=KillState(row.state),
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        reason=row.reason,
        account=None if row.account is None else Account.parse(row.account),
    )
