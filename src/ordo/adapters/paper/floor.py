"""The trading floor: keeps the exchange equal to the fold of its journal, and the journal abreast of the market.

Whatever happens between two calls is found out at the next one: the market is looked through from the last event
to now for the first moment that an order which rests would have traded, and that moment is written into the journal
before anything else. So several processes on one journal agree, and a restart loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import merge

from ordo.adapters.paper.catalogue import underlying_of
from ordo.adapters.paper.events import (
    AccountOpened,
    Close,
    DayEnded,
    Event,
    MarketMoved,
    Move,
    OrderCancelled,
    OrderModified,
    OrderPlaced,
    decode,
    encode,
)
from ordo.adapters.paper.exchange import Exchange
from ordo.adapters.paper.ledger import has_expired
from ordo.adapters.paper.matching import Resting
from ordo.adapters.paper.rules import Refusal
from ordo.adapters.paper.state import dump, load
from ordo.domain.calendar import trading_day
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.instruments import Instrument, InstrumentKey, Right
from ordo.domain.market import Depth
from ordo.domain.portfolio import to_paisa
from ordo.ports.clock import Clock
from ordo.ports.journal import Entry, Journal
from ordo.ports.prices import PriceSource

Command = OrderPlaced | OrderModified | OrderCancelled

_INSTANT = timedelta(microseconds=1)
_BREATH = 256
"""After so many moves of the market a long look back lets other tasks run."""


class Floor:
    """One exchange on one stream of a journal. Calls take turns; other processes may extend the stream meanwhile.

    Failure: `Unavailable`, and then nothing was written that the caller asked for.
    """

    def __init__(
        self,
        *,
        stream: str,
        journal: Journal,
        prices: PriceSource,
        clock: Clock,
        opening_cash: Decimal,
        checkpoint_every: int,
    ) -> None:
        self.exchange = Exchange()
        self._stream = stream
        self._journal = journal
        self._prices = prices
        self._clock = clock
        self._opening_cash = to_paisa(opening_cash)
        self._checkpoint_every = checkpoint_every
        self._seq: int | None = None
        self._scanned: tuple[int, datetime] | None = None
        self._lock = asyncio.Lock()

    async def attend(self, account_id: str) -> datetime:
        """Bring the exchange up to date, open the account on its first visit, and return the time."""
        async with self._lock:
            return await self._catch_up(account_id)

    async def submit(self, account_id: str, decide: Callable[[datetime], Command | None]) -> Refusal | datetime:
        """Write the command that `decide` makes of an exchange up to date, and carry it out.

        Returns the time at which it was carried out, or why it was not taken. `decide` is asked again whenever
        another process came first; `None` is nothing to do.
        """
        async with self._lock:
            while True:
                now = await self._catch_up(account_id)
                command = decide(now)
                if command is None:
                    return now
                refusal = self.exchange.review(command)
                if refusal is not None:
                    return refusal
                if await self._append(command):
                    return now

    async def _catch_up(self, account_id: str) -> datetime:
        while True:
            await self._read()
            now = max(self._clock.now(), self.exchange.state.at)
            event = await self._overdue(now)
            if event is None and account_id not in self.exchange.state.accounts:
                event = AccountOpened(at=now, account_id=account_id, cash=self._opening_cash)
            if event is None:
                return now
            await self._append(event)

    async def _read(self) -> None:
        """Fold what others have written. Entries that are gone are behind a checkpoint: go on from there."""
        for _ in range(2):
            if self._seq is None:
                await self._start()
            seq = self._seq or 0
            entries = await self._journal.read(self._stream, after=seq)
            if not entries or entries[0].seq == seq + 1:
                for entry in entries:
                    self._fold(entry.seq, _decoded(self._stream, entry))
                return
            self._seq = None
        raise _unreadable(self._stream, "entries are missing from it")

    async def _start(self) -> None:
        checkpoint = await self._journal.checkpoint(self._stream)
        if checkpoint is None:
            self.exchange, self._seq = Exchange(), 0
            return
        try:
            self.exchange = Exchange(load(checkpoint.text))
        except ValueError as error:
            raise _unreadable(self._stream, f"its checkpoint {checkpoint.seq} is not understood") from error
        self._seq = checkpoint.seq

    async def _append(self, event: Event) -> bool:
        seq = (self._seq or 0) + 1
        if not await self._journal.append(self._stream, (Entry(seq=seq, text=encode(event)),)):
            return False
        self._fold(seq, event)
        if seq % self._checkpoint_every == 0:
            # The event is written already: a checkpoint that fails costs nothing but a longer start.
            with suppress(Unavailable):
                await self._journal.save_checkpoint(self._stream, Entry(seq=seq, text=dump(self.exchange.state)))
        return True

    def _fold(self, seq: int, event: Event) -> None:
        self._seq = None  # Should the fold fail half-way, the next call starts from the journal again.
        self.exchange.apply(event)
        self._seq = seq

    async def _overdue(self, now: datetime) -> Event | None:
        """The first thing that has happened since the last event, if anything has."""
        end = self.exchange.next_day_end(now)
        moved = await self._next_move(now if end is None else end - _INSTANT)
        if moved is not None or end is None:
            return moved
        return DayEnded(at=end, closes=tuple(self._closes(end)))

    async def _next_move(self, until: datetime) -> MarketMoved | None:
        seq, after = self._seq or 0, self.exchange.state.at
        if self._scanned is not None and self._scanned[0] == seq:
            after = self._scanned[1]
        hits: list[Move] = []
        moves = (
            _moves(key, resting, self._prices.moves(key, after, until)) for key, resting in self.exchange.pit.waiting()
        )
        for count, (at, key, resting, depth) in enumerate(merge(*moves, key=lambda move: move[0]), 1):
            if hits and at > hits[0].depth.at:
                break
            if resting.stirred_by(depth):
                hits.append(Move(instrument=key, depth=depth))
            if count % _BREATH == 0:
                await asyncio.sleep(0)
        if not hits:
            self._scanned = seq, until
            return None
        hits.sort(key=lambda move: str(move.instrument))
        return MarketMoved(at=hits[0].depth.at, moves=tuple(hits))

    def _closes(self, end: datetime) -> Iterator[Close]:
        day = trading_day(end)
        leaving = {
            row.instrument.key: row.instrument
            for account in self.exchange.state.accounts.values()
            for row in account.leaving(day)
        }
        for key, instrument in leaving.items():
            price = self._settlement(instrument, end) if has_expired(instrument, day) else None
            if price is None:
                depth = self._prices.depth(key, end - _INSTANT)
                price = None if depth is None else depth.last_price
            if price is not None:
                yield Close(instrument=key, price=price)

    def _settlement(self, instrument: Instrument, end: datetime) -> Decimal | None:
        """A contract expires at its index's last level: a future at that, an option at what it is in the money."""
        index = underlying_of(instrument.key)
        depth = None if index is None else self._prices.depth(index, end - _INSTANT)
        if depth is None:
            return None
        strike, right = instrument.key.strike, instrument.key.right
        if strike is None:
            return depth.last_price
        worth = depth.last_price - strike if right is Right.CE else strike - depth.last_price
        return max(worth, Decimal(0))


def _moves(
    key: InstrumentKey, resting: Resting, depths: Iterator[Depth]
) -> Iterator[tuple[datetime, InstrumentKey, Resting, Depth]]:
    return ((depth.at, key, resting, depth) for depth in depths)


def _decoded(stream: str, entry: Entry) -> Event:
    try:
        return decode(entry.text)
    except ValueError as error:
        raise _unreadable(stream, f"its entry {entry.seq} is not understood") from error


def _unreadable(stream: str, why: str) -> Unavailable:
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"The paper broker's journal {stream} can't be read: {why}. Nothing was done; the database was changed"
        " by something else, or by another version of Ordo.",
    )
