"""FYERS' endpoints by name: wire in, wire out. Here it is decided what an answer, or its absence, proves."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

from ordo.adapters.brokers.fyers import wire
from ordo.adapters.brokers.fyers.errors import ADVICE, UNDONE, WRITES, Call, Verdict, judge, words
from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpFailure, HttpReply, HttpRequest, NeverSent, ReplyTimedOut
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, NotSent, OutcomeUnknown, Refused, Unavailable
from ordo.domain.sessions import Session

E = TypeVar("E", bound=wire.Envelope)

_UNCONFIRMED: Final = 201
_DONE: Final = frozenset({200, 1101, 1102, 1103})
_OK: Final = 200
_TOO_MANY: Final = 429
_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """The bases of FYERS' addresses: `api` for accounts and orders, `data` for prices, without a slash at the end."""

    api: str
    data: str


class RejectedOddly(OutcomeUnknown):
    """A rejection (-99) in words that nobody knows: the book has to confirm it. With an `order_id`, FYERS itself says
    that there is such an order in the book.
    """

    order_id: str = ""


class FyersClient:
    """Speaks for one registered app, whose id goes with every token. Raises what the broker port says."""

    def __init__(self, http: HttpClient, hosts: Hosts, *, app_id: str) -> None:
        self._http = http
        self._hosts = hosts
        self._app_id = app_id

    def login_page(self, redirect_uri: str, state: str) -> str:
        """Where a person logs in; from there the browser is sent to `redirect_uri` with a code and the `state`."""
        query = {"client_id": self._app_id, "redirect_uri": redirect_uri, "response_type": "code", "state": state}
        return f"{self._hosts.api}/generate-authcode?{urlencode(query)}"

    async def redeem(self, account: Account, request: wire.CodeRequest) -> wire.Token:
        """Exchange a login's code, once, for a token."""
        asked = HttpRequest(
            method="POST",
            url=f"{self._hosts.api}/validate-authcode",
            headers=_HEADERS,
            body=wire.dumped(request),
            secrets=frozenset({request.code, request.app_id_hash}),
        )
        return await self._call(Call.LOGIN, account, asked, wire.Token)

    async def logout(self, session: Session) -> None:
        asked = self._request(session, "POST", f"{self._hosts.api}/logout")
        await self._call(Call.LOGIN, session.account, asked, wire.Envelope)

    def profile(self, session: Session) -> Coroutine[Any, Any, wire.Profile]:
        return self._get(session, "/profile", wire.Profile)

    def funds(self, session: Session) -> Coroutine[Any, Any, wire.Funds]:
        return self._get(session, "/funds", wire.Funds)

    def holdings(self, session: Session) -> Coroutine[Any, Any, wire.Holdings]:
        return self._get(session, "/holdings", wire.Holdings)

    def positions(self, session: Session) -> Coroutine[Any, Any, wire.Positions]:
        return self._get(session, "/positions", wire.Positions)

    def trades(self, session: Session) -> Coroutine[Any, Any, wire.TradeBook]:
        return self._get(session, "/tradebook", wire.TradeBook)

    async def orders(self, session: Session, *, order_id: str = "", tag: str = "") -> wire.OrderBook:
        """The whole book of the day, or the orders of an id or a tag. The filter takes a tag as the book shows it."""
        asked = {"id": order_id} if order_id else {"order_tag": f"1:{tag}"} if tag else {}
        return await self._get(session, f"/orders?{urlencode(asked)}" if asked else "/orders", wire.OrderBook)

    def quotes(self, session: Session, tickers: list[str]) -> Coroutine[Any, Any, wire.Quotes]:
        """At most 50 tickers."""
        asked = self._request(
            session, "GET", f"{self._hosts.data}/quotes?symbols={quote(','.join(tickers), safe=',:')}"
        )
        return self._call(Call.READ, session.account, asked, wire.Quotes)

    def depth(self, session: Session, ticker: str) -> Coroutine[Any, Any, wire.Depth]:
        """One ticker's last price, five levels on each side, circuit limits and open interest."""
        asked = self._request(session, "GET", f"{self._hosts.data}/depth?{_deep(ticker)}")
        return self._call(Call.READ, session.account, asked, wire.Depth)

    async def market_status(self, session: Session) -> wire.MarketStatus:
        asked = self._request(session, "GET", f"{self._hosts.data}/marketStatus")
        return await self._call(Call.READ, session.account, asked, wire.MarketStatus)

    def place(self, session: Session, order: wire.PlaceRequest) -> Coroutine[Any, Any, str]:
        """Send one order; its id at the broker."""
        return self._write(Call.PLACE, session, "POST", order.body())

    async def modify(self, session: Session, order: wire.ModifyRequest) -> None:
        answered = await self._write(Call.MODIFY, session, "PATCH", order.body())
        self._require_same(Call.MODIFY, session, order.id, answered)

    async def cancel(self, session: Session, order: wire.CancelRequest) -> None:
        answered = await self._write(Call.CANCEL, session, "DELETE", order.body())
        self._require_same(Call.CANCEL, session, order.id, answered)

    async def _write(self, call: Call, session: Session, method: str, body: bytes) -> str:
        asked = self._request(session, method, f"{self._hosts.api}/orders/sync", body)
        done = await self._call(call, session.account, asked, wire.Envelope)
        if done.code == _UNCONFIRMED:
            raise self._lost(call, session.account, "FYERS sent it on and has no acknowledgement yet (201)")
        if done.code not in _DONE or (call is Call.PLACE and not done.id):
            raise self._lost(call, session.account, f"FYERS' answer is not one that is known (code {done.code})")
        return done.id

    def _require_same(self, call: Call, session: Session, asked: str, answered: str) -> None:
        if answered and answered != asked:
            raise self._lost(call, session.account, "FYERS answered for another order")

    def _get(self, session: Session, path: str, model: type[E]) -> Coroutine[Any, Any, E]:
        return self._call(Call.READ, session.account, self._request(session, "GET", self._hosts.api + path), model)

    def _request(self, session: Session, method: str, url: str, body: bytes | None = None) -> HttpRequest:
        token = session.access_token.reveal()
        headers = {**_HEADERS, "Authorization": f"{self._app_id}:{token}"}
        return HttpRequest(method=method, url=url, headers=headers, body=body, secrets=frozenset({token}))

    async def _call(self, call: Call, account: Account, asked: HttpRequest, model: type[E]) -> E:
        try:
            reply = await self._http.send(asked)
        except HttpFailure as failure:
            raise self._unanswered(call, account, failure) from None
        try:
            told = wire.loaded(reply.body)
            if reply.status == _OK and isinstance(told, dict) and told.get("s") == "ok":
                return model.model_validate(told)
            envelope = wire.Envelope.model_validate(told)
        except ValueError:
            # Not the broker's: a page of something in between, a body that is cut, or a shape that nobody knows.
            raise self._unreadable(call, account, reply.status) from None
        native = words(envelope.code, envelope.message, account.account_id, asked.secrets)
        raise self._refused(call, account, reply, envelope, native)

    def _refused(
        self, call: Call, account: Account, reply: HttpReply, envelope: wire.Envelope, native: str
    ) -> Refused | OutcomeUnknown | Unavailable:
        if envelope.s == "ok":
            return self._unreadable(call, account, reply.status)
        verdict = judge(call, reply.status, envelope.code, envelope.message, envelope.id)
        if verdict.proven:
            return Refused(
                verdict.error,
                _told(call, verdict, envelope.id),
                broker_id=account.adapter_id,
                native_error=native,
                retry_after_ms=_retry_after(reply) if verdict.error is ErrorCode.RATE_LIMITED else None,
            )
        if call in WRITES:
            lost = self._lost(call, account, "FYERS' answer proves nothing", native)
            if verdict.error is not ErrorCode.ORDER_REJECTED or verdict.known:
                return lost
            odd = RejectedOddly(lost.message, broker_id=lost.broker_id, native_error=native)
            odd.order_id = envelope.id
            return odd
        return Unavailable(
            _trouble(verdict),
            f"{UNDONE[call]}: FYERS answered with an error; ask again.",
            broker_id=account.adapter_id,
            native_error=native,
        )

    def _unanswered(self, call: Call, account: Account, failure: HttpFailure) -> NotSent | OutcomeUnknown | Unavailable:
        if isinstance(failure, NeverSent) and call is not Call.READ:
            return NotSent(
                ErrorCode.BROKER_UNAVAILABLE,
                f"{UNDONE[call]}: {failure.reason}, so nothing was sent to FYERS. It may be tried again.",
                broker_id=account.adapter_id,
            )
        if call in WRITES:
            return self._lost(call, account, failure.reason)
        code = ErrorCode.BROKER_TIMEOUT if isinstance(failure, ReplyTimedOut) else ErrorCode.BROKER_UNAVAILABLE
        again = "log in again, for the code may be used up" if call is Call.LOGIN else "ask again"
        return Unavailable(
            code, f"{UNDONE[call]}: FYERS gave no answer ({failure.reason}); {again}.", broker_id=account.adapter_id
        )

    def _unreadable(self, call: Call, account: Account, status: int) -> OutcomeUnknown | Unavailable:
        if call in WRITES:
            return self._lost(call, account, f"the answer (HTTP {status}) is not FYERS' own")
        codes = {_OK: ErrorCode.BROKER_ERROR, _TOO_MANY: ErrorCode.RATE_LIMITED}
        code = codes.get(status, ErrorCode.BROKER_UNAVAILABLE)
        return Unavailable(
            code, f"{UNDONE[call]}: FYERS' answer (HTTP {status}) can't be read.", broker_id=account.adapter_id
        )

    def _lost(self, call: Call, account: Account, why: str, native: str | None = None) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"It is not known whether the {call} took effect: {why}. Do not repeat it; the order book will tell.",
            broker_id=account.adapter_id,
            native_error=native,
        )


_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "User-Agent": "ordo-gateway",
    "version": "3",
}


@lru_cache(maxsize=1024)
def _deep(ticker: str) -> str:
    return urlencode({"symbol": ticker, "ohlcv_flag": "1"})


def _trouble(verdict: Verdict) -> ErrorCode:
    down = verdict.error is ErrorCode.BROKER_UNAVAILABLE
    return ErrorCode.BROKER_UNAVAILABLE if down else ErrorCode.BROKER_ERROR


def _told(call: Call, verdict: Verdict, order_id: str) -> str:
    advice = ADVICE.get(verdict.error, "FYERS refused it")
    stands = " It stands in the order book as rejected." if call is Call.PLACE and order_id else ""
    return f"{UNDONE[call]}: {advice}.{stands}"


def _retry_after(reply: HttpReply) -> int | None:
    for name, unit in (("x-retry-after-ms", 1), ("retry-after", _MS)):
        text = reply.headers.get(name, "")
        if text.isascii() and text.isdigit():
            return int(text) * unit
    return None
