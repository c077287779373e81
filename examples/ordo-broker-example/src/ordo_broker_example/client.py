"""Every call of Lotus, made once. Here it is decided what an answer, or its absence, proves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

from pydantic import TypeAdapter, ValidationError

from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpFailure, HttpReply, HttpRequest, NeverSent, ReplyTimedOut
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, NotSent, OrdoError, OutcomeUnknown, Refused, Unavailable
from ordo.domain.sessions import Secret, Session
from ordo_broker_example import words

T = TypeVar("T")

_OK: Final = 200
_MS: Final = 1000


class LotusClient:
    """Speaks for every account. Raises what the broker port says."""

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._base = base_url

    async def log_in(self, account: Account, pin: Secret) -> words.Token:
        asked = {"user": account.account_id, "pin": pin.reveal()}
        return await self._call(account, None, "POST", "/login", words.Token, body=asked)

    async def log_out(self, session: Session) -> None:
        await self._call(session.account, session, "POST", "/logout", dict[str, bool], body={})

    async def place(self, session: Session, order: Mapping[str, object]) -> str:
        placed = await self._write(session, "POST", "/orders", words.Placed, order)
        return placed.id

    async def modify(self, session: Session, order_id: str, order: Mapping[str, object]) -> None:
        await self._write(session, "PUT", f"/orders/{quote(order_id, safe='')}", words.Placed, order)

    async def cancel(self, session: Session, order_id: str) -> None:
        await self._write(session, "DELETE", f"/orders/{quote(order_id, safe='')}", words.Placed, None)

    async def orders(self, session: Session) -> list[words.OrderRow]:
        return await self._call(session.account, session, "GET", "/orders", list[words.OrderRow])

    async def trades(self, session: Session) -> list[words.TradeRow]:
        return await self._call(session.account, session, "GET", "/trades", list[words.TradeRow])

    async def positions(self, session: Session) -> list[words.PositionRow]:
        return await self._call(session.account, session, "GET", "/positions", list[words.PositionRow])

    async def holdings(self, session: Session) -> list[words.PositionRow]:
        return await self._call(session.account, session, "GET", "/holdings", list[words.PositionRow])

    async def money(self, session: Session) -> words.Money:
        return await self._call(session.account, session, "GET", "/money", words.Money)

    async def quotes(self, session: Session, symbols: list[str]) -> list[words.QuoteRow]:
        path = f"/quotes?{urlencode({'symbols': ','.join(symbols)})}"
        return await self._call(session.account, session, "GET", path, list[words.QuoteRow])

    async def _write(
        self, session: Session, method: str, path: str, shape: type[T], body: Mapping[str, object] | None
    ) -> T:
        return await self._call(session.account, session, method, path, shape, body=body, writes=True)

    async def _call(
        self,
        account: Account,
        session: Session | None,
        method: str,
        path: str,
        shape: type[T],
        *,
        body: Mapping[str, object] | None = None,
        writes: bool = False,
    ) -> T:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if session is not None:
            headers["Authorization"] = f"Bearer {session.access_token.reveal()}"
        sent = None if body is None else json.dumps(body).encode()
        try:
            reply = await self._http.send(HttpRequest(method=method, url=self._base + path, headers=headers, body=sent))
        except HttpFailure as failure:
            raise _unanswered(account, failure, writes=writes) from None
        try:
            if reply.status == _OK:
                return TypeAdapter(shape).validate_json(reply.body)
            told = words.Failed.model_validate_json(reply.body)
        except ValidationError:
            raise _nonsense(account, f"its answer (HTTP {reply.status}) can't be read", writes=writes) from None
        code = words.REFUSALS.get(told.error)
        if code is None:
            raise _nonsense(account, f"its error {told.error} is not known", writes=writes, native=told.error)
        raise Refused(
            code,
            f"Lotus refused it, and nothing was done: {told.text}.",
            broker_id=account.adapter_id,
            native_error=f"{told.error}: {told.text}",
            retry_after_ms=_patience(reply) if code is ErrorCode.RATE_LIMITED else None,
        )


def _unanswered(account: Account, failure: HttpFailure, *, writes: bool) -> OrdoError:
    name = account.adapter_id
    if isinstance(failure, NeverSent):
        return NotSent(
            ErrorCode.BROKER_UNAVAILABLE, f"Lotus was not reached ({failure.reason}); nothing was sent.", broker_id=name
        )
    if writes:
        return _lost(account, failure.reason, None)
    code = ErrorCode.BROKER_TIMEOUT if isinstance(failure, ReplyTimedOut) else ErrorCode.BROKER_UNAVAILABLE
    return Unavailable(code, f"Lotus gave no answer ({failure.reason}); ask again.", broker_id=name)


def _nonsense(account: Account, why: str, *, writes: bool, native: str | None = None) -> OrdoError:
    if writes:
        return _lost(account, why, native)
    return Unavailable(
        ErrorCode.BROKER_ERROR, f"Lotus: {why}; ask again.", broker_id=account.adapter_id, native_error=native
    )


def _lost(account: Account, why: str, native: str | None) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"It is not known whether Lotus carried this out: {why}. Do not repeat it; the order book will tell.",
        broker_id=account.adapter_id,
        native_error=native,
    )


def _patience(reply: HttpReply) -> int | None:
    told = reply.headers.get("retry-after", "")
    return int(told) * _MS if told.isascii() and told.isdigit() else None
