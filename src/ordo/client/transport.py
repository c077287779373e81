"""Carrying out conversations over HTTP: once by blocking, once by awaiting."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from ordo.client.announcement import beside, read
from ordo.client.conversation import Answer, Call, Event, Lost, Send, Step, Unsent, Wait, conversation
from ordo.client.errors import OrdoApiError
from ordo.client.waiting import Course, Look
from ordo.schemas.v1.orders import Order

T = TypeVar("T")

LOCAL_URL = "http://127.0.0.1:8000"
LOCAL_DATABASE = Path("ordo.db")
_CONNECT_SECONDS = 5.0
_NOTHING_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Place:
    """Where the gateway is, who asks, and how many seconds a call may take with all its tries."""

    url: str
    headers: dict[str, str]
    timeout: float

    @classmethod
    def of(cls, url: str | None, token: str | None, timeout: float) -> Place:
        """What is `None` comes from `ORDO_URL` and `ORDO_TOKEN`; an empty token is none at all. Where nothing is said,
        both are those of the gateway that serves `ordo.db` in this folder.
        """
        url = url or os.environ.get("ORDO_URL")
        if url is None and token is None and "ORDO_TOKEN" not in os.environ:
            # Both or neither: a file that happens to lie here must not be told a token of somebody else's.
            url, token = _found_here()
        url = url or LOCAL_URL
        if not _is_address(url):
            raise ValueError(f"the address of a gateway looks like {LOCAL_URL}, not like {url!r}")
        if not timeout > 0:
            raise ValueError(f"timeout is a number of seconds above 0, not {timeout}")
        token = (os.environ.get("ORDO_TOKEN", "") if token is None else token).strip()
        if not (token.isascii() and token.isprintable()):
            raise ValueError("a token is printable ASCII text; the one given is not")
        headers = {"accept": "application/json", "user-agent": "ordo-client"}
        return cls(url=url, headers=headers | ({"authorization": f"Bearer {token}"} if token else {}), timeout=timeout)

    def __repr__(self) -> str:
        return f"Place(url={self.url!r})"


def _found_here() -> tuple[str | None, str | None]:
    found = read(beside(LOCAL_DATABASE))
    return (None, None) if found is None else (found.url, found.token)


class BlockingWire:
    """Carries out calls on the caller's thread. Safe to share between threads."""

    def __init__(self, place: Place) -> None:
        self._place = place
        # Nothing of the environment: a proxy or a .netrc would see, or replace, the token.
        self._http = httpx2.Client(base_url=place.url, headers=place.headers, trust_env=False)

    def carry_out(self, call: Call[T], *, within: float = math.inf) -> T:
        """Make one call, in at most so many seconds, and never more than the client allows."""
        steps = conversation(call, timeout=min(self._place.timeout, within))
        event: Event = None
        while True:
            try:
                step = steps.send(event)
            except StopIteration as end:
                result: T = end.value
                return result
            event = self._do(call, step)

    def follow(self, course: Course) -> Order:
        """Make the calls of a course, one after the other, to its end."""
        told: Order | OrdoApiError | None = None
        while True:
            try:
                step = course.send(told)
            except StopIteration as end:
                result: Order = end.value
                return result
            told = self._look(step)

    def close(self) -> None:
        self._http.close()

    def _look(self, step: Look | Wait) -> Order | OrdoApiError | None:
        if isinstance(step, Wait):
            time.sleep(step.seconds)
            return None
        try:
            return self.carry_out(step.call, within=step.within)
        except OrdoApiError as error:
            return error

    def _do(self, call: Call[T], step: Step) -> Event:
        if isinstance(step, Wait):
            time.sleep(step.seconds)
            return None
        try:
            return _answer(self._http.send(_request(self._http, call, step)))
        except httpx2.RequestError as error:
            return _failure(error)


class AwaitingWire:
    """Carries out calls in one event loop. Cancelling a call closes its connection; a cancelled write is unknown."""

    def __init__(self, place: Place, app: AsgiApp | None = None) -> None:
        self._place = place
        # The application does its own reporting: what breaks in it is a 500 here too.
        transport = None if app is None else httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        self._http = httpx2.AsyncClient(base_url=place.url, headers=place.headers, trust_env=False, transport=transport)

    async def carry_out(self, call: Call[T], *, within: float = math.inf) -> T:
        """Make one call, in at most so many seconds, and never more than the client allows."""
        steps = conversation(call, timeout=min(self._place.timeout, within))
        event: Event = None
        while True:
            try:
                step = steps.send(event)
            except StopIteration as end:
                result: T = end.value
                return result
            event = await self._do(call, step)

    async def follow(self, course: Course) -> Order:
        """Make the calls of a course, one after the other, to its end."""
        told: Order | OrdoApiError | None = None
        while True:
            try:
                step = course.send(told)
            except StopIteration as end:
                result: Order = end.value
                return result
            told = await self._look(step)

    async def close(self) -> None:
        await self._http.aclose()

    async def _look(self, step: Look | Wait) -> Order | OrdoApiError | None:
        if isinstance(step, Wait):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return await self.carry_out(step.call, within=step.within)
        except OrdoApiError as error:
            return error

    async def _do(self, call: Call[T], step: Step) -> Event:
        if isinstance(step, Wait):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return _answer(await self._http.send(_request(self._http, call, step)))
        except httpx2.RequestError as error:
            return _failure(error)


def _is_address(url: str) -> bool:
    try:
        address = httpx2.URL(url)
    except httpx2.InvalidURL:
        return False
    return address.scheme in ("http", "https") and bool(address.host)


def _request(http: httpx2.Client | httpx2.AsyncClient, call: Call[T], send: Send) -> httpx2.Request:
    headers = {}
    if call.body is not None:
        headers["content-type"] = "application/json"
    if call.key is not None:
        headers["idempotency-key"] = call.key
    timeout = httpx2.Timeout(send.timeout, connect=min(send.timeout, _CONNECT_SECONDS))
    return http.build_request(
        call.method, call.path, params=call.params, content=call.body, headers=headers, timeout=timeout
    )


def _answer(response: httpx2.Response) -> Answer:
    return Answer(status=response.status_code, headers=response.headers, body=response.content)


def _failure(error: httpx2.RequestError) -> Unsent | Lost:
    reason = str(error) or type(error).__name__
    return Unsent(reason=reason) if isinstance(error, _NOTHING_SENT) else Lost(reason=reason)
