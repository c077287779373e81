"""The kill switches: asked before an order is written down, and again while nothing can overtake the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta

from ordo.application.context import Context
from ordo.application.once import SEND_WITHIN
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, NotSent, Unavailable
from ordo.domain.idempotency import IntentState, Operation
from ordo.domain.safety import KillState, KillSwitch, strictest
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.safety import SafetyStore

_log = logging.getLogger(__name__)
_NEVER_SET = "never set"
_LEAVES_WITHIN = 8.0
"""Seconds from the beginning of a call to its first byte, at most: an adapter may hold it back for 2 and wait 3 for a
free connection, and making one may take 3.
"""
_LOOK_HOLDS = 4.0
"""Seconds from the last look at the switch to the beginning of the call, at most."""
LEFT_BY_THEN = timedelta(seconds=_LOOK_HOLDS + _LEAVES_WITHIN)
"""From the last look at the switch to the first byte, at most."""
_LOOK_AGAIN = 0.02


class Passage:
    """One order between the last look at the switch and its sending, which begins before `until`, on the clock's
    `monotonic`, or never.
    """

    def __init__(self, account: Account, among: set[Passage], clock: Clock) -> None:
        self.account = account
        self.until = clock.monotonic() + _LOOK_HOLDS
        self.has_begun = False
        self.has_left = False
        # Made by whoever waits for the next step: nearly always nobody does.
        self._step: asyncio.Event | None = None
        self._among = among
        self._clock = clock

    def require_fresh(self) -> None:
        """Raises `NotSent` where the look at the switch is too old to rest on."""
        if self._clock.monotonic() >= self.until:
            raise NotSent(
                ErrorCode.STORE_UNAVAILABLE,
                f"The order was not sent: more than {_LOOK_HOLDS:.0f} s went by since the kill switch was read, and it"
                " may have been set since. Nothing happened; the same key may be used again.",
            )

    def begin(self) -> None:
        """Its call to the broker begins: its bytes leave soon, or never. Raises what `require_fresh` does."""
        self.require_fresh()
        self.has_begun = True
        if self._step is not None:
            self._tell(self._step)

    def leave(self, _: object = None) -> None:
        """It has left, or will not. Leaving twice is leaving once."""
        if self.has_left:
            return
        self._among.discard(self)
        self.has_begun = self.has_left = True
        if self._step is not None:
            self._tell(self._step)

    async def until_begun(self) -> None:
        """Wait until its call begins, or never will."""
        while not self.has_begun:
            await self._next()

    async def until_left(self) -> None:
        """Wait until it has left, or will not."""
        while not self.has_left:
            await self._next()

    async def _next(self) -> None:
        self._step = self._step or asyncio.Event()
        await self._step.wait()

    def _tell(self, step: asyncio.Event) -> None:
        step.set()
        self._step = None


class SafetyService:
    """Reads and sets the switches.

    `intents` are those that other processes share, and `None` where there are none: by them a stricter state knows the
    orders that passed elsewhere before it was set. `linger` is how long it waits for them at most. It must be longer
    than the time from reading the switch to the first byte.
    """

    def __init__(
        self,
        store: SafetyStore,
        clock: Clock,
        trail: Trail,
        *,
        intents: IdempotencyStore | None = None,
        linger: timedelta = LEFT_BY_THEN,
    ) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail
        self._intents = intents
        self._linger = linger
        self._unset = KillSwitch(
            state=KillState.ACTIVE, changed_by="gateway", changed_at=clock.now(), reason=_NEVER_SET
        )
        self._unreadable: KillSwitch | None = None
        self._passing: set[Passage] = set()

    async def open(self) -> None:
        """Look at the switches once, at the start: those that can't be read mean `HALTED` until they are set again."""
        try:
            await self._store.all()
        except Unavailable as error:
            _log.error("trading is HALTED, for the kill switch could not be read: %s", error.message)
            self._unreadable = KillSwitch(
                state=KillState.HALTED,
                changed_by="gateway",
                changed_at=self._clock.now(),
                reason="it could not be read at the start",
            )

    async def get(self, account: Account | None = None) -> KillSwitch:
        """The switch in force: the gateway's, or for an account the stricter of both. `ACTIVE` since the start where
        nobody ever set it.
        """
        if self._unreadable is not None:
            return self._unreadable
        gateway, own = self._unset, None
        for switch in await self._store.all():
            if switch.account is None:
                gateway = switch
            elif switch.account == account:
                own = switch
        return gateway if own is None else strictest((gateway, own))

    async def accounts(self) -> tuple[KillSwitch, ...]:
        """The switches that were set for single accounts."""
        if self._unreadable is not None:
            return ()
        return tuple(switch for switch in await self._store.all() if switch.account is not None)

    async def set(
        self, state: KillState, reason: str, context: Context | None = None, *, account: Account | None = None
    ) -> KillSwitch:
        """Set the switch of the gateway, or of one account.

        When this returns, no order that the state forbids leaves any process that shares the store: it waits for those
        that had passed before, until they are answered, or their bytes must have left long ago.
        """
        context = context or Context()
        switch = KillSwitch(
            state=state, changed_by=context.principal, changed_at=self._clock.now(), reason=reason, account=account
        )
        await self._store.save(switch)
        if self._unreadable is not None:
            await self._store.all()
            self._unreadable = None
        if state is not KillState.ACTIVE:
            await self._overtaken(account)
        facts = {"state": switch.state, "reason": switch.reason}
        self._trail.write(AuditKind.KILL_SWITCH_CHANGED, context, account=account, facts=facts)
        return switch

    def enter(self, account: Account) -> Passage:
        """Before the last look at the switch: from here until the passage is left, at the latest at the end of the
        task, whoever sets the switch waits.
        """
        passage = Passage(account, self._passing, self._clock)
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an order leaves in a task")
        self._passing.add(passage)
        task.add_done_callback(passage.leave)
        return passage

    async def _overtaken(self, account: Account | None) -> None:
        for passage in tuple(self._passing):
            if account in (None, passage.account):
                await self._wait(passage.until_begun(), passage.until - self._clock.monotonic())
                if passage.has_begun:
                    await self._wait(passage.until_left(), _LEAVES_WITHIN)
        if self._intents is not None:
            await self._overtaken_elsewhere(self._intents, account)

    async def _overtaken_elsewhere(self, intents: IdempotencyStore, account: Account | None) -> None:
        """Every order is written down before it looks at the switch, so what passed before this one was set is open
        now, or is over. What opens later sees the switch.
        """
        until = self._clock.monotonic() + self._linger.total_seconds()
        waited_for: frozenset[str] | None = None
        while waited_for is None or waited_for:
            with suppress(Unavailable):
                leaving = await self._leaving(intents, account)
                waited_for = leaving if waited_for is None else waited_for & leaving
            left = until - self._clock.monotonic()
            if left <= 0:
                return
            if waited_for is None or waited_for:
                await self._clock.sleep(min(_LOOK_AGAIN, left))

    async def _leaving(self, intents: IdempotencyStore, account: Account | None) -> frozenset[str]:
        """The ids of the writes that may be on their way out anywhere. A young one of unknown outcome counts: another
        gateway may have called it so while its own still works on it.
        """
        young = self._clock.now() - SEND_WITHIN - self._linger
        return frozenset(
            f"{intent.key} {intent.order_id}"
            for intent in await intents.unsettled()
            if intent.operation is not Operation.CANCEL
            and account in (None, intent.order.account)
            and (intent.state is IntentState.OPEN or intent.created_at > young)
        )

    async def _wait(self, event: Coroutine[object, object, None], seconds: float) -> None:
        """For the event, and so many seconds at most."""
        happened = asyncio.ensure_future(event)
        late = asyncio.ensure_future(self._clock.sleep(max(0.0, seconds)))
        try:
            await asyncio.wait((happened, late), return_when=asyncio.FIRST_COMPLETED)
        finally:
            happened.cancel()
            late.cancel()
