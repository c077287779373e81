"""The security master that HDFC Securities publishes: one CSV for all exchanges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from datetime import date
from itertools import islice
from typing import Final

from ordo.adapters.masters.fetch import fetch
from ordo.adapters.masters.fetched import Fetched, FetchLimits
from ordo.adapters.masters.hdfc_rows import HEADER, CashNames, Dropped, HdfcRecord, row_of
from ordo.adapters.masters.reading import csv_rows
from ordo.domain.calendar import trading_day
from ordo.domain.instruments import Venue
from ordo.domain.master_rows import MasterBatch, MasterRow
from ordo.ports.clock import Clock
from ordo.ports.masters import MasterSource

_BATCH: Final = 500
_VENUES: Final = frozenset({Venue.NSE, Venue.BSE, Venue.NSE_INDEX, Venue.BSE_INDEX, Venue.NFO, Venue.BFO})
_DEFAULT_LIMITS: Final = FetchLimits()


class HdfcMaster(MasterSource):
    """Reads the file at a URL or path.

    The file does not say which day it is of: its place does, by the day it was changed there. Where the place does not
    say either, it is taken for the day it was read, with a note.
    """

    def __init__(self, place: str, clock: Clock, *, limits: FetchLimits = _DEFAULT_LIMITS) -> None:
        self._place = place
        self._clock = clock
        self._limits = limits

    @property
    def name(self) -> str:
        return "hdfc"

    @property
    def venues(self) -> frozenset[Venue]:
        return _VENUES

    async def rows(self) -> AsyncGenerator[MasterBatch, None]:
        fetched = await fetch(self.name, self._place, self._limits)
        try:
            as_of = fetched.dated
            if as_of is None:
                as_of = trading_day(self._clock.now())
                yield MasterBatch(notes=("it does not say which day it is of: taken for the day it was read",))
            # Which of two rows owns a name is known only at the end: the file is read twice, and never held.
            names = await asyncio.to_thread(CashNames, _records(fetched))
            batches = _batches(_records(fetched), names, as_of)
            while (batch := await asyncio.to_thread(next, batches, None)) is not None:
                yield batch
        finally:
            fetched.close()


def _records(fetched: Fetched) -> Iterator[HdfcRecord]:
    rows = csv_rows(fetched, columns=len(HEADER))
    header = next(rows, None)
    if header is None or tuple(header) != HEADER:
        raise fetched.refused(f"its columns are not {', '.join(HEADER)}")
    for row in rows:
        yield HdfcRecord(*row)


def _batches(records: Iterator[HdfcRecord], names: CashNames, as_of: date) -> Iterator[MasterBatch]:
    while some := list(islice(records, _BATCH)):
        rows: list[MasterRow] = []
        dropped: list[str] = []
        for record in some:
            try:
                rows.append(row_of(record, names, as_of))
            except Dropped as reason:
                dropped.append(str(reason))
        yield MasterBatch(rows=tuple(rows), dropped=tuple(dropped))
