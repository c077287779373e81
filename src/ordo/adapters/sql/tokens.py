"""The API's tokens in the database."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

# SQLite's own form of this statement has the same text, but only this one compiles for both.
from sqlalchemy.dialects.postgresql import insert

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.medium import Link
from ordo.adapters.sql.models import DbApiToken
from ordo.adapters.sql.prepared import Prepared
from ordo.domain.tokens import ApiToken, Realm, Scope
from ordo.ports.tokens import TokenStore

_TABLE = DbApiToken.__table__
_FIND = Prepared(select(_TABLE).where(_TABLE.c.token_id == bindparam("id")))
_ALL = select(_TABLE).order_by(_TABLE.c.created_at, _TABLE.c.token_id)
_ADD = insert(DbApiToken).on_conflict_do_nothing(index_elements=[_TABLE.c.token_id]).returning(_TABLE.c.token_id)
_REVOKE = (
    update(DbApiToken)
    .where((_TABLE.c.token_id == bindparam("id")) & _TABLE.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


class SqlTokenStore(TokenStore):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, token: ApiToken) -> bool:
        row: dict[str, object] = {
            "token_id": token.token_id,
            "digest": token.digest,
            "realm": token.realm.value,
            "scopes_json": json.dumps(sorted(token.scopes)),
            "accounts_json": json.dumps(token.accounts),
            "name": token.name,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "revoked_at": token.revoked_at,
        }
        return await self._database.write(partial(_add, row=row))

    async def find(self, token_id: str) -> ApiToken | None:
        row = await self._database.glance(partial(_find, token_id=token_id))
        return None if row is None else _token(row)

    async def all(self) -> tuple[ApiToken, ...]:
        return tuple(_token(row) for row in await self._database.read(_all))

    async def revoke(self, token_id: str, *, at: datetime) -> ApiToken | None:
        row = await self._database.write(partial(_revoke, token_id=token_id, at=at))
        return None if row is None else _token(row)


def _token(row: Row[Any]) -> ApiToken:
    return ApiToken(
        token_id=row.token_id,
        digest=row.digest,
        realm=Realm(row.realm),
        scopes=frozenset(Scope(scope) for scope in json.loads(row.scopes_json)),
        accounts=tuple(json.loads(row.accounts_json)),
        name=row.name,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def _add(connection: Connection, row: dict[str, object]) -> bool:
    return connection.execute(_ADD, row).one_or_none() is not None


def _find(connection: Link, token_id: str) -> Row[Any] | None:
    return _FIND.one(connection, {"id": token_id})


def _all(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(_ALL))


def _revoke(connection: Connection, token_id: str, at: datetime) -> Row[Any] | None:
    connection.execute(_REVOKE, {"id": token_id, "at": at})
    return _find(connection, token_id)
