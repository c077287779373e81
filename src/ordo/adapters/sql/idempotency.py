"""Intents in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Delete, Row, Select, Update, bindparam, delete, func, select, update

# SQLite's own form of this statement has the same text, but only this one compiles for both.
from sqlalchemy.dialects.postgresql import insert

from ordo.adapters.documents import CHANGE, FAILURE, ORDER
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.medium import Job
from ordo.adapters.sql.models import MODIFIES, NOT_FAILED, PLACES, UNSETTLED, DbIdempotencyRecord
from ordo.adapters.sql.prepared import Prepared, Told
from ordo.adapters.sql.turns import take_turn
from ordo.domain.accounts import Account
from ordo.domain.idempotency import Apart, Intent, IntentKey, IntentState, Operation, likeness
from ordo.domain.orders import Order
from ordo.ports.idempotency import ChangeUnderWay, IdempotencyStore, LooksLikeAnother, OrderIdTaken

_TABLE = DbIdempotencyRecord.__table__
_SETTLED = tuple(state.value for state in IntentState if state.is_settled)

_OF_KEY = _TABLE.c.key == bindparam("of")
_ORDER_ID = _TABLE.c.order_id == bindparam("of_order")
_ACCOUNT = _TABLE.c.account == bindparam("of_account")

_FIND = Prepared(select(_TABLE).where(_OF_KEY))
_RESERVE = Prepared(
    insert(DbIdempotencyRecord).on_conflict_do_nothing().execution_options(preserve_rowcount=True),
    writes=_TABLE.c.keys(),
)
_RELEASE = delete(DbIdempotencyRecord).where(_OF_KEY, _ORDER_ID)
_DROP_EXPIRED = delete(DbIdempotencyRecord).where(
    _OF_KEY, _TABLE.c.state.in_(_SETTLED), _TABLE.c.expires_at <= bindparam("now")
)
_SETTLE = Prepared(
    update(DbIdempotencyRecord).where(_OF_KEY, _ORDER_ID, UNSETTLED),
    writes=("state", "order_json", "order_updated_at", "response_snapshot_json", "failure_json"),
)
_SETTLED_BEFORE = select(_TABLE).where(_OF_KEY, _ORDER_ID)
_PLACEMENT = Prepared(select(_TABLE).where(PLACES, _ORDER_ID, _ACCOUNT))
_PLACED_BY_ANOTHER = select(_TABLE.c.key).where(PLACES, _ORDER_ID, _TABLE.c.key != bindparam("of"))
_PLACEMENTS = Prepared(
    select(_TABLE)
    .where(PLACES, _ACCOUNT, _TABLE.c.created_at >= bindparam("since"))
    .order_by(_TABLE.c.created_at, _TABLE.c.key)
)
_LIKENESS = _TABLE.c.likeness == bindparam("of_likeness")
# Two statements, for an index serves each: of one that asks for both, SQLite reads all that the account ever placed.
_ALIKE_LATELY = Prepared(
    select(_TABLE)
    .where(PLACES, NOT_FAILED, _ACCOUNT, _LIKENESS, _TABLE.c.created_at > bindparam("since"))
    .order_by(_TABLE.c.created_at, _TABLE.c.key)
)
_ALIKE_IN_DOUBT = Prepared(
    select(_TABLE)
    .where(
        PLACES,
        UNSETTLED,
        _ACCOUNT,
        _LIKENESS,
        _TABLE.c.created_at <= bindparam("since"),
    )
    .order_by(_TABLE.c.created_at, _TABLE.c.key)
)
_CHANGING = select(_TABLE.c.key).where(MODIFIES, UNSETTLED, _ORDER_ID, _TABLE.c.key != bindparam("of"))
_REKEY = update(DbIdempotencyRecord).where(_OF_KEY, _ORDER_ID)
_MODIFICATIONS = Prepared(
    select(func.count()).select_from(DbIdempotencyRecord).where(MODIFIES, NOT_FAILED, _ORDER_ID, _ACCOUNT)
)
_UNSETTLED = Prepared(select(_TABLE).where(UNSETTLED).order_by(_TABLE.c.created_at, _TABLE.c.key))
_RECORD = update(DbIdempotencyRecord).where(
    PLACES,
    _ORDER_ID,
    _ACCOUNT,
    _TABLE.c.state != IntentState.OPEN.value,
    _TABLE.c.order_updated_at == bindparam("replacing"),
)
_PURGE = delete(DbIdempotencyRecord).where(
    _TABLE.c.key.in_(
        select(_TABLE.c.key)
        .where(_TABLE.c.expires_at <= bindparam("now"), _TABLE.c.state.in_(_SETTLED))
        .order_by(_TABLE.c.expires_at, _TABLE.c.key)
        .limit(bindparam("limit"))
    )
)


_MOST_READ = 32_768
"""Records of some 4 KB: as many orders of a day, or unknown ones, as are looked at again without being parsed again."""
_SLICE = 64


@dataclass(frozen=True, slots=True)
class _Reserved:
    holder: Told | None = None
    alike: Intent | None = None
    order_id_is_taken: bool = False
    change_is_under_way: bool = False


class SqlIdempotencyStore(IdempotencyStore):
    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: dict[str, tuple[Told, Intent]] = {}
        self._awaited: dict[tuple[str, datetime], asyncio.Future[tuple[Intent, ...]]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def reserve(
        self, intent: Intent, *, now: datetime, apart: Apart | None = None, instead_of: str | None = None
    ) -> Intent | None:
        # Who repeats himself is most likely told of a record that was read before, and need not wait for the writer.
        if instead_of is None and intent.key.text in self._read:
            holder = await self.find(intent.key, now=now)
            if holder is not None:
                return holder
        # Who is told that nothing is known to be written sends nothing, so the record must not stay.
        undo = partial(_undo, intent=intent, instead_of=instead_of)
        work = partial(_reserve, intent=intent, row=_row(intent), now=now, apart=apart, instead_of=instead_of)
        reserved = await self._database.write(work, undo=undo)
        if reserved.order_id_is_taken:
            raise OrderIdTaken
        if reserved.change_is_under_way:
            raise ChangeUnderWay
        if reserved.alike is not None:
            raise LooksLikeAnother(reserved.alike)
        return None if reserved.holder is None else self._seen(reserved.holder)

    async def settle(self, intent: Intent) -> Intent | None:
        lasting = not (intent.findable and intent.state is IntentState.DONE)
        named = {"of": str(intent.key), "of_order": intent.order_id}
        work = partial(_settle, named=named, row=_outcome(intent) | named)
        holder = await self._database.write(work, lasting=lasting)
        return None if holder is None else _intent(holder)

    async def release(self, key: IntentKey, order_id: str) -> None:
        named = {"of": str(key), "of_order": order_id}
        await self._database.write(partial(_change, statement=_RELEASE, named=named))

    async def find(self, key: IntentKey, *, now: datetime) -> Intent | None:
        told = await self._database.glance(partial(_FIND.told, named={"of": str(key)}))
        found = self._seen(told[0]) if told else None
        return None if found is None or (found.state.is_settled and found.expires_at <= now) else found

    async def placement(self, account: Account, order_id: str) -> Intent | None:
        named = {"of_order": order_id, "of_account": str(account)}
        told = await self._database.glance(partial(_PLACEMENT.told, named=named))
        return self._seen(told[0]) if told else None

    async def placements(self, account: Account, *, since: datetime) -> tuple[Intent, ...]:
        # A day's records are many, and whoever looks into a book wants them: those who wait share one read of them.
        asked = str(account), since
        shared = self._awaited.get(asked)
        if shared is None:
            shared = self._awaited[asked] = asyncio.ensure_future(self._placements(*asked))
            shared.add_done_callback(_heard)
        return await asyncio.shield(shared)

    async def _placements(self, account: str, since: datetime) -> tuple[Intent, ...]:
        async with self._one_at_a_time:
            # Whoever comes from now on may know of a write that this read does not see, and waits for the next.
            del self._awaited[account, since]
            named = {"of_account": account, "since": since}
            return await self._all_seen(await self._database.read(partial(_PLACEMENTS.told, named=named)))

    async def _all_seen(self, rows: Sequence[Told]) -> tuple[Intent, ...]:
        """The intents of rows, in slices: parsing thousands must not hold up whoever places an order meanwhile."""
        seen: list[Intent] = []
        for start in range(0, len(rows), _SLICE):
            if start:
                await asyncio.sleep(0)
            seen += map(self._seen, rows[start : start + _SLICE])
        return tuple(seen)

    def _seen(self, told: Told) -> Intent:
        """The intent of a row. Whoever reads a book looks at the whole day again, of which little has changed; and as
        long as a row is the same to the last byte, so is what it tells.
        """
        row_key: str = told[0]
        kept = self._read.get(row_key)
        if kept is not None and kept[0] == told:
            return kept[1]
        if len(self._read) >= _MOST_READ:
            self._read.clear()
        intent = _intent(_FIND.row(told))
        self._read[row_key] = told, intent
        return intent

    async def unsettled(self) -> tuple[Intent, ...]:
        return await self._all_seen(await self._database.read(partial(_UNSETTLED.told, named={})))

    async def modifications(self, account: Account, order_id: str) -> int:
        named = {"of_order": order_id, "of_account": str(account)}
        told = await self._database.glance(partial(_MODIFICATIONS.told, named=named))
        return int(told[0][0])

    async def record(self, order: Order, *, replacing: Order) -> bool:
        named = {
            "of_order": order.order_id,
            "of_account": str(order.account),
            "replacing": replacing.updated_at,
            "order_json": ORDER.dump(order),
            "order_updated_at": order.updated_at,
        }
        return await self._database.write(partial(_change, statement=_RECORD, named=named)) == 1

    async def purge(self, *, now: datetime, limit: int) -> int:
        return await self._database.write(partial(_change, statement=_PURGE, named={"now": now, "limit": limit}))


def _heard(read: asyncio.Future[tuple[Intent, ...]]) -> None:
    if not read.cancelled():
        read.exception()  # Everybody may have gone: an error that nobody awaits is no warning.


def _reserve(
    connection: Connection,
    intent: Intent,
    row: dict[str, object],
    now: datetime,
    apart: Apart | None,
    instead_of: str | None,
) -> _Reserved:
    named = {"of": row["key"]}
    # On a server others may change what stands in the way between any two statements; a turn is lost to each at most.
    while True:
        alike = None if apart is None else _alike(connection, intent, row, apart)
        if alike is None and _is_inserted(connection, row):
            return _Reserved()
        held = _FIND.told(connection, named)
        way = _way(_FIND.row(held[0]), intent, now, instead_of) if held else None
        if held and way is None:
            return _Reserved(holder=held[0])
        hindrance = _hindrance(connection, row, alike)
        if hindrance is not None:
            return hindrance
        if way is not None and _is_replaced(connection, way, row):
            return _Reserved()


def _way(holder: Row[Any], intent: Intent, now: datetime, instead_of: str | None) -> Job[int] | None:
    """What makes a holder give way, or `None`."""
    if _is_expired(holder, now):
        return partial(_change, statement=_DROP_EXPIRED, named={"of": str(intent.key), "now": now})
    is_failed_placement = (holder.operation, holder.state) == (Operation.PLACE, IntentState.FAILED)
    if is_failed_placement and holder.order_id == instead_of != intent.order_id:
        return partial(_rekey, order_id=holder.order_id, old=intent.key, new=intent.key.given_up(holder.order_id))
    return None


def _hindrance(connection: Connection, row: dict[str, object], alike: Intent | None) -> _Reserved | None:
    named = {"of": row["key"], "of_order": row["order_id"]}
    if row["operation"] == Operation.PLACE and _one(connection, _PLACED_BY_ANOTHER, named) is not None:
        return _Reserved(order_id_is_taken=True)
    if row["operation"] == Operation.MODIFY and _one(connection, _CHANGING, named) is not None:
        return _Reserved(change_is_under_way=True)
    return None if alike is None else _Reserved(alike=alike)


def _is_replaced(connection: Connection, way: Job[int], row: dict[str, object]) -> bool:
    """Have a holder give way to its successor, or neither."""
    with connection.begin_nested() as both:
        is_replaced = bool(way(connection)) and _is_inserted(connection, row)
        if not is_replaced:
            both.rollback()
    return is_replaced


def _undo(connection: Connection, intent: Intent, instead_of: str | None) -> None:
    named = {"of": str(intent.key), "of_order": intent.order_id}
    if _change(connection, _RELEASE, named) and instead_of is not None:
        _rekey(connection, instead_of, old=intent.key.given_up(instead_of), new=intent.key)


def _is_inserted(connection: Connection, row: dict[str, object]) -> bool:
    return _RESERVE.change(connection, row) == 1


def _rekey(connection: Connection, order_id: str, *, old: IntentKey, new: IntentKey) -> int:
    return _change(connection, _REKEY, {"of": str(old), "of_order": order_id, "key": str(new)})


def _alike(connection: Connection, intent: Intent, row: dict[str, object], apart: Apart) -> Intent | None:
    if intent.operation is not Operation.PLACE:
        return None
    take_turn(connection, f"alike {row['account']} {row['likeness']}")
    named = {
        "of_account": row["account"],
        "of_likeness": row["likeness"],
        "since": intent.created_at - apart.within,
    }
    in_doubt = _ALIKE_IN_DOUBT.all(connection, named) if apart.settled else ()
    alike = (_intent(one) for one in (*in_doubt, *_ALIKE_LATELY.all(connection, named)))
    return next((other for other in alike if apart.forbids(intent, other)), None)


def _settle(connection: Connection, named: dict[str, Any], row: dict[str, object]) -> Row[Any] | None:
    if _SETTLE.change(connection, row):
        return None
    holder = _one(connection, _SETTLED_BEFORE, named)
    if holder is None:
        raise LookupError(f"order {named['of_order']} is not reserved under the key that it is settled for")
    return holder


def _one(connection: Connection, statement: Select[Any], named: dict[str, Any]) -> Row[Any] | None:
    return connection.execute(statement, named).one_or_none()


def _change(connection: Connection, statement: Update | Delete, named: dict[str, Any]) -> int:
    return connection.execute(statement, named).rowcount


def _is_expired(row: Row[Any], now: datetime) -> bool:
    return row.state in _SETTLED and row.expires_at <= now


def _outcome(intent: Intent) -> dict[str, object]:
    order = ORDER.dump(intent.order)
    answer = intent.answer
    return {
        "state": str(intent.state),
        "order_json": order,
        "order_updated_at": intent.order.updated_at,
        "response_snapshot_json": order if answer is intent.order else None if answer is None else ORDER.dump(answer),
        "failure_json": None if intent.failure is None else FAILURE.dump(intent.failure),
    }


def _row(intent: Intent) -> dict[str, object]:
    return {
        "key": str(intent.key),
        "operation": str(intent.operation),
        "fingerprint": intent.fingerprint,
        "account": str(intent.key.account),
        "order_id": intent.order_id,
        "likeness": likeness(intent.order) if intent.operation is Operation.PLACE else None,
        "change_json": None if intent.change is None else CHANGE.dump(intent.change),
        "correlation_id": intent.correlation_id,
        "owner": intent.owner,
        "created_at": intent.created_at,
        "expires_at": intent.expires_at,
    } | _outcome(intent)


def _intent(row: Row[Any]) -> Intent:
    # The key's own text comes last and the principal may hold anything, so the parts are told apart from the end.
    principal, account, route, key = row.key.rsplit("\n", 3)
    text, told = row.order_json, row.response_snapshot_json
    order = ORDER.load(text)
    return Intent(
        key=IntentKey(principal=principal, account=Account.parse(account), route=route, key=key),
        operation=Operation(row.operation),
        fingerprint=row.fingerprint,
        order=order,
        state=IntentState(row.state),
        correlation_id=row.correlation_id,
        owner=row.owner,
        created_at=row.created_at,
        expires_at=row.expires_at,
        change=None if row.change_json is None else CHANGE.load(row.change_json),
        answer=None if told is None else order if told == text else ORDER.load(told),
        failure=None if row.failure_json is None else FAILURE.load(row.failure_json),
    )
