"""Clients that never let go of an idempotency key before they know what became of it, and note every answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final

import httpx2

from tests.unit.entrypoints.http.gateway_door import TOKEN

ORDERS: Final = "/api/v1/accounts/fyers/XE00001/orders"
_PAUSE_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 60
_HEADERS: Final = {"Authorization": f"Bearer {TOKEN}"}


class Door:
    """Where the gateway that lives now is reached."""

    def __init__(self) -> None:
        self._opened = asyncio.Condition()
        self._lives = 0
        self._url: str | None = None
        self.is_last = False

    async def open(self, url: str, *, last: bool = False) -> None:
        async with self._opened:
            self._lives, self._url, self.is_last = self._lives + 1, url, last
            self._opened.notify_all()

    async def enter(self, after: int) -> tuple[int, str]:
        """The number and the URL of a life later than `after`."""
        async with self._opened:
            await self._opened.wait_for(lambda: self._lives > after)
            assert self._url is not None
            return self._lives, self._url


@dataclass(frozen=True, slots=True)
class Told:
    """One answer: its status, and its JSON."""

    status: int
    body: dict[str, Any]

    @property
    def is_final(self) -> bool:
        return self.status in (200, 201) or self.had_no_effect

    @property
    def had_no_effect(self) -> bool:
        """Whether it is certain that the write came to nothing. That this call sent nothing more, because another with
        its key is still at work, says nothing of that other.
        """
        if self.status < 400 or self.body.get("error_code") == "IDEMPOTENCY_IN_FLIGHT":
            return False
        return self.body.get("details", {}).get("outcome") in ("not_sent", "refused")


@dataclass(slots=True)
class Ask:
    """One write under its key, and what was said of it, in order."""

    method: str
    path: str
    key: str
    body: dict[str, Any] | None
    insists: bool
    """Asks again, once, where it is told that nothing happened."""
    answers: list[Told] = field(default_factory=list)
    sent: int = 0
    waits: bool = False
    """Its last call got no answer."""

    @property
    def is_over(self) -> bool:
        if self.waits or not self.answers or not self.answers[-1].is_final:
            return False
        return not (self.insists and self.answers[-1].had_no_effect)

    def hear(self, told: Told) -> None:
        self.waits = False
        if self.answers and self.answers[-1].had_no_effect:
            self.insists = False
        self.answers.append(told)


class Trader:
    """Places orders, cancels or changes some of them, and repeats what got no answer, one call at a time."""

    def __init__(self, name: int, rng: Random, door: Door, terms: Iterator[dict[str, Any]]) -> None:
        self._name, self._rng, self._door, self._terms = name, rng, door, terms
        self._keys = count()
        self._life = 0
        self._url = ""
        self.asks: list[Ask] = []

    async def trade(self, enough: asyncio.Event) -> None:
        """Trade until it is enough; then repeat every key until its end is known."""
        limits = httpx2.Limits(max_connections=1)
        async with httpx2.AsyncClient(headers=_HEADERS, trust_env=False, limits=limits, timeout=30) as http:
            while not enough.is_set():
                await self._call(http, self._next())
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while open_asks := self._open():
                    for ask in open_asks:
                        await self._call(http, ask)
                    await asyncio.sleep(_PAUSE_SECONDS)  # For time to pass at the broker.
            for ask in self._rng.sample(self.asks, min(len(self.asks), 3)):
                await self._call(http, ask)

    def _open(self) -> list[Ask]:
        return [ask for ask in self.asks if not ask.is_over]

    def _next(self) -> Ask:
        unanswered = self._open()
        roll = self._rng.random()
        if unanswered and roll < 0.3:
            return self._rng.choice(unanswered)
        if roll < 0.4 and self.asks:
            return self._rng.choice(self.asks)
        return self._change() or self._made("POST", "", next(self._terms))

    def _change(self) -> Ask | None:
        if not self.asks or self._rng.random() < 0.7:
            return None
        placed = self.asks[-1]
        if placed.method != "POST" or not placed.answers or placed.answers[-1].status != 201:
            return None
        path = f"/{placed.answers[-1].body['order_id']}"
        if self._rng.random() < 0.5:
            return self._made("DELETE", path, None)
        return self._made("PATCH", path, {"quantity": 100})

    def _made(self, method: str, path: str, body: dict[str, Any] | None) -> Ask:
        ask = Ask(method, path, f"{self._name}-{next(self._keys)}", body, insists=self._rng.random() < 0.5)
        self.asks.append(ask)
        return ask

    async def _call(self, http: httpx2.AsyncClient, ask: Ask) -> None:
        if not self._url:
            self._life, self._url = await self._door.enter(self._life)
        ask.sent, ask.waits = ask.sent + 1, True
        try:
            answer = await http.request(
                ask.method, f"{self._url}{ORDERS}{ask.path}", json=ask.body, headers={"Idempotency-Key": ask.key}
            )
        except httpx2.TransportError:
            if self._door.is_last:
                raise
            self._url = ""
            return
        ask.hear(Told(answer.status_code, answer.json()))
