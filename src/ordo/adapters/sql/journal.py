"""Journals in the database."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.medium import CommitUnknown
from ordo.adapters.sql.models import DbJournalCheckpoint, DbJournalEntry
from ordo.adapters.sql.turns import take_turn
from ordo.domain.errors import OutcomeUnknown
from ordo.ports.journal import Entry, Journal

_ENTRIES = DbJournalEntry.__table__
_CHECKPOINTS = DbJournalCheckpoint.__table__

_OF_STREAM = _ENTRIES.c.stream == bindparam("of")
_READ = (
    select(_ENTRIES.c.seq, _ENTRIES.c.text)
    .where(_OF_STREAM, _ENTRIES.c.seq > bindparam("after"))
    .order_by(_ENTRIES.c.seq)
)
_LAST = select(func.coalesce(func.max(_ENTRIES.c.seq), 0)).where(_OF_STREAM)
_APPEND = insert(DbJournalEntry)
_PRUNE = delete(DbJournalEntry).where(_OF_STREAM, _ENTRIES.c.seq <= bindparam("until"))
_CHECKPOINT = select(_CHECKPOINTS.c.seq, _CHECKPOINTS.c.text).where(_CHECKPOINTS.c.stream == bindparam("of"))
_FIRST_CHECKPOINT = insert(DbJournalCheckpoint)
_NEXT_CHECKPOINT = update(DbJournalCheckpoint).where(_CHECKPOINTS.c.stream == bindparam("of"))


class SqlJournal(Journal):
    """A new checkpoint deletes the entries up to the one before it, so that a reader who is behind the new one by
    less than the distance of two still finds its place.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, stream: str, *, after: int) -> tuple[Entry, ...]:
        return await self._database.read(partial(_read, stream=stream, after=after))

    async def append(self, stream: str, entries: tuple[Entry, ...]) -> bool:
        if not entries:
            return True
        first = entries[0].seq
        if [entry.seq for entry in entries] != list(range(first, first + len(entries))):
            raise ValueError(f"the entries for {stream} are not numbered without gaps")
        rows = [{"stream": stream, "seq": entry.seq, "text": entry.text} for entry in entries]
        try:
            return await self._database.write(partial(_append, stream=stream, first=first, rows=rows))
        except CommitUnknown as error:
            raise OutcomeUnknown(error.message) from error

    async def checkpoint(self, stream: str) -> Entry | None:
        return await self._database.read(partial(_checkpoint, stream=stream))

    async def save_checkpoint(self, stream: str, checkpoint: Entry) -> None:
        await self._database.write(partial(_save_checkpoint, stream=stream, checkpoint=checkpoint))


def _read(connection: Connection, stream: str, after: int) -> tuple[Entry, ...]:
    rows = connection.execute(_READ, {"of": stream, "after": after})
    return tuple(Entry(seq=seq, text=text) for seq, text in rows)


def _append(connection: Connection, stream: str, first: int, rows: list[dict[str, object]]) -> bool:
    _take_turn(connection, stream)
    last = connection.execute(_LAST, {"of": stream}).scalar_one()
    if first <= last:
        return False
    if first > last + 1:
        raise ValueError(f"entry {first} of {stream} does not continue its last entry, {last}")
    connection.execute(_APPEND, rows)
    return True


def _checkpoint(connection: Connection, stream: str) -> Entry | None:
    row = connection.execute(_CHECKPOINT, {"of": stream}).one_or_none()
    return None if row is None else Entry(seq=row.seq, text=row.text)


def _save_checkpoint(connection: Connection, stream: str, checkpoint: Entry) -> None:
    _take_turn(connection, stream)
    former = _checkpoint(connection, stream)
    if former is None:
        connection.execute(_FIRST_CHECKPOINT, {"stream": stream, "seq": checkpoint.seq, "text": checkpoint.text})
    elif former.seq < checkpoint.seq:
        connection.execute(_NEXT_CHECKPOINT, {"of": stream, "seq": checkpoint.seq, "text": checkpoint.text})
        connection.execute(_PRUNE, {"of": stream, "until": former.seq})


def _take_turn(connection: Connection, stream: str) -> None:
    take_turn(connection, f"journal {stream}")
