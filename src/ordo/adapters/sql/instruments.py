"""Instruments in the database, held in memory while the gateway runs.

A load is written as a generation of its own, a chunk a transaction, so that orders' writes slip in between; one small
transaction then makes it the generation that counts. What a crash leaves half written counts for nothing, and goes with
the old generations after the next load.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from zlib import crc32

from sqlalchemy import Connection, bindparam, delete, func, insert, select

# SQLite's own form of this statement has the same text, but only this one compiles for both.
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.models import DbInstrument, DbInstrumentSet, DbMaster
from ordo.adapters.sql.turns import take_turn
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.instruments import Instrument
from ordo.domain.masters import MasterReport, in_order, noted
from ordo.domain.packing import FIELD
from ordo.ports.instruments import InstrumentStore

_log = logging.getLogger(__name__)

_CHUNK = 500
_THE_ONE = 1

_ROWS = DbInstrument.__table__
_SET = DbInstrumentSet.__table__
_MASTERS = DbMaster.__table__

_OF_GENERATION = _ROWS.c.generation == bindparam("of")
_CURRENT = select(_SET).where(_SET.c.id == _THE_ONE)
_COUNTING = select(func.coalesce(func.max(_SET.c.generation), 0))
_ALL = select(_ROWS.c.key, _ROWS.c.facts).where(_OF_GENERATION).order_by(_ROWS.c.place)
_NEWEST = select(func.coalesce(func.max(_ROWS.c.generation), 0))
_ADD = insert(DbInstrument)
_OLDEST = select(func.min(_ROWS.c.generation)).where(_ROWS.c.generation < bindparam("before"))
_FIRST_PLACE = select(func.min(_ROWS.c.place)).where(_OF_GENERATION)
_DROP = delete(DbInstrument).where(_OF_GENERATION, _ROWS.c.place < bindparam("until"))
_REPORTS = select(_MASTERS).order_by(_MASTERS.c.name)
_FORGET_REPORTS = delete(DbMaster)
_NEW_SET = insert_or_update(DbInstrumentSet)
_POINT = _NEW_SET.on_conflict_do_update(
    index_elements=[_SET.c.id],
    set_={column.name: _NEW_SET.excluded[column.name] for column in _SET.c if not column.primary_key},
)
_NEW_REPORT = insert_or_update(DbMaster)
_NOTE = _NEW_REPORT.on_conflict_do_update(
    index_elements=[_MASTERS.c.name],
    set_={column.name: _NEW_REPORT.excluded[column.name] for column in _MASTERS.c if not column.primary_key},
)


class SqlInstruments(InstrumentStore):
    """Begins with the given instruments, and keeps to them where the database holds none that can be used."""

    def __init__(
        self, database: Database, instruments: Iterable[Instrument] = (), reports: Iterable[MasterReport] = ()
    ) -> None:
        self._database = database
        self._directory = InstrumentDirectory(instruments)
        self._reports = in_order(reports)
        self._one_at_a_time = asyncio.Lock()
        self._generation: int | None = None
        self._is_open = False

    def directory(self) -> InstrumentDirectory:
        return self._directory

    def reports(self) -> tuple[MasterReport, ...]:
        return self._reports

    async def open(self) -> None:
        async with self._one_at_a_time:
            await self._open()
            self._is_open = True

    async def _open(self) -> None:
        kept = await self._database.read(partial(_load, but=self._generation))
        if kept.generation is None:
            self._reports = in_order((*self._reports, *kept.reports))
            return
        if kept.lines is None:
            self._reports = kept.reports
            return
        try:
            directory = await asyncio.to_thread(_directory, kept.lines, kept.expected)
            if self._is_open:  # The first look-up by another name would hold up all that goes on by now.
                await asyncio.to_thread(directory.index)
            self._directory = directory
            self._reports = kept.reports
            self._generation = kept.generation
        except ValueError as error:
            _log.error("the instruments in the database can't be used, so none of them are: %s", error)
            self._reports = in_order((*self._reports, *map(_damaged, kept.reports)))

    async def replace(self, directory: InstrumentDirectory, reports: Iterable[MasterReport]) -> None:
        known = in_order(reports)
        async with self._one_at_a_time:
            generation, checksum = 0, 0  # The first chunk finds the number.
            try:
                for first in range(0, len(directory), _CHUNK):
                    lines = directory.lines[first : first + _CHUNK]
                    add = partial(_add, lines=lines, first=first, generation=generation)
                    generation = await self._database.write(add)
                    checksum = crc32(b"".join(lines), checksum)
                # A caller who gives up waiting now must not leave memory behind the database.
                await asyncio.shield(self._switch(directory, known, generation, checksum))
            except Exception:
                await self._drop(partial(_drop, generation=generation))
                raise
            await self._drop(_drop_oldest)

    async def note(self, report: MasterReport) -> None:
        await self._database.write(partial(_note, report=report))
        self._reports = noted(self._reports, report)

    async def _switch(
        self, directory: InstrumentDirectory, reports: tuple[MasterReport, ...], generation: int, checksum: int
    ) -> None:
        named = {"id": _THE_ONE, "generation": generation, "rows": len(directory), "checksum": checksum}
        self._generation = await self._database.write(partial(_point, named=named, reports=reports))
        self._directory, self._reports = directory, reports

    async def _drop(self, job: Callable[[Connection], bool]) -> None:
        with suppress(Unavailable):  # What can't be dropped now is dropped after the next load.
            while await self._database.write(job):
                pass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """`generation`: `None` where nothing was ever loaded. `lines`: `None` where they are known already."""

    generation: int | None
    lines: list[bytes] | None
    expected: tuple[int, int]
    reports: tuple[MasterReport, ...]


def _load(connection: Connection, but: int | None) -> _Kept:
    reports = tuple(
        MasterReport(
            name=row.name, as_of=row.as_of, loaded_at=row.loaded_at, rows=row.rows, stale_reason=row.stale_reason
        )
        for row in connection.execute(_REPORTS)
    )
    current = connection.execute(_CURRENT).one_or_none()
    if current is None:
        return _Kept(generation=None, lines=None, expected=(0, 0), reports=reports)
    if current.generation == but:
        return _Kept(generation=but, lines=None, expected=(0, 0), reports=reports)
    rows = connection.execute(_ALL, {"of": current.generation}, execution_options={"yield_per": _CHUNK})
    lines = [f"{key}{FIELD}{facts}".encode() for key, facts in rows]
    expected = (current.rows, current.checksum)
    return _Kept(generation=current.generation, lines=lines, expected=expected, reports=reports)


def _directory(lines: list[bytes], expected: tuple[int, int]) -> InstrumentDirectory:
    if (len(lines), crc32(b"".join(lines))) != expected:
        raise ValueError("some are missing or altered")
    return InstrumentDirectory.of_lines(lines)


def _add(connection: Connection, lines: Sequence[bytes], first: int, generation: int) -> int:
    if not generation:
        _take_turn(connection)
        generation = _next_generation(connection)
    parts = (line.decode().partition(FIELD) for line in lines)
    rows = [
        {"generation": generation, "place": place, "key": key, "facts": facts}
        for place, (key, _, facts) in enumerate(parts, start=first)
    ]
    connection.execute(_ADD, rows)
    return generation


def _next_generation(connection: Connection) -> int:
    return int(max(connection.execute(_NEWEST).scalar_one(), connection.execute(_COUNTING).scalar_one())) + 1


def _point(connection: Connection, named: dict[str, int], reports: tuple[MasterReport, ...]) -> int:
    _take_turn(connection)
    generation = named["generation"] or _next_generation(connection)
    # One who was overtaken may have lost rows to the other's tidying.
    if connection.execute(_COUNTING).scalar_one() >= generation:
        raise Unavailable(
            ErrorCode.STORE_UNAVAILABLE,
            "The instruments were not replaced: another process has loaded others meanwhile. The former ones stay in"
            " use here; load them again, from one process at a time.",
        )
    connection.execute(_POINT, named | {"generation": generation})
    connection.execute(_FORGET_REPORTS)
    for report in reports:
        _note(connection, report)
    return generation


def _note(connection: Connection, report: MasterReport) -> None:
    connection.execute(
        _NOTE,
        {
            "name": report.name,
            "as_of": report.as_of,
            "loaded_at": report.loaded_at,
            "rows": report.rows,
            "stale_reason": report.stale_reason,
        },
    )


def _drop_oldest(connection: Connection) -> bool:
    _take_turn(connection)
    counting = connection.execute(_COUNTING).scalar_one()
    oldest = connection.execute(_OLDEST, {"before": counting}).scalar_one()
    return oldest is not None and _drop(connection, generation=oldest)


def _drop(connection: Connection, generation: int) -> bool:
    _take_turn(connection)
    first = connection.execute(_FIRST_PLACE, {"of": generation}).scalar_one()
    if first is None or generation == connection.execute(_COUNTING).scalar_one():
        return False
    connection.execute(_DROP, {"of": generation, "until": first + _CHUNK})
    return True


def _take_turn(connection: Connection) -> None:
    take_turn(connection, "instruments")


def _damaged(report: MasterReport) -> MasterReport:
    reason = "what the database kept of it is damaged or incomplete; load it again"
    return replace(report, as_of=None, rows=0, stale_reason=reason)
