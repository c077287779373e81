"""InvestRight's endpoints by name: wire in, wire out, each request sent once. `api_key` stands in every query, so no
URL is ever shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

from pydantic import TypeAdapter

from ordo.adapters.brokers.hdfc import wire
from ordo.adapters.brokers.hdfc.errors import Call, Said, of_login, of_read, of_write, reading
from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpFailure, HttpRequest, NeverSent, ReplyTimedOut
from ordo.adapters.http.pace import Pace
from ordo.domain.errors import ErrorCode, NotSent, OutcomeUnknown, Unavailable
from ordo.domain.sessions import Secret
from ordo.ports.clock import Clock
from ordo.schemas.config.brokers import HDFCConfig

T = TypeVar("T")
_Login = TypeVar("_Login", bound=wire.Wire)

_V1: Final = "/oapi/v1"
_PROFILE: Final = "/oapi/v3/user/profile"
_ORDERS: Final = f"{_V1}/orders"
_REGULAR: Final = f"{_ORDERS}/regular"
_OTHER_VERB: Final = frozenset({404, 405, 422})
_NULL_HOLDINGS_STATUS: Final = 422
_HELD_BACK: Final = 2.0
_MANY: Final = 200

_ORDER_ROWS: Final = TypeAdapter(tuple[wire.OrderRow, ...])
_TRADE_ROWS: Final = TypeAdapter(tuple[wire.TradeRow, ...])
_HOLDING_ROWS: Final = TypeAdapter(tuple[wire.HoldingRow, ...])
_POSITIONS: Final = TypeAdapter(wire.Positions)
_MARGINS: Final = TypeAdapter(wire.Margins)
_PROFILES: Final = TypeAdapter(tuple[wire.ProfileRow, ...])
_LTPS: Final = TypeAdapter(tuple[wire.Ltp, ...])
_ANSWER: Final = TypeAdapter(wire.OrderAnswer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the broker is and how one presents oneself there. `timeout` in seconds for a whole call."""

    broker_id: str
    base_url: str
    api_key: Secret
    api_secret: Secret
    user_agent: str
    timeout: float
    reads_per_second: float
    orders_per_second: float
    null_holdings_are_none: bool

    @classmethod
    def of(cls, broker_id: str, config: HDFCConfig) -> Door:
        return cls(
            broker_id=broker_id,
            base_url=config.base_url,
            api_key=Secret(config.api_key.get_secret_value()),
            api_secret=Secret(config.api_secret.get_secret_value()),
            user_agent=config.user_agent,
            timeout=config.timeout_seconds,
            reads_per_second=config.reads_per_second,
            orders_per_second=config.orders_per_second,
            null_holdings_are_none=config.null_holdings_are_none,
        )


