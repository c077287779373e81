"""The kill switches: asked before an order is written down, and again while nothing can overtake the answer."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import cast

from ordo.application.context import Context
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import Unavailable
from ordo.domain.safety import KillState, KillSwitch, strictest
from ordo.ports.clock import Clock
from ordo.ports.safety import SafetyStore

_log = logging.getLogger(__name__)
_NEVER_SET = "never set"
_LEAVES_WITHIN = 5.0
"""Seconds from the beginning of a call to its first byte, at most: more than the time that a connection may take."""


class Passage:
    """One order between the last look at the switch and its sending."""

    def __init__(self, account: Account, among: set[Passage]) -> None:
        self.account = account
        self.begun = asyncio.Event()
        self.left = asyncio.Event()
        self._among = among

    def begin(self) -> None:
        """Its call to the broker begins: its bytes leave soon, or never."""
        self.begun.set()

    def leave(self) -> None:
        """It has left, or will not. Leaving twice is leaving once."""
        self._among.discard(self)
        self.begun.set()
        self.left.set()


class SafetyService:
    """Reads and sets the switches.

    `linger`: how long a stricter state waits for orders of other processes that may have passed before it was set. It
    must be longer than the time from reading the switch to the first byte; 0 where no other process shares the store.
    """

    def __init__(self, store: SafetyStore, clock: Clock, trail: Trail, *, linger: timedelta = timedelta()) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail
        self._linger = linger
        self._started_at = clock.now()
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
        found = await self._store.all()
        gateway = next((switch for switch in found if switch.account is None), self._unset())
        return strictest((gateway, *(switch for switch in found if account is not None and switch.account == account)))

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
        passage = Passage(account, self._passing)
        self._passing.add(passage)
        task = cast("asyncio.Task[object]", asyncio.current_task())
        task.add_done_callback(lambda _: passage.leave())
        return passage

    async def _overtaken(self, account: Account | None) -> None:
        for passage in tuple(self._passing):
            if account in (None, passage.account):
                await passage.begun.wait()
                await self._gone(passage)
        if self._linger > timedelta():
            await self._clock.sleep(self._linger.total_seconds())

    async def _gone(self, passage: Passage) -> None:
        left, late = (
            asyncio.ensure_future(passage.left.wait()),
            asyncio.ensure_future(self._clock.sleep(_LEAVES_WITHIN)),
        )
        try:
            await asyncio.wait((left, late), return_when=asyncio.FIRST_COMPLETED)
        finally:
            left.cancel()
            late.cancel()

    def _unset(self) -> KillSwitch:
        return KillSwitch(state=KillState.ACTIVE, changed_by="gateway", changed_at=self._started_at, reason=_NEVER_SET)
