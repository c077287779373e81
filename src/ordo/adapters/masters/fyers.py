"""The symbol masters that FYERS publishes each morning: one file a segment, as JSON and as CSV."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from ordo.adapters.masters.fetch import fetch
from ordo.adapters.masters.fetched import Fetched, FetchLimits, NoSuchMaster
from ordo.adapters.masters.fyers_record import CSV_COLUMNS, FyersRecord, from_csv, from_json, missing_keys
from ordo.adapters.masters.fyers_rows import SEGMENTS, Dropped, row_of
from ordo.adapters.masters.reading import csv_rows, json_entries
from ordo.domain.errors import Unavailable
from ordo.domain.instruments import Venue
from ordo.domain.master_rows import MasterBatch, MasterRefused, MasterRow
from ordo.ports.masters import MasterSource

_BATCH: Final = 500
_INDICES: Final = {Venue.NSE: Venue.NSE_INDEX, Venue.BSE: Venue.BSE_INDEX}
_DEFAULT_LIMITS: Final = FetchLimits()


class FyersMaster(MasterSource):
    """Reads the files under a URL or a folder.

    The JSON is preferred: the CSV has no freeze quantity, no price band and no true lot of currencies and commodities.
    """

    def __init__(
        self,
        place: str,
        *,
        segments: Iterable[str] = tuple(SEGMENTS),
        limits: FetchLimits = _DEFAULT_LIMITS,
    ) -> None:
        self._place = place.rstrip("/")
        self._segments = tuple(segments)
        self._limits = limits

    @property
    def name(self) -> str:
        return "fyers"

    @property
    def venues(self) -> frozenset[Venue]:
        listed = {SEGMENTS[segment] for segment in self._segments}
        return frozenset(listed | {_INDICES[venue] for venue in listed if venue in _INDICES})

    async def rows(self) -> AsyncGenerator[MasterBatch, None]:
        for segment in self._segments:
            fetched, records, notes = await self._file(segment)
            try:
                if notes:
                    yield MasterBatch(notes=notes)
                batches = _batches(records(fetched), SEGMENTS[segment])
                while (batch := await asyncio.to_thread(next, batches, None)) is not None:
                    yield batch
            finally:
                fetched.close()

    async def _file(self, segment: str) -> tuple[Fetched, Callable[[Fetched], Iterator[FyersRecord]], tuple[str, ...]]:
        try:
            fetched = await fetch(self.name, f"{self._place}/{segment}_sym_master.json", self._limits)
            if fetched.ends_with(b"}"):
                return fetched, _json_records, ()
            fetched.close()
            refusal: Unavailable = fetched.refused("it ends too early, or is no JSON")
        except Unavailable as error:
            refusal = error
        reason = refusal.reason if isinstance(refusal, MasterRefused) else refusal.message
        try:
            fetched = await fetch(self.name, f"{self._place}/{segment}.csv", self._limits)
        except NoSuchMaster:
            raise refusal from None
        note = (
            f"{segment} was read from the CSV, without freeze quantities, bands and the lots of LOTS venues: {reason}"
        )
        return fetched, _csv_records, (note,)


def _json_records(fetched: Fetched) -> Iterator[FyersRecord]:
    for ticker, entry in json_entries(fetched):
        try:
            record = from_json(entry)
        except KeyError:
            raise fetched.refused(f"{ticker} lacks {', '.join(missing_keys(entry))}") from None
        if record.ticker != ticker:
            raise fetched.refused(f"the row of {ticker} calls itself {record.ticker}")
        yield record


def _csv_records(fetched: Fetched) -> Iterator[FyersRecord]:
    return map(from_csv, csv_rows(fetched, columns=CSV_COLUMNS))


def _batches(records: Iterator[FyersRecord], venue: Venue) -> Iterator[MasterBatch]:
    while some := list(islice(records, _BATCH)):
        rows: list[MasterRow] = []
        dropped: list[str] = []
        for record in some:
            try:
                rows.append(row_of(record, venue))
            except Dropped as reason:
                dropped.append(str(reason))
        yield MasterBatch(rows=tuple(rows), dropped=tuple(dropped))
