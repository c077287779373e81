"""Intents in Redis."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Final

from ordo.adapters.documents import CHANGE, FAILURE, ORDER
from ordo.adapters.moments import from_microseconds, to_microseconds
from ordo.adapters.redis import intent_scripts as scripts
from ordo.adapters.redis.server import RedisServer
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.idempotency import Apart, Intent, IntentKey, IntentState, Operation, likeness
from ordo.domain.orders import Order
from ordo.ports.idempotency import ChangeUnderWay, IdempotencyStore, LooksLikeAnother, OrderIdTaken

_UNDO_PAUSE_SECONDS: Final = 0.5
_NOT_RESERVED: Final = "NOT RESERVED"


class RedisIdempotencyStore(IdempotencyStore):
    """As durable as the server's settings make it; `require_durable` looks at them."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._doubtful: dict[str, tuple[str, ...]] = {}
        self._undoing: asyncio.Task[None] | None = None

    async def reserve(
        self, intent: Intent, *, now: datetime, apart: Apart | None = None, instead_of: str | None = None
    ) -> Intent | None:
        key, given_up = str(intent.key), "" if instead_of is None else str(intent.key.given_up(instead_of))
        instead = (instead_of or "", given_up)
        try:
            met, *found = await self._server.run(
                scripts.RESERVE, key, to_microseconds(now), *instead, *_limits(intent, apart), *_flat(_row(intent))
            )
        except Unavailable:
            # The answer may be lost, and not the request: who is told so sends nothing, and the record must not stay.
            self._undo(intent.order_id, (key, intent.order_id, *instead))
            raise
        if met == "RESERVED":
            return None
        if met == "TAKEN":
            raise OrderIdTaken
        if met == "CHANGING":
            raise ChangeUnderWay
        (holder,) = map(_intent, found)
        if met == "ALIKE":
            raise LooksLikeAnother(holder)
        return holder

    async def settle(self, intent: Intent) -> Intent | None:
        holder = await self._server.run(scripts.SETTLE, str(intent.key), intent.order_id, *_flat(_outcome(intent)))
        if holder == _NOT_RESERVED:
            raise LookupError(f"order {intent.order_id} is not reserved under the key that it is settled for")
        return _found(holder)

    async def release(self, key: IntentKey, order_id: str) -> None:
        await self._server.run(scripts.RELEASE, str(key), order_id)

    async def find(self, key: IntentKey, *, now: datetime) -> Intent | None:
        found = _found(await self._server.run(scripts.FIND, str(key)))
        return None if found is None or (found.state.is_settled and found.expires_at <= now) else found

    async def placement(self, account: Account, order_id: str) -> Intent | None:
        found = _found(await self._server.run(scripts.PLACEMENT, order_id))
        return None if found is None or found.key.account != account else found

    async def placements(self, account: Account, *, since: datetime) -> tuple[Intent, ...]:
        return _intents(await self._server.run(scripts.PLACEMENTS, str(account), to_microseconds(since)))

    async def unsettled(self) -> tuple[Intent, ...]:
        return _intents(await self._server.run(scripts.UNSETTLED))

    async def modifications(self, account: Account, order_id: str) -> int:
        return int(await self._server.run(scripts.MODIFICATIONS, str(account), order_id))

    async def record(self, order: Order, *, replacing: Order) -> bool:
        done = await self._server.run(
            scripts.RECORD,
            order.order_id,
            str(order.account),
            to_microseconds(replacing.updated_at),
            ORDER.dump(order),
            to_microseconds(order.updated_at),
        )
        return bool(done)

    async def purge(self, *, now: datetime, limit: int) -> int:
        return int(await self._server.run(scripts.PURGE, to_microseconds(now), limit))

    async def close(self) -> None:
        """Give up what could not be undone yet: a later start finds it, and looks for it in the broker's book."""
        if self._undoing is not None:
            self._undoing.cancel()
            with suppress(asyncio.CancelledError):
                await self._undoing

    def _undo(self, order_id: str, arguments: tuple[str, ...]) -> None:
        self._doubtful[order_id] = arguments
        if self._undoing is None or self._undoing.done():
            self._undoing = asyncio.get_running_loop().create_task(self._undone())

    async def _undone(self) -> None:
        while self._doubtful:
            order_id, arguments = next(iter(self._doubtful.items()))
            try:
                await self._server.run(scripts.UNDO, *arguments)
            except Unavailable:
                await asyncio.sleep(_UNDO_PAUSE_SECONDS)
            else:
                del self._doubtful[order_id]


def _limits(intent: Intent, apart: Apart | None) -> tuple[str | int, ...]:
    if apart is None:
        return ("", "", 0)
    at, within = intent.created_at, apart.within
    return (to_microseconds(at - within), to_microseconds(at + within), int(apart.settled))


def _flat(row: dict[str, str | int | None]) -> list[str | int]:
    return [part for name, value in row.items() if value is not None for part in (name, value)]


def _outcome(intent: Intent) -> dict[str, str | int | None]:
    order, answer = ORDER.dump(intent.order), intent.answer
    return {
        "state": intent.state.value,
        "order": order,
        "order_updated": to_microseconds(intent.order.updated_at),
        "answer": order if answer is intent.order else None if answer is None else ORDER.dump(answer),
        "failure": None if intent.failure is None else FAILURE.dump(intent.failure),
    }


def _row(intent: Intent) -> dict[str, str | int | None]:
    return {
        "key": str(intent.key),
        "operation": intent.operation.value,
        "fingerprint": intent.fingerprint,
        "account": str(intent.key.account),
        "order_id": intent.order_id,
        "likeness": likeness(intent.order) if intent.operation is Operation.PLACE else None,
        "change": None if intent.change is None else CHANGE.dump(intent.change),
        "correlation_id": intent.correlation_id,
        "owner": intent.owner,
        "created": to_microseconds(intent.created_at),
        "expires": to_microseconds(intent.expires_at),
    } | _outcome(intent)


def _intents(answer: list[list[str]]) -> tuple[Intent, ...]:
    return tuple(_intent(one) for one in answer)


def _found(answer: list[str] | None) -> Intent | None:
    return _intent(answer) if answer else None


def _intent(answer: list[str]) -> Intent:
    try:
        return _read(dict(zip(answer[::2], answer[1::2], strict=True)))
    except (ValueError, KeyError, OverflowError):
        raise Unavailable(
            ErrorCode.STORE_UNAVAILABLE,
            "A stored key can't be read: it was altered, or written by another version of Ordo. Nothing was sent by"
            " this call. Run that version, or restore Redis from a backup.",
        ) from None


def _read(row: dict[str, str]) -> Intent:
    # The key's own text comes last and the principal may hold anything, so the parts are told apart from the end.
    principal, account, route, key = row["key"].rsplit("\n", 3)
    text, told = row["order"], row.get("answer")
    order = ORDER.load(text)
    return Intent(
        key=IntentKey(principal=principal, account=Account.parse(account), route=route, key=key),
        operation=Operation(row["operation"]),
        fingerprint=row["fingerprint"],
        order=order,
        state=IntentState(row["state"]),
        correlation_id=row["correlation_id"],
        owner=row["owner"],
        created_at=from_microseconds(int(row["created"])),
        expires_at=from_microseconds(int(row["expires"])),
        change=None if "change" not in row else CHANGE.load(row["change"]),
        answer=None if told is None else order if told == text else ORDER.load(told),
        failure=None if "failure" not in row else FAILURE.load(row["failure"]),
    )
