"""A gateway that dies where it is told to: by `kill -9`, at a named step of a write."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from dependency_injector import providers
from litestar.types import ASGIApp

from ordo.adapters.http.carrier import Evidence
from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpReply, HttpRequest
from ordo.adapters.http.wording import Worded
from ordo.adapters.sql.idempotency import SqlIdempotencyStore
from ordo.container.brokers import Wire
from ordo.container.root import container_for
from ordo.domain.idempotency import Apart, Intent, IntentState
from ordo.entrypoints.http.app import create_app
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore
from ordo.schemas.config.brokers import WireConfig
from ordo.schemas.config.settings import load_settings
from tests.support.sabotage import LateStore
from tests.support.stores import DisturbedStore


class Step(StrEnum):
    """Where a gateway can be made to die, in the order in which a write comes by."""

    BEFORE_FIRST_COMMIT = "before_first_commit"
    AFTER_FIRST_COMMIT = "after_first_commit"
    BEFORE_SEND = "before_send"
    AFTER_SEND = "after_send"
    """The whole request has left; nothing of the answer is read."""
    AFTER_ANSWER = "after_answer"
    BEFORE_SECOND_COMMIT = "before_second_commit"
    AFTER_SECOND_COMMIT = "after_second_commit"
    """The record is complete; the client has no answer."""
    RECOVERING = "recovering"
    """A gateway takes up, or has lost, what is unknown, and has not written it down."""


@dataclass(slots=True, kw_only=True)
class Fate:
    """What is to become of this gateway: it dies the so-manieth time (`times`) that it comes to a step. Its clock is
    `haste` times as fast as the real one, from its own start or, where gateways live `together`, from that of all;
    `forgets` takes the first commit out.
    """

    step: str | None = None
    times: int = 1
    haste: float = 1.0
    together: bool = False
    forgets: bool = False

    def at(self, step: Step) -> None:
        if step == self.step:
            self.times -= 1
            if self.times <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


FATE = Fate()
_ORDERS: Final = "/orders"
_TEN_IN_INDIA: Final = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
_STARTED: Final = time.monotonic()


class RacingClock(Clock):
    """Ten o'clock of a trading day when the launcher started; from then on so many times as fast as the real one. All
    forks of one launcher agree, but for their haste; those that live `together` in every way.
    """

    def __init__(self, haste: float, *, together: bool = False) -> None:
        self._haste, self._born = haste, _STARTED if together else time.monotonic()

    def now(self) -> datetime:
        return _TEN_IN_INDIA + timedelta(seconds=self._born - _STARTED + self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._born) * self._haste

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0) / self._haste)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], object]:
        return asyncio.get_running_loop().call_later(max(seconds, 0.0) / self._haste, callback).cancel


class MortalStore(DisturbedStore):
    async def reserve(
        self, intent: Intent, *, now: datetime, apart: Apart | None = None, instead_of: str | None = None
    ) -> Intent | None:
        FATE.at(Step.BEFORE_FIRST_COMMIT)
        holder = await super().reserve(intent, now=now, apart=apart, instead_of=instead_of)
        if holder is None:
            FATE.at(Step.AFTER_FIRST_COMMIT)
        return holder

    async def settle(self, intent: Intent) -> Intent | None:
        is_done = intent.state is IntentState.DONE
        if intent.state is IntentState.UNKNOWN:
            FATE.at(Step.RECOVERING)
        if is_done:
            FATE.at(Step.BEFORE_SECOND_COMMIT)
        holder = await super().settle(intent)
        if is_done:
            FATE.at(Step.AFTER_SECOND_COMMIT)
        return holder


class MortalLine(HttpClient):
    async def send(self, request: HttpRequest, *, total: float | None = None) -> HttpReply:
        is_write = _is_write(request)
        if is_write:
            FATE.at(Step.BEFORE_SEND)
        reply = await super().send(request, total=total)
        if is_write:
            FATE.at(Step.AFTER_ANSWER)
        return reply

    async def _carry(self, request: HttpRequest, wording: Worded, sent: Evidence, total: float) -> HttpReply:
        return await super()._carry(request, wording, _Witness(sent) if _is_write(request) else sent, total)


class _Witness(Evidence):
    """Sees the last byte of a write leave."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__()
        self._evidence = evidence

    def begin(self) -> None:
        self._evidence.begin()

    def end(self) -> None:
        self._evidence.end()
        FATE.at(Step.AFTER_SEND)


class _MortalWire(Wire):
    def client(self, config: WireConfig) -> HttpClient:
        return self._clients.setdefault(config.transport, MortalLine(transport=config.transport))


def app_from_environment() -> ASGIApp:
    """What `ordo serve` would serve, but for its clock and its mortality."""
    container = container_for(load_settings())
    container.clock.override(providers.Object(RacingClock(FATE.haste, together=FATE.together)))
    container.broker_wire.override(providers.Object(_MortalWire()))
    store: providers.Provider[IdempotencyStore] = providers.Singleton(SqlIdempotencyStore, container.database)
    if FATE.forgets:
        store = providers.Singleton(LateStore, store)
    container.idempotency_store.override(providers.Singleton(MortalStore, store))
    return create_app(container, own_process=True)


def _is_write(request: HttpRequest) -> bool:
    return request.method != "GET" and _ORDERS in request.place
