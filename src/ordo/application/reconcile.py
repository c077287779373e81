"""Finding out what became of a write whose answer was lost, by looking into the broker's book. Never by
sending again.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain, repeat

from ordo.application.books import Books
from ordo.application.context import Context
from ordo.application.knowledge import Knowledge
from ordo.application.trail import Trail
from ordo.application.verdicts import after, given_up, verdict
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

_log = logging.getLogger(__name__)
_LEASE_SECONDS = 90.0
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_PENDING = {Operation.MODIFY: PendingOp.MODIFY, Operation.CANCEL: PendingOp.CANCEL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to look. `pursue` bounds the search while a caller waits; `absence` is how long a write must have
    been lost before its absence from the book proves anything: longer than every timeout of broker and client
    (domain facts 2.3).
    """

    pursue: timedelta = timedelta(seconds=8)
    absence: timedelta = timedelta(seconds=60)


@dataclass(slots=True)
class _Search:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    since: float | None = None
    reads: int = 0
    tries: int = 0
    due: float = 0.0


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
        self._searches: dict[str, _Search] = {}
        self._abandoned: set[str] = set()

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
        self._abandoned.add(str(intent.key))

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
        pauses = chain(_PAUSES, repeat(_PAUSES[-1]))
        while not intent.state.is_settled and self._clock.monotonic() + (pause := next(pauses)) <= deadline:
            await self._clock.sleep(pause)
            intent = await self.look(intent, context)
        return intent

    async def look(self, intent: Intent, context: Context | None = None) -> Intent:
        """Read the book once and settle the intent if that proves its outcome; an unreadable book proves
        nothing. An open intent is left to whoever works on it.
        """
        return await self._looked(intent, None, context or self._context(intent))

    async def weigh(self, intent: Intent, read: BookRead, context: Context) -> Intent:
        """Settle the intent if a read that was made for another reason shows its order. What it lacks proves nothing
        here.
        """
        if intent.state is not IntentState.UNKNOWN or read.find(intent.order) is None:
            return intent
        return await self._looked(intent, read, context)

    async def _looked(self, intent: Intent, read: BookRead | None, context: Context) -> Intent:
        search = self._search(intent)
        async with search.lock:
            latest = await self._store.find(intent.key, now=self._clock.now())
            if latest is not None and latest.state is IntentState.OPEN and await self._is_abandoned(latest):
                latest = await self._adopt(latest)
            if latest is None or latest.state is not IntentState.UNKNOWN:
                self._forget(intent)
                return latest or intent
            settled = await self._settled(latest, search, read, context)
            if settled is None:
                return latest
            self._forget(intent)
            return settled

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
        """Look for every unknown intent, each at its own growing distance, for as long as the gateway runs. Of several
        gateways that share leases one looks, so that the broker is not asked by all of them.
        """
        while True:
            await self._clock.sleep(_PAUSES[0])
            for intent in await self._pending():
                search = self._search(intent)
                if self._clock.monotonic() < search.due:
                    continue
                if await self._is_mine(intent):
                    await self._try(intent)
                search.due = self._clock.monotonic() + _PAUSES[min(search.tries, len(_PAUSES) - 1)]
                search.tries += 1

    async def _pending(self) -> tuple[Intent, ...]:
        try:
            unsettled = await self._store.unsettled()
            return tuple(
                [one for one in unsettled if one.state is IntentState.UNKNOWN or await self._is_abandoned(one)]
            )
        except Unavailable:
            return ()

    async def _is_mine(self, intent: Intent) -> bool:
        if self._leases is None:
            return True
        try:
            return await self._leases.take(f"reconcile {intent.order_id}", self._owner, seconds=_LEASE_SECONDS)
        except Unavailable:
            return True  # To look twice costs a read; not to look would leave the order unknown.

    async def _try(self, intent: Intent) -> None:
        try:
            await self.look(intent)
        except Unavailable:
            return  # The store will be asked again in its turn.
        except Exception:  # noqa: BLE001  (one intent must not end the watch over the others)
            _log.exception("Looking for order %s failed; it will be looked for again.", intent.order_id)

    async def _is_abandoned(self, intent: Intent) -> bool:
        if str(intent.key) in self._abandoned:
            return True
        return intent.owner != self._owner and not await self._owners.is_alive(intent.owner)

    async def _adopt(self, intent: Intent) -> Intent | None:
        try:
            return await self.lose(intent, "the gateway stopped before the answer", self._context(intent))
        except LookupError:  # Its owner lives, and has just released it: it had no effect.
            return None

    def _search(self, intent: Intent) -> _Search:
        return self._searches.setdefault(str(intent.key), _Search())

    def _forget(self, intent: Intent) -> None:
        self._searches.pop(str(intent.key), None)
        self._abandoned.discard(str(intent.key))

    async def _settled(self, intent: Intent, search: _Search, read: BookRead | None, context: Context) -> Intent | None:
        """The intent with its outcome, written down; `None` where one read of the book proves none."""
        began = self._clock.monotonic()
        search.since = began if search.since is None else search.since
        lost_for = None
        if read is None:
            lost_for = timedelta(seconds=began - search.since)
            try:
                read = await self._books.read(intent.order.account, context)
            except OrdoError:
                return None
            await self._books.notice_late(read, context)
        settled = self._judged(intent, read, search, lost_for)
        return None if settled is None else await self._written(intent, settled, read, context)

    def _judged(self, intent: Intent, read: BookRead, search: _Search, lost_for: timedelta | None) -> Intent | None:
        """The outcome that a read proves. Absence is judged only where it is told for how long the write is lost."""
        now, found = self._clock.now(), read.find(intent.order)
        if found is not None and (settled := verdict(intent, found[0], now, found[1])) is not None:
            return settled
        is_place = intent.operation is Operation.PLACE
        proves = read.lacks(intent.order) if is_place else found is not None and not read.lacks_known()
        if lost_for is None or not proves or trading_day(read.began) != trading_day(intent.created_at):
            return None
        search.reads += 1
        if search.reads == 1 or lost_for < self._patience.absence:
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