class HdfcClient:
    """Speaks to one app of InvestRight. Requests wait for their turn, so that bursts stay under the assumed limits."""

    def __init__(self, door: Door, http: HttpClient, clock: Clock) -> None:
        self._door = door
        self._http = http
        self._reads = Pace(clock, door.reads_per_second)
        self._writes = Pace(clock, door.orders_per_second)
        self._profile_verb: str | None = None

    async def place(self, token: Secret, body: Mapping[str, object]) -> str:
        """The order's id at the broker."""
        said = await self._write(Call.PLACE, "POST", _REGULAR, token, body)
        order_id = _order_id(said)
        if not order_id:
            raise OutcomeUnknown(
                "HDFC took the order and gave no id for it: Ordo looks into the order book.",
                broker_id=self._door.broker_id,
            )
        return order_id

    async def modify(self, token: Secret, order_id: str, body: Mapping[str, object]) -> None:
        """The sample answer names another order than the path: the id in an answer says nothing."""
        await self._write(Call.MODIFY, "PUT", f"{_REGULAR}/{quote(order_id, safe='')}", token, body)

    async def cancel(self, token: Secret, order_id: str) -> None:
        await self._write(Call.CANCEL, "DELETE", f"{_REGULAR}/{quote(order_id, safe='')}", token, None)

    async def orders(self, token: Secret) -> tuple[wire.OrderRow, ...]:
        return await self._rows(_ORDER_ROWS, _ORDERS, token, "the order book")

    async def order(self, token: Secret, order_id: str) -> wire.OrderRow:
        """One order; raises `Unreadable` unless the answer is that order and no other."""
        rows = await self._rows(_ORDER_ROWS, f"{_ORDERS}/{quote(order_id, safe='')}", token, "the order")
        with reading("the order"):
            if [row.order_id for row in rows] != [order_id]:
                raise ValueError("another order was given than was asked for")
        return rows[0]

    async def trades(self, token: Secret) -> tuple[wire.TradeRow, ...]:
        return await self._rows(_TRADE_ROWS, f"{_V1}/trades", token, "the trade book")

    async def trades_of(self, token: Secret, order_id: str) -> tuple[wire.TradeRow, ...]:
        path = f"{_ORDERS}/{quote(order_id, safe='')}/trades"
        return await self._rows(_TRADE_ROWS, path, token, "the order's trades")

    async def margins(self, token: Secret) -> wire.Margins:
        return await self._rows(_MARGINS, f"{_V1}/user/margins", token, "the funds")

    async def positions(self, token: Secret) -> tuple[wire.PositionRow, ...]:
        path = f"{_V1}/portfolio/cumulative-positions"
        return (await self._rows(_POSITIONS, path, token, "the positions", nothing=True)).net or ()

    async def holdings(self, token: Secret) -> tuple[wire.HoldingRow, ...]:
        said = await self._ask("GET", f"{_V1}/portfolio/holdings", token, None, "the holdings")
        if self._door.null_holdings_are_none and _says_null_holdings(said):
            return ()
        return self._parsed(_HOLDING_ROWS, said, "the holdings")

    async def profile(self, token: Secret) -> wire.ProfileRow:
        """By GET, and once by POST where that is no way to ask; then by the verb that worked."""
        verb = self._profile_verb or "GET"
        said = await self._ask(verb, _PROFILE, token, None, "the profile")
        if verb == "GET" and said.status in _OTHER_VERB:
            verb = "POST"
            said = await self._ask(verb, _PROFILE, token, None, "the profile")
        rows = self._parsed(_PROFILES, said, "the profile")
        self._profile_verb = verb
        with reading("the profile"):
            if len(rows) != 1:
                raise ValueError("there is not one row")
        return rows[0]

    async def ltp(self, token: Secret, asked: tuple[tuple[str, str], ...]) -> tuple[wire.Ltp, ...]:
        """The prices of at most ten (exchange, token): what the broker does not know it leaves out."""
        items = [{"exchange": exchange, "token": token_} for exchange, token_ in asked]
        said = await self._ask("PUT", f"{_V1}/fetch-ltp", token, {"data": items}, "the prices")
        return self._parsed(_LTPS, said, "the prices")

    async def start(self) -> str:
        """A login attempt: its token id."""
        return (await self._login(wire.LoginStart, Call.LOGIN, "GET", "/login")).token_id

    async def password(self, token_id: str, user: Secret, password: Secret) -> wire.PasswordAnswer:
        body = {"username": user.reveal(), "password": password.reveal()}
        return await self._login(wire.PasswordAnswer, Call.PASSWORD, "POST", "/login/validate", body, token_id=token_id)

    async def otp(self, token_id: str, otp: Secret) -> wire.OtpAnswer:
        body = {"answer": otp.reveal()}
        return await self._login(wire.OtpAnswer, Call.OTP, "POST", "/twofa/validate", body, token_id=token_id)

    async def resend(self, token_id: str) -> None:
        """What it answers is not documented, so any good status is enough."""
        said = await self._step("GET", "/twofa/resend", None, token_id=token_id)
        if not said.transported:
            raise of_login(said, Call.OTP, self._door.broker_id)

    async def authorise(self, token_id: str, request_token: Secret, consent: str) -> Secret:
        """A new request token, the one that can be exchanged."""
        given = await self._login(
            wire.Authorised,
            Call.LOGIN,
            "GET",
            "/authorise",
            token_id=token_id,
            consent=consent,
            request_token=request_token.reveal(),
        )
        return Secret(given.request_token)

    async def exchange(self, request_token: Secret) -> Secret:
        """The access token."""
        body = {"apiSecret": self._door.api_secret.reveal()}
        granted = await self._login(
            wire.Granted, Call.LOGIN, "POST", "/access-token", body, request_token=request_token.reveal()
        )
        return Secret(granted.access_token)

    def login_url(self) -> str:
        """HDFC's own login page of this app."""
        return f"{self._door.base_url}{_V1}/login?{self._query()}"

    async def _rows(self, shape: TypeAdapter[T], path: str, token: Secret, what: str, *, nothing: bool = False) -> T:
        said = await self._ask("GET", path, token, None, what)
        if isinstance(said.data, list) and len(said.data) > _MANY:
            return await asyncio.to_thread(self._parsed, shape, said, what)
        return self._parsed(shape, said, what, nothing=nothing)

    def _parsed(self, shape: TypeAdapter[T], said: Said, what: str, *, nothing: bool = False) -> T:
        """`nothing`: that `data` is null is documented for it. That the key is missing never is."""
        if not said.succeeded:
            raise of_read(said, what, self._door.broker_id)
        with reading(what):
            if not said.has_data or (said.data is None and not nothing):
                raise ValueError("there is no data")
            return shape.validate_python(said.data)

    async def _ask(self, method: str, path: str, token: Secret, body: object, what: str) -> Said:
        await self._reads.turn()
        try:
            return await self._said(method, path, token, body, {})
        except HttpFailure as failure:
            text = f"HDFC did not give {what}: {failure.reason}. Nothing is known of it; ask again."
            raise self._unavailable(failure, text) from None

    async def _write(self, call: Call, method: str, path: str, token: Secret, body: object) -> Said:
        if not await self._writes.turn(at_most=_HELD_BACK):
            raise NotSent(
                ErrorCode.RATE_LIMITED,
                f"The {call} was not sent: too many came at once for HDFC's assumed limit of"
                f" {self._door.orders_per_second:g} a second. Nothing happened; the same key may be used again.",
                broker_id=self._door.broker_id,
            )
        try:
            said = await self._said(method, path, token, body, {})
        except NeverSent as failure:
            raise NotSent(
                ErrorCode.BROKER_UNAVAILABLE,
                f"The {call} was not sent to HDFC: {failure.reason}. Nothing happened; the same key may be used again.",
                broker_id=self._door.broker_id,
            ) from None
        except HttpFailure as failure:
            raise OutcomeUnknown(
                f"The {call} was sent to HDFC, and {failure.reason}: it may have been carried out. Do not repeat it;"
                " Ordo looks into the order book.",
                broker_id=self._door.broker_id,
            ) from None
        # Only the plain word for success is taken for one: an answer of another shape proves nothing.
        if said.succeeded and said.says_success:
            return said
        raise of_write(said, call, self._door.broker_id)

    async def _login(
        self, shape: type[_Login], call: Call, method: str, path: str, body: object = None, **query: str
    ) -> _Login:
        said = await self._step(method, path, body, **query)
        if not said.succeeded:
            raise of_login(said, call, self._door.broker_id)
        inner = said.data
        with reading("the login"):
            return shape.model_validate(inner if isinstance(inner, Mapping) else said.body)

    async def _step(self, method: str, path: str, body: object, **query: str) -> Said:
        try:
            return await self._said(method, f"{_V1}{path}", None, body, query)
        except NeverSent as failure:
            raise NotSent(
                ErrorCode.BROKER_UNAVAILABLE,
                f"HDFC could not be reached: {failure.reason}. Nothing was sent: the same answer may be given again.",
                broker_id=self._door.broker_id,
            ) from None
        except HttpFailure as failure:
            text = f"HDFC did not answer the login: {failure.reason}. No session was opened; start the login again."
            raise self._unavailable(failure, text) from None

    async def _said(self, method: str, path: str, token: Secret | None, body: object, query: Mapping[str, str]) -> Said:
        headers = {"User-Agent": self._door.user_agent, "Accept": "application/json"}
        if token is not None:  # The bare token: behind a `Bearer` the request hangs.
            headers["Authorization"] = token.reveal()
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = wire.encoded(body)
        url = f"{self._door.base_url}{path}?{self._query(**query)}"
        request = HttpRequest(method=method, url=url, headers=headers, body=content)
        reply = await self._http.send(request, total=self._door.timeout)
        return Said.of(reply.status, reply.body)

    def _unavailable(self, failure: HttpFailure, text: str) -> Unavailable:
        timed_out = isinstance(failure, ReplyTimedOut)
        code = ErrorCode.BROKER_TIMEOUT if timed_out else ErrorCode.BROKER_UNAVAILABLE
        return Unavailable(code, text, broker_id=self._door.broker_id)

    def _query(self, **query: str) -> str:
        return urlencode({"api_key": self._door.api_key.reveal(), **query})


def _order_id(said: Said) -> str:
    try:
        return _ANSWER.validate_python(said.data).order_id
    except ValueError:
        return ""


def _says_null_holdings(said: Said) -> bool:
    """The one answer by which an empty portfolio was reported: HTTP 422, and these words (the dossier, 4.3)."""
    text = said.message.lower()
    return (
        said.is_own
        and said.status == _NULL_HOLDINGS_STATUS
        and "null" in text
        and ("holding" in text or "portfolio" in text)
    )
