"""The sealed rows of the database: the sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

from sqlalchemy import Connection, bindparam, delete, select, update

from ordo.adapters.sealing import Sealer, key_id_of
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.models import DbSession
from ordo.adapters.sql.sessions import ACCESS, REFRESH, place_of
from ordo.domain.accounts import Account
from ordo.ports.sealed import SealedRows

_TABLE = DbSession.__table__
_TEXTS = select(
    _TABLE.c.adapter_id, _TABLE.c.account_id, _TABLE.c.access_token_encrypted, _TABLE.c.refresh_token_encrypted
).order_by(_TABLE.c.adapter_id, _TABLE.c.account_id)
_THIS = (
    (_TABLE.c.adapter_id == bindparam("adapter"))
    & (_TABLE.c.account_id == bindparam("account"))
    & (_TABLE.c.access_token_encrypted == bindparam("seen"))
)
_RESEAL = (
    update(DbSession)
    .where(_THIS)
    .values(access_token_encrypted=bindparam("access"), refresh_token_encrypted=bindparam("refresh"))
)
_FORGET = delete(DbSession).where(_THIS)


class SqlSealedRows(SealedRows):
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def key_ids(self) -> tuple[str, ...]:
        return self._sealer.key_ids

    async def in_use(self) -> Mapping[str, int]:
        return Counter(row.key_id for row in await self._database.read(_rows))

    async def reseal(self, *, limit: int) -> int:
        return await self._database.write(partial(_reseal, sealer=self._sealer, limit=limit))

    async def forget(self) -> int:
        return await self._database.write(partial(_forget, kept=self._sealer.key_ids))


class _Row:
    """One session as it is sealed. Both its texts are sealed at once, so by one key."""

    def __init__(self, adapter_id: str, account_id: str, access: str, refresh: str | None) -> None:
        self.account = Account(adapter_id=adapter_id, account_id=account_id)
        self.access = access
        self.refresh = refresh
        self.key_id = key_id_of(access)

    @property
    def named(self) -> dict[str, str]:
        return {"adapter": self.account.adapter_id, "account": self.account.account_id, "seen": self.access}


def _rows(connection: Connection) -> list[_Row]:
    return [_Row(*row) for row in connection.execute(_TEXTS)]


def _reseal(connection: Connection, sealer: Sealer, limit: int) -> int:
    others = sealer.key_ids[1:]
    due = [row for row in _rows(connection) if row.key_id in others][:limit]
    for row in due:
        access = sealer.open(row.access, place=place_of(row.account, ACCESS))
        refresh = None if row.refresh is None else sealer.open(row.refresh, place=place_of(row.account, REFRESH))
        connection.execute(
            _RESEAL,
            row.named
            | {
                "access": sealer.seal(access, place=place_of(row.account, ACCESS)),
                "refresh": None if refresh is None else sealer.seal(refresh, place=place_of(row.account, REFRESH)),
            },
        )
    return len(due)


def _forget(connection: Connection, kept: tuple[str, ...]) -> int:
    lost = [row for row in _rows(connection) if row.key_id not in kept]
    for row in lost:
        connection.execute(_FORGET, row.named)
    return len(lost)
