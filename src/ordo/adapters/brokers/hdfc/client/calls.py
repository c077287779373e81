"""InvestRight's endpoints by name: wire in, wire out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter

from ordo.adapters.brokers.hdfc import wire
from ordo.adapters.brokers.hdfc.client.line import V1, Door, Line
from ordo.adapters.brokers.hdfc.errors import Call, Said, of_login, reading
from ordo.adapters.http.client import HttpClient
from ordo.domain.errors import ErrorCode, Invalid, OutcomeUnknown, before_sending
from ordo.domain.sessions import Secret
from ordo.ports.clock import Clock

_PROFILE: Final = "/oapi/v3/user/profile"
_ORDERS: Final = f"{V1}/orders"
_REGULAR: Final = f"{_ORDERS}/regular"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OTHER_VERB: Final = frozenset({404, 405, 422})
_NULL_HOLDINGS_STATUS: Final = 422

_ORDER_ROWS: Final = TypeAdapter(tuple[wire.OrderRow, ...])
_TRADE_ROWS: Final = TypeAdapter(tuple[wire.TradeRow, ...])
_HOLDING_ROWS: Final = TypeAdapter(tuple[wire.HoldingRow, ...])
_POSITIONS: Final = TypeAdapter(wire.Positions)
_MARGINS: Final = TypeAdapter(wire.Margins)
_PROFILES: Final = TypeAdapter(tuple[wire.ProfileRow, ...])
_LTPS: Final = TypeAdapter(tuple[wire.Ltp, ...])
_ANSWER: Final = TypeAdapter(wire.OrderAnswer)


class HdfcClient(Line):
    """All that Ordo asks of one app of InvestRight."""

    def __init__(self, door: Door, http: HttpClient, clock: Clock) -> None:
        super().__init__(door, http, clock)
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
        await self._write(Call.MODIFY, "PUT", f"{_REGULAR}/{_plain(order_id)}", token, body)

    async def cancel(self, token: Secret, order_id: str) -> None:
        await self._write(Call.CANCEL, "DELETE", f"{_REGULAR}/{_plain(order_id)}", token, None)

    async def orders(self, token: Secret) -> tuple[wire.OrderRow, ...]:
        return await self._rows(_ORDER_ROWS, _ORDERS, token, "the order book")

    async def order(self, token: Secret, order_id: str) -> wire.OrderRow:
        """One order; raises `Unreadable` unless the answer is that order and no other."""
        rows = await self._rows(_ORDER_ROWS, f"{_ORDERS}/{_plain(order_id)}", token, "the order")
        with reading("the order"):
            if [row.order_id for row in rows] != [order_id]:
                raise ValueError("another order was given than was asked for")
        return rows[0]

    async def trades(self, token: Secret) -> tuple[wire.TradeRow, ...]:
        return await self._rows(_TRADE_ROWS, f"{V1}/trades", token, "the trade book")

    async def trades_of(self, token: Secret, order_id: str) -> tuple[wire.TradeRow, ...]:
        path = f"{_ORDERS}/{_plain(order_id)}/trades"
        return await self._rows(_TRADE_ROWS, path, token, "the order's trades")

    async def margins(self, token: Secret) -> wire.Margins:
        return await self._rows(_MARGINS, f"{V1}/user/margins", token, "the funds")

    async def positions(self, token: Secret) -> tuple[wire.PositionRow, ...]:
        path = f"{V1}/portfolio/cumulative-positions"
        return (await self._rows(_POSITIONS, path, token, "the positions", nothing=True)).net or ()

    async def holdings(self, token: Secret) -> tuple[wire.HoldingRow, ...]:
        said = await self._ask("GET", f"{V1}/portfolio/holdings", token, None, "the holdings")
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
        said = await self._ask("PUT", f"{V1}/fetch-ltp", token, {"data": items}, "the prices")
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
        return f"{self._door.base_url}{V1}/login?{self._query()}"


def _plain(order_id: str) -> str:
    """An id as it stands in a path. One that could lead to another path is nobody's order."""
    if not _ID.fullmatch(order_id):
        with before_sending():
            raise Invalid.field(
                "broker_order_id", "is no order id of HDFC's", seen=order_id, code=ErrorCode.ORDER_NOT_FOUND
            )
    return order_id


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
