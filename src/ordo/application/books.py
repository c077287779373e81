"""Reading the broker's book, and learning from every look into it."""

from __future__ import annotations

from datetime import date, timedelta

from ordo.application.context import Context
from ordo.application.knowledge import Knowledge
from ordo.application.reading import BrokerCalls
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.book import BookIndex, BrokerOrder, Snapshot, observe, still_live
from ordo.domain.calendar import day_start, trading_day
from ordo.domain.idempotency import Intent
from ordo.domain.matching import BookRead, unexplained
from ordo.domain.orders import MatchedBy, Order, is_order_id
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore


class Books:
    """Reads books beside the record. `absence`: how long a broker may take to carry out what it has accepted."""

    def __init__(
        self,
        store: IdempotencyStore,
        calls: BrokerCalls,
        knowledge: Knowledge,
        clock: Clock,
        trail: Trail,
        *,
        absence: timedelta,
    ) -> None:
        self._store = store
        self._calls = calls
        self._knowledge = knowledge
        self._clock = clock
        self._trail = trail
        self._absence = absence
        self._echo: dict[Account, bool] = {}
        self._reported: tuple[date, set[str]] = (date.min, set())

    def echoes(self, account: Account) -> bool:
        """Whether the account's book shows Ordo's tags: as its rows have shown, else as its adapter says."""
        return self._echo.get(account, self._calls.broker(account).capabilities.tag_echo)

    async def read(self, account: Account, context: Context) -> BookRead:
        """One read of the whole book. Raises what `BrokerCalls.read` and the store do."""
        began = self._clock.now()
        book = await self._calls.read(account, context, lambda broker, session: broker.orders(session))
        capabilities = self._calls.broker(account).capabilities
        read = BookRead(
            began=began,
            book=book,
            index=BookIndex.of(book),
            placements=await self._placements(account, book),
            declared_echo=capabilities.tag_echo,
            shows_rejected=capabilities.rejected_in_book,
        )
        shown = read.shown_echo
        if shown is not None:
            self._echo[account] = shown
        self._report(account, read, context)
        return read

    async def seen(self, placement: Intent, read: BookRead, context: Context) -> Order:
        """A settled order after a look at its row; what is new is kept and told."""
        before = placement.order
        row = read.index.row(before)
        if row is None or not placement.state.is_settled:
            return before

        def change(kept: Order) -> Order:
            after = observe(kept, row, at=now, matched_by=MatchedBy.TAG, read_at=read.began)
            return still_live(after, row, at=now, sent_before=read.began - self._absence)

        now = self._clock.now()
        if change(before) is before:
            return before
        after = await self._knowledge.learn(placement, change)
        news = after.history[len(before.history) :]
        kind = AuditKind.ORDER_ANOMALY if any(step.anomaly for step in news) else AuditKind.ORDER_CHANGED
        if news:
            self._trail.told(kind, context, after)
        return after

    async def notice_late(self, read: BookRead, context: Context) -> None:
        """Learn of the orders that were held for not placed, and stand in the book after all."""
        for placement in read.placements:
            if placement.state.is_settled and placement.order.broker_order_id is None:
                await self.seen(placement, read, context)

    async def _placements(self, account: Account, book: Snapshot[BrokerOrder]) -> tuple[Intent, ...]:
        """The day's placements, and earlier ones that stand in the day's book: orders placed after market hours."""
        today = await self._store.placements(account, since=day_start(book.as_of))
        known = {placement.order_id for placement in today}
        earlier = []
        for row in book.items:
            if row.tag is not None and row.tag not in known and is_order_id(row.tag):
                known.add(row.tag)
                earlier.append(await self._store.placement(account, row.tag))
        return (*(placement for placement in earlier if placement is not None), *today)

    def _report(self, account: Account, read: BookRead, context: Context) -> None:
        today = trading_day(read.began)
        if self._reported[0] != today:
            self._reported = (today, set())
        for row, why in unexplained(read):
            name = f"{account} {row.broker_order_id}"
            if name not in self._reported[1]:
                self._reported[1].add(name)
                self._trail.unexplained(context, account, row, why)
