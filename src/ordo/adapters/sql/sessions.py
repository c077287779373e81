"""Sessions in the database, their tokens sealed."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select

# SQLite's own form of this statement has the same text, but only this one compiles for both.
from sqlalchemy.dialects.postgresql import insert

from ordo.adapters.documents import METADATA
from ordo.adapters.sealing import Sealer
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.models import DbSession
from ordo.adapters.sql.prepared import Prepared, Told
from ordo.domain.accounts import Account
from ordo.domain.sessions import Secret, Session
from ordo.ports.sessions import SessionStore

_TABLE = DbSession.__table__
ACCESS, REFRESH = "access_token", "refresh_token"

_OF_ACCOUNT = (_TABLE.c.adapter_id == bindparam("adapter")) & (_TABLE.c.account_id == bindparam("account"))
_GET = Prepared(select(_TABLE).where(_OF_ACCOUNT))
_ALL = select(_TABLE).order_by(_TABLE.c.adapter_id, _TABLE.c.account_id)
_DELETE = delete(DbSession).where(_OF_ACCOUNT)
_INSERT = insert(DbSession)
_SAVE = _INSERT.on_conflict_do_update(
    index_elements=[_TABLE.c.adapter_id, _TABLE.c.account_id],
    set_={column.name: _INSERT.excluded[column.name] for column in _TABLE.c if not column.primary_key},
)


class SqlSessionStore(SessionStore):
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._opened: dict[Account, tuple[Told, Session]] = {}

    async def get(self, account: Account) -> Session | None:
        told = await self._database.glance(partial(_GET.told, named=_named(account)))
        if not told:
            self._opened.pop(account, None)
            return None
        # As long as the row is the same to the last byte, what its seals hold is the same.
        kept = self._opened.get(account)
        if kept is None or kept[0] != told[0]:
            kept = self._opened[account] = told[0], self._session(_GET.row(told[0]))
        return kept[1]

    async def save(self, session: Session) -> None:
        account = session.account
        row: dict[str, object] = {
            "adapter_id": account.adapter_id,
            "account_id": account.account_id,
            "access_token_encrypted": self._seal(session.access_token, account, ACCESS),
            "refresh_token_encrypted": (
                None if session.refresh_token is None else self._seal(session.refresh_token, account, REFRESH)
            ),
            "issued_at": session.issued_at,
            "expires_at": session.expires_at,
            "suspect": session.suspect,
            "metadata_json": METADATA.dump(session.metadata),
        }
        await self._database.write(partial(_save, row=row))

    async def delete(self, account: Account) -> None:
        await self._database.write(partial(_delete, account=account))

    async def all(self) -> tuple[Session, ...]:
        return tuple(self._session(row) for row in await self._database.read(_all))

    def _session(self, row: Row[Any]) -> Session:
        account = Account(adapter_id=row.adapter_id, account_id=row.account_id)
        return Session(
            account=account,
            access_token=self._open(row.access_token_encrypted, account, ACCESS),
            refresh_token=(
                None
                if row.refresh_token_encrypted is None
                else self._open(row.refresh_token_encrypted, account, REFRESH)
            ),
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            suspect=row.suspect,
            metadata=METADATA.load(row.metadata_json),
        )

    def _seal(self, secret: Secret, account: Account, column: str) -> str:
        return self._sealer.seal(secret, place=place_of(account, column))

    def _open(self, sealed: str, account: Account, column: str) -> Secret:
        return self._sealer.open(sealed, place=place_of(account, column))


def place_of(account: Account, column: str) -> str:
    """Where a text of a session is sealed to."""
    return f"{DbSession.__name__}|{account.adapter_id}|{account.account_id}|{column}"


def _save(connection: Connection, row: dict[str, object]) -> None:
    connection.execute(_SAVE, row)


def _delete(connection: Connection, account: Account) -> None:
    connection.execute(_DELETE, _named(account))


def _all(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(_ALL))


def _named(account: Account) -> dict[str, str]:
    return {"adapter": account.adapter_id, "account": account.account_id}
