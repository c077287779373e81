"""Reading the broker's book, and learning from every look into it."""

from __future__ import annotations

from datetime import date, timedelta

from ordo.application.context import Context
from ordo.application.joint import Joint
from ordo.application.knowledge import Knowledge
from ordo.application.reading import BrokerCalls
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.book import BookIndex, BrokerOrder, Snapshot, observe, still_live
from ordo.domain.calendar import day_start, trading_day
from ordo.domain.idempotency import Intent
from ordo.domain.matching import BookRead, Look, unclaimed, unexplained
from ordo.domain.orders import MatchedBy, Order, is_order_id
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore

_Rows = tuple[date, list[tuple[str, str | None]]]


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
        self._looks: Joint[Account, Look] = Joint(clock)
        self._reads: Joint[Account, BookRead] = Joint(clock)
        self._echo: dict[Account, bool] = {}
        self._reported: tuple[date, set[str]] = (date.min, set())
        self._explained: dict[Account, _Rows] = {}

    def echoes(self, account: Account) -> bool:
        """Whether the account's book shows Ordo's tags: as its rows have shown, else as its adapter says."""
        return self._echo.get(account, self._calls.broker(account).capabilities.tag_echo)

    async def look(self, account: Account, context: Context) -> Look:
        """A read of the whole book that begins now or later, shared by those who ask at once. It is compared with the
        day's placements only where it shows what the last comparison did not. Raises like `read`.
        """
        context.permit(account)
        return await self._looks.ask(account, lambda: self._looked(account, context))

    async def read(self, account: Account, context: Context) -> BookRead:
        """A read of the whole book that begins now or later, beside the day's placements; shared by those who ask at
        once. Raises what `BrokerCalls.read` and the store do.
        """
        context.permit(account)
        return await self._reads.ask(account, lambda: self._read(account, context))

    async def _looked(self, account: Account, context: Context) -> Look:
        look = await self._fresh(account, context)
        if self._explained.get(account) != _rows(look):
            return await self._compared(account, look, context)
        return look

    async def _read(self, account: Account, context: Context) -> BookRead:
        return await self._compared(account, await self._fresh(account, context), context)

    async def _fresh(self, account: Account, context: Context) -> Look:
        began = self._clock.now()
        book = await self._calls.read(account, context, lambda broker, session: broker.orders(session))
        return Look(began=began, book=book, index=BookIndex.of(book))

    async def _compared(self, account: Account, look: Look, context: Context) -> BookRead:
        capabilities = self._calls.broker(account).capabilities
        read = BookRead(
            began=look.began,
            book=look.book,
            index=look.index,
            placements=await self._placements(account, look.book),
            declared_echo=capabilities.tag_echo,
            shows_rejected=capabilities.rejected_in_book,
        )
        if read.shown_echo is not None:
            self._echo[account] = read.shown_echo
        self._report(account, read, context)
        return read

    async def seen(self, placement: Intent, read: Look, context: Context) -> Order:
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
        known = {placement.order.order_id for placement in today}
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
        strange = list(unexplained(read))
        for row, why in strange:
            name = f"{account} {row.broker_order_id}"
            if name not in self._reported[1]:
                self._reported[1].add(name)
                self._trail.unexplained(context, account, row, why)
        # A row that only may be an order of ours is looked at again, until the order is known by its broker's id.
        if len(strange) == len(unclaimed(read)):
            self._explained[account] = _rows(read)
        else:
            self._explained.pop(account, None)


def _rows(look: Look) -> _Rows:
    """What decides who placed which row, on one day: the same again is explained in the same way."""
    return trading_day(look.began), [(row.broker_order_id, row.tag) for row in look.book.items]
