"""What stands between the use cases and a broker: its pace, its circuits, limits of time, and retries of reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeVar

from ordo.application.pacing import Pacing
from ordo.domain.accounts import Account
from ordo.domain.circuits import CallKind, Circuit, is_outage
from ordo.domain.errors import ErrorCode, NotSent, OrdoError, Unavailable
from ordo.ports.cache import PortfolioCache
from ordo.ports.circuits import Circuits
from ordo.ports.clock import Clock

T = TypeVar("T")
Call = Callable[[], Awaitable[T]]

_RETRY_SHARE = 0.1
_MOST_RETRIES = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRules:
    """How a read is made, in seconds: `timeout` for one try, `total` for all of them, waits included. A pause before a
    further try is random, up to `pause` doubled for each. `at_once`: the most reads of one broker under way.
    """

    timeout: float = 10.0
    total: float = 15.0
    tries: int = 3
    pause: float = 0.2
    at_once: int = 8


class Care:
    """Carries calls out with care for the broker and for who waits. Retries of reads are at most a tenth of all reads,
    and ten to begin with; writes have none.
    """

    def __init__(
        self,
        circuits: Circuits,
        pacing: Pacing,
        cache: PortfolioCache,
        clock: Clock,
        random: Random,
        rules: ReadRules = ReadRules(),
    ) -> None:
        self._circuits = circuits
        self._pacing = pacing
        self._cache = cache
        self._clock = clock
        self._random = random
        self._rules = rules
        self._under_way: dict[str, asyncio.Semaphore] = {}
        self._retries = _MOST_RETRIES

    async def read(self, account: Account, call: Call[T]) -> T:
        """What the call gives; raises its refusal at once, and its `Unavailable` when trying again has not helped."""
        self._retries = min(_MOST_RETRIES, self._retries + _RETRY_SHARE)
        return await within(self._clock, self._rules.total, lambda: self._tried(account, call), account)

    async def write(self, account: Account, kind: CallKind, call: Call[T]) -> T:
        """Make one write, once. Raises what the call raises, and `NotSent` where the circuit is open.

        A cancellation waits for nobody: what is remembered of the account is a few seconds old at most.
        """
        # Before, so that nobody reads what this changes and keeps it; after, for what was read meanwhile.
        try:
            await self._cache.drop(account)
        except Unavailable as error:
            if kind is not CallKind.CANCEL:
                raise NotSent(error.code, f"Nothing was sent: {error.message}") from error
        try:
            return await self._made(account, kind, call)
        finally:
            await self._forget(account)

    async def _forget(self, account: Account) -> None:
        try:
            await self._cache.drop(account)
        except Unavailable:
            return

    async def _tried(self, account: Account, call: Call[T]) -> T:
        rules, clock = self._rules, self._clock
        deadline = clock.monotonic() + rules.total
        tried = 0
        while True:
            tried += 1
            try:
                return await self._once(account, call, deadline)
            except Unavailable as error:
                pause = self._random.uniform(0, rules.pause * 2**tried)
                in_time = clock.monotonic() + pause < deadline
                if not is_outage(error) or tried == rules.tries or not in_time or self._retries < 1:
                    raise
            self._retries -= 1
            await clock.sleep(pause)

    async def _once(self, account: Account, call: Call[T], deadline: float) -> T:
        clock = self._clock
        under_way = self._under_way.get(account.adapter_id)
        if under_way is None:
            under_way = self._under_way[account.adapter_id] = asyncio.Semaphore(self._rules.at_once)
        async with under_way:
            turn = await self._pacing.admit_read(account, within=deadline - clock.monotonic())
            try:
                seconds = min(self._rules.timeout, deadline - clock.monotonic())
                return await self._made(account, CallKind.READ, lambda: within(clock, seconds, call, account))
            finally:
                await self._pacing.over(turn)

    async def _made(self, account: Account, kind: CallKind, call: Call[T]) -> T:
        async with self._circuits.guard(_circuit(account.adapter_id, kind)):
            try:
                return await call()
            except OrdoError as error:
                if error.code is ErrorCode.RATE_LIMITED:
                    with suppress(Unavailable):  # What the broker said is true, whether or not it can be noted.
                        await self._pacing.slow(account)
                raise


@cache
def _circuit(adapter_id: str, kind: CallKind) -> Circuit:
    return Circuit(adapter_id=adapter_id, kind=kind)


async def within(clock: Clock, seconds: float, call: Call[T], account: Account) -> T:
    """Await a read, for so many seconds of the clock at most; then it is cancelled, and `Unavailable`
    (`BROKER_TIMEOUT`) is raised.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a read is made in a task")
    before, is_late = task.cancelling(), False

    def cut() -> None:
        nonlocal is_late
        is_late = True
        task.cancel()

    stop = clock.call_later(seconds, cut)
    try:
        return await call()
    except asyncio.CancelledError:
        # Whoever else cancels the task at the same moment means more than this read.
        if not is_late or task.cancelling() > before + 1:
            raise
    finally:
        stop()
        if is_late:
            task.uncancel()
    raise Unavailable(
        ErrorCode.BROKER_TIMEOUT,
        f"{account.adapter_id} did not answer within {seconds:.0f} s, so nothing is known of {account}. Nothing was"
        " changed; ask again.",
        broker_id=account.adapter_id,
    )
