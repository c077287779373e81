"""Finding out what became of a write whose answer was lost, by looking into the broker's book. Never by
sending again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import chain, repeat
from typing import TypeVar

from ordo.application.books import Books
from ordo.application.context import Context
from ordo.application.knowledge import Knowledge
from ordo.application.searches import PAUSES, Asking, Search, Searches, unhurried
from ordo.application.trail import Trail
from ordo.application.verdicts import after, given_up, verdict
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.calendar import trading_day
from ordo.domain.errors import OrdoError, Unavailable
from ordo.domain.idempotency import Intent, IntentState, Operation
from ordo.domain.matching import BookRead
from ordo.domain.orders import OrderStatus, PendingOp
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.leases import Leases
from ordo.ports.owners import Owners

T = TypeVar("T")
_log = logging.getLogger(__name__)
_READS = 2
_LEASE_SECONDS = 90.0
_PACE = 1000
"""Records a second that the watch looks at when there are many, so that it takes a few hundredths of the time."""
_PENDING = {Operation.MODIFY: PendingOp.MODIFY, Operation.CANCEL: PendingOp.CANCEL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to look. `pursue` bounds the search while a caller waits; `absence` is how long a write must have
    been lost before its absence from the book proves anything: longer than every timeout of broker and client
    (domain facts 2.3).
    """

    pursue: timedelta = timedelta(seconds=8)
    absence: timedelta = timedelta(seconds=60)


