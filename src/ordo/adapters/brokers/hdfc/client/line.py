"""One line to InvestRight: each request sent once, in its turn, and what came back or did not. `api_key` stands in
every query, so no URL is ever shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

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

V1: Final = "/oapi/v1"
_HELD_BACK: Final = 2.0
_MANY: Final = 200
_CONSENT: Final = "consent"


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


class Line:
    """Speaks to one app. Requests wait for their turn, so that bursts stay under the assumed limits."""

    def __init__(self, door: Door, http: HttpClient, clock: Clock) -> None:
        self._door = door
        self._http = http
        self._reads = Pace(clock, door.reads_per_second)
        self._writes = Pace(clock, door.orders_per_second)
        self._keyed = Secret(urlencode({"api_key": door.api_key.reveal()}))

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
        if not await self._reads.turn(at_most=self._door.timeout):
            raise Unavailable(
                ErrorCode.RATE_LIMITED,
                f"HDFC was not asked for {what}: too many reads wait for their turn, of which"
                f" {self._door.reads_per_second:g} go a second. Ask again, more slowly.",
                broker_id=self._door.broker_id,
            )
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
            return await self._said(method, f"{V1}{path}", None, body, query)
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
        secrets = self._secrets(token, body, query)
        request = HttpRequest(method=method, url=url, headers=headers, body=content, secrets=secrets)
        reply = await self._http.send(request, total=self._door.timeout)
        return Said.of(reply.status, reply.body, secrets)

    def _secrets(self, token: Secret | None, body: object, query: Mapping[str, str]) -> frozenset[str]:
        """What must not be shown of a request. Without a token it is a step of the login, where all is secret but a
        word such as consent.
        """
        told = {self._door.api_key.reveal()}
        if token is not None:
            return frozenset(told | {token.reveal()})
        fields = body.values() if isinstance(body, Mapping) else ()
        told |= {value for name, value in query.items() if name != _CONSENT}
        return frozenset(told | {value for value in fields if isinstance(value, str)})

    def _unavailable(self, failure: HttpFailure, text: str) -> Unavailable:
        timed_out = isinstance(failure, ReplyTimedOut)
        code = ErrorCode.BROKER_TIMEOUT if timed_out else ErrorCode.BROKER_UNAVAILABLE
        return Unavailable(code, text, broker_id=self._door.broker_id)

    def _query(self, **query: str) -> str:
        key = self._keyed.reveal()
        return f"{key}&{urlencode(query)}" if query else key