class Reconciler:
    """Settles unknown intents. Looking is harmless, so anybody may look at any time, as often as the budget
    allows.
    """

    def __init__(  # noqa: PLR0913  (what a search needs)
        self,
        store: IdempotencyStore,
        books: Books,
        knowledge: Knowledge,
        clock: Clock,
        trail: Trail,
        owners: Owners,
        *,
        owner: str,
        patience: Patience,
        leases: Leases | None = None,
    ) -> None:
        self._store = store
        self._books = books
        self._knowledge = knowledge
        self._clock = clock
        self._trail = trail
        self._owners = owners
        self._owner = owner
        self._patience = patience
        self._leases = leases
        self._searches = Searches(clock)

    async def recover(self) -> int:
        """Take up what gateways that are gone left open: every such intent is unknown.

        Returns how many there are to look for.
        """
        unsettled = await self._store.unsettled()
        for intent in unsettled:
            if intent.state is IntentState.OPEN and await self._is_abandoned(intent):
                await self._adopt(intent)
        return len(unsettled)

    def abandon(self, intent: Intent) -> None:
        """This process has ended its work on an open intent without being able to write down how."""
        self._searches.abandon(intent)

    async def lose(self, intent: Intent, reason: str, context: Context) -> Intent:
        """Write down that nobody knows what became of a write, unless somebody has settled it meanwhile. A store
        that fails leaves the intent open and abandoned, for a later look.
        """
        now = self._clock.now()
        pending = _PENDING.get(intent.operation)
        if pending is None:
            order = intent.order.moved(OrderStatus.UNKNOWN, at=now, message=reason)
        else:
            order = replace(intent.order, pending_op=pending, status_message=reason, updated_at=now)
        unknown = replace(intent, state=IntentState.UNKNOWN, order=order)
        try:
            # Noted before the intent is unknown: from then on anybody may find its result, and clear the note.
            await self._note(intent, pending)
            holder = await self._store.settle(unknown)
            if holder is not None:
                await self._note(intent, None)
                return holder
        except LookupError:
            await self._note(intent, None)
            raise
        except Unavailable:
            self.abandon(intent)
        self._trail.told(AuditKind.ORDER_UNKNOWN, context, order)
        return unknown

    async def _note(self, intent: Intent, pending: PendingOp | None) -> None:
        if intent.operation is not Operation.PLACE:
            await self._knowledge.learn(
                intent, lambda kept: kept if kept.status.is_terminal else replace(kept, pending_op=pending)
            )

    async def pursue(self, intent: Intent, context: Context) -> Intent:
        """Look again and again, at growing distances, until the intent is settled or the caller's patience is
        over.
        """
        deadline = self._clock.monotonic() + self._patience.pursue.total_seconds()
        intent = await self.look(intent, context)
        pauses = chain(PAUSES, repeat(PAUSES[-1]))
        while not intent.state.is_settled and self._clock.monotonic() + (pause := next(pauses)) <= deadline:
            await self._clock.sleep(pause)
            intent = await self.look(intent, context)
        return intent

    async def look(self, intent: Intent, context: Context | None = None) -> Intent:
        """Read the book once and settle the intent if that proves its outcome; an unreadable book proves
        nothing. An open intent is left to whoever works on it.
        """
        return await self._looked(intent, context)

    async def weigh(self, intent: Intent, read: BookRead, context: Context) -> Intent:
        """Settle the intent if a read that was made for another reason shows its order. What it lacks proves nothing
        here.
        """
        if intent.state is not IntentState.UNKNOWN or read.find(intent.order) is None:
            return intent
        return await self._looked(intent, context, read=read)

    async def _looked(
        self,
        intent: Intent,
        context: Context | None = None,
        *,
        read: BookRead | None = None,
        asking: Asking | None = None,
    ) -> Intent:
        search, context = self._searches.of(intent), context or self._context(intent)
        async with search.lock:
            latest = await self._latest(intent)
            if latest is None or latest.state is not IntentState.UNKNOWN:
                self._searches.forget(intent)
                return latest or intent
            if read is None:
                asking = self._searches.asking()
                read = await self._read(latest.order.account, (search,), asking, context)
            settled = None if read is None else self._judged(latest, read, search, asking)
            if read is None or settled is None:
                return latest
            written = await self._written(latest, settled, read, context)
            self._searches.forget(intent)
            return written

    async def _latest(self, intent: Intent) -> Intent | None:
        latest = await self._store.find(intent.key, now=self._clock.now())
        if latest is not None and latest.state is IntentState.OPEN and await self._is_abandoned(latest):
            return await self._adopt(latest)
        return latest

    async def _read(
        self, account: Account, searches: Iterable[Search], asking: Asking, context: Context
    ) -> BookRead | None:
        """A read for these searches, which begin with it at the latest; `None` where the book can't be read."""
        for search in searches:
            search.begun(asking)
        try:
            read = await self._books.read(account, context)
        except OrdoError:
            return None
        await self._books.notice_late(read, context)
        return read

    async def is_still_absent(self, intent: Intent, context: Context) -> bool:
        """Ask the book once more for an order that it has proven to lack, before its key serves again.

        One that has turned up is learnt, as an anomaly. A book that can't be read does not say that it is absent.
        """
        try:
            read = await self._books.read(intent.order.account, context)
        except OrdoError:
            return False
        await self._books.notice_late(read, context)
        return read.index.row(intent.order) is None

    async def watch(self) -> None:
        """Look for every unknown intent, each at its own growing distance, for as long as the gateway runs. One read of
        its account's book serves all who wait for one, and the more there are, the longer the watch rests. Of several
        gateways that share leases one looks, so that the broker is not asked by all of them.
        """
        rest = PAUSES[0]
        while True:
            await self._clock.sleep(rest)
            try:
                rest = max(PAUSES[0], await self._round() / _PACE)
            except Unavailable:
                continue  # The store will be asked again in its turn.

    async def _round(self) -> int:
        """Look once for all whose turn it is, and return how many records that took."""
        before = self._searches.names()
        waiting: dict[Account, list[tuple[Intent, Search]]] = defaultdict(list)
        unsettled = await self._store.unsettled()
        async for intent in unhurried(unsettled):
            if intent.state is IntentState.UNKNOWN or await self._is_abandoned(intent):
                waiting[intent.order.account].append((intent, self._searches.of(intent)))
        self._searches.keep(unsettled, of=before)
        looked_at = len(unsettled)
        for account, pairs in waiting.items():
            due = [search for _, search in pairs if search.due <= self._clock.monotonic()]
            if not due:
                continue
            if await self._is_mine(account):
                looked_at += await self._visit(account, pairs)
            for search in due:
                search.put_off(self._clock.monotonic())
        return looked_at

    async def _is_mine(self, account: Account) -> bool:
        if self._leases is None:
            return True
        try:
            return await self._leases.take(f"reconcile {account}", self._owner, seconds=_LEASE_SECONDS)
        except Unavailable:
            return True  # To look twice costs a read; not to look would leave the orders unknown.

    async def _visit(self, account: Account, pairs: Sequence[tuple[Intent, Search]]) -> int:
        """Hold one read of an account's book against all of its intents, and return how many placements it was compared
        with.
        """
        for intent, _ in pairs:
            if intent.state is IntentState.OPEN:
                await self._try(intent, self._latest)
        asking = self._searches.asking()
        read = None
        try:
            read = await self._read(account, [search for _, search in pairs], asking, Context())
        except Unavailable:
            pass  # The store will be asked again in its turn.
        except Exception:  # noqa: BLE001  (one account must not end the watch over the others)
            told = len(pairs), account, pairs[0][0].order_id
            _log.exception("Looking for %d orders of %s, %s among them, failed; it will be tried again.", *told)
        if read is None:
            return 0
        async for intent, search in unhurried(pairs):
            # Most reads prove nothing of most intents, which is seen at once. What they prove is looked at with care.
            if intent.state is IntentState.OPEN or self._judged(intent, read, search, asking) is not None:
                await self._try(intent, partial(self._looked, read=read, asking=asking))
        return len(read.placements)

    async def _try(self, intent: Intent, look: Callable[[Intent], Awaitable[object]]) -> None:
        try:
            await look(intent)
        except Unavailable:
            return  # The store will be asked again in its turn.
        except Exception:  # noqa: BLE001  (one intent must not end the watch over the others)
            _log.exception("Looking for order %s failed; it will be looked for again.", intent.order_id)

    async def _is_abandoned(self, intent: Intent) -> bool:
        if self._searches.is_abandoned(intent):
            return True
        return intent.owner != self._owner and not await self._owners.is_alive(intent.owner)

    async def _adopt(self, intent: Intent) -> Intent | None:
        try:
            return await self.lose(intent, "the gateway stopped before the answer", self._context(intent))
        except LookupError:  # Its owner lives, and has just released it: it had no effect.
            return None

    def _judged(self, intent: Intent, read: BookRead, search: Search, asking: Asking | None) -> Intent | None:
        """The outcome that a read proves. Absence is judged only where it is told when the read was asked for."""
        now, found = self._clock.now(), read.find(intent.order)
        if found is not None and (settled := verdict(intent, found[0], now, found[1])) is not None:
            return settled
        is_place = intent.operation is Operation.PLACE
        proves = read.lacks(intent.order) if is_place else found is not None and not read.lacks_known()
        if asking is None or search.since is None or not proves or _is_of_another_day(intent, read):
            return None
        self._searches.count(search, asking)
        if search.reads < _READS or timedelta(seconds=asking.at - search.since) < self._patience.absence:
            return None
        return given_up(intent, None if found is None else found[0], now)

    async def _written(self, intent: Intent, settled: Intent, read: BookRead, context: Context) -> Intent:
        found = read.find(intent.order)
        if found is not None and settled.operation is not Operation.PLACE:
            # Before it is settled: an intent whose result nobody learnt would leave the order pending for ever.
            row, now = found[0], self._clock.now()
            await self._knowledge.learn(intent, lambda kept: after(settled, kept, row, now))
        holder = await self._store.settle(settled)
        if holder is not None:
            return holder
        self._trail.told(AuditKind.ORDER_RECONCILED, context, settled.order)
        if any(step.anomaly for step in settled.order.history[len(intent.order.history) :]):
            self._trail.told(AuditKind.ORDER_ANOMALY, context, settled.order)
        return settled

    @staticmethod
    def _context(intent: Intent) -> Context:
        return Context(principal=intent.key.principal, correlation_id=intent.correlation_id)


def _is_of_another_day(intent: Intent, read: BookRead) -> bool:
    return trading_day(read.began) != trading_day(intent.created_at)
