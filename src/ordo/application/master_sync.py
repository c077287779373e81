"""Loads the brokers' masters each morning: the new instruments as a whole, or those of before and the reason why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from ordo.application.context import Context
from ordo.application.master_assembly import assembled
from ordo.application.master_reading import MasterTerms
from ordo.application.masters import MasterJoin
from ordo.application.trail import Trail
from ordo.domain.audit import AuditKind
from ordo.domain.calendar import IST, trading_day
from ordo.domain.errors import ErrorCode, Invalid, OrdoError, Unavailable
from ordo.domain.instruments import Instrument
from ordo.domain.master_rows import MasterRefused
from ordo.domain.masters import MasterReport, MasterState
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.ports.masters import MasterSource

_log = logging.getLogger(__name__)

_SOON: Final = timedelta(minutes=5)
_LATER: Final = timedelta(hours=1)
_HASTE: Final = timedelta(hours=1)
_SATURDAY: Final = 5

Progress = Callable[[str, int], None]
"""Is told the source that is read, and how many of its rows were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterStanding:
    """How one source of instruments stands now. `reading` counts the rows of a load that is under way; `None`: none."""

    name: str
    state: MasterState
    as_of: date | None
    loaded_at: datetime | None
    rows: int
    stale_reason: str | None
    reading: int | None


class MasterSync:
    """Keeps the instruments those of today. One load at a time: who asks meanwhile gets the outcome of that one.

    Of several sources the first is trusted most with names and words. `always` are listed whatever the masters say,
    unless one of them lists the same: they are what the paper exchange trades.
    """

    def __init__(
        self,
        store: InstrumentStore,
        sources: tuple[MasterSource, ...],
        clock: Clock,
        trail: Trail,
        *,
        at: time,
        always: tuple[Instrument, ...] = (),
    ) -> None:
        self._store = store
        self._always = always
        self._sources = sources
        self._clock = clock
        self._trail = trail
        self._at = at
        self._load: asyncio.Task[tuple[MasterReport, ...]] | None = None
        self._read: dict[str, int] = {}

    @property
    def configured(self) -> bool:
        """Whether there is anything to load."""
        return bool(self._sources)

    def standings(self) -> tuple[MasterStanding, ...]:
        """Every source that is configured or was ever loaded, in order of name."""
        today = trading_day(self._clock.now())
        absent = (MasterReport(name=one.name, as_of=None, loaded_at=None, rows=0) for one in self._sources)
        reports = {report.name: report for report in (*absent, *self._store.reports())}
        return tuple(self._standing(reports[name], today) for name in sorted(reports))

    def start(self) -> None:
        """Begin a load, unless one is under way; raises `Invalid` where no source is configured."""
        self._load = self._begin(None)

    async def sync(self, progress: Progress | None = None) -> tuple[MasterReport, ...]:
        """Load all sources. On return their instruments are those in use.

        Raises `Invalid` where no source is configured, and `Unavailable` (`MasterRefused`) where one can't be read or
        trusted: what it listed stays as it was, and it is reported stale with the reason. The other sources are loaded
        all the same, unless it was the first one: without that the others can't tell every name.
        """
        return await asyncio.shield(self._begin(progress))

    async def keep_current(self) -> None:
        """Load at once what is not of today, and everything at its hour each day; after a failure, try again soon."""
        wanted = any(standing.state is not MasterState.CURRENT for standing in self.standings())
        while True:
            failed = wanted and not await self._tried()
            now = self._clock.now().astimezone(IST)
            due = datetime.combine(now.date(), self._at, IST)
            due += timedelta(days=1) if due <= now else timedelta()
            if failed:
                since = now - (due - timedelta(days=1))
                due = min(due, now + (_SOON if since < _HASTE else _LATER))
            await self._clock.sleep((due - now).total_seconds())
            wanted = True

    async def close(self) -> None:
        """End a load that is under way; what was loaded before stays."""
        if self._load is not None and not self._load.done():
            self._load.cancel()
            with suppress(asyncio.CancelledError, OrdoError):
                await self._load
            self._read = {}

    def _begin(self, progress: Progress | None) -> asyncio.Task[tuple[MasterReport, ...]]:
        if not self._sources:
            raise Invalid(
                ErrorCode.UNSUPPORTED,
                "Nothing was loaded: no master is configured. Set ORDO_INSTRUMENTS__FYERS_URL or"
                " ORDO_INSTRUMENTS__HDFC_URL to where it is published, or to a local copy.",
            )
        if self._load is None or self._load.done():
            self._read = dict.fromkeys((source.name for source in self._sources), 0)
            self._load = asyncio.ensure_future(self._loaded(progress))
            self._load.add_done_callback(_heard)
        return self._load

    async def _tried(self) -> bool:
        try:
            await self.sync()
        except OrdoError:
            return False  # It was logged and noted where it happened.
        return True

    async def _loaded(self, progress: Progress | None) -> tuple[MasterReport, ...]:
        lost: dict[str, OrdoError] = {}
        reports: tuple[MasterReport, ...] | None = None
        try:
            while reports is None:
                sources = [source for source in self._sources if source.name not in lost]
                try:
                    reports = await self._whole(sources, frozenset(lost), progress)
                except _Failed as failed:
                    await self._note(failed.source, failed.error)
                    if failed.source in ("", self._sources[0].name):
                        raise failed.error from None
                    lost[failed.source] = failed.error
        finally:
            self._read = {}
        for error in lost.values():
            raise error
        return reports

    async def _whole(
        self, sources: list[MasterSource], lost: frozenset[str], progress: Progress | None
    ) -> tuple[MasterReport, ...]:
        reading = ""
        self._read = dict.fromkeys((source.name for source in sources), 0)
        try:
            join = MasterJoin(self._terms())
            for source in sources:
                reading = source.name
                await self._take(join, source, progress)
            reading = ""
            before = self._store.directory()
            directory = await asyncio.to_thread(assembled, join.instruments(), self._always, before, lost)
            reports = self._reports(join)
            kept = (
                report
                for report in self._store.reports()
                if report.name in lost or (self._always and ships_with_the_program(report))
            )
            await self._store.replace(directory, (*reports, *kept))
        except (Unavailable, Invalid) as error:
            raise _Failed(error.source if isinstance(error, MasterRefused) else reading, error) from None
        self._tell(join, len(directory), reports)
        return reports

    async def _take(self, join: MasterJoin, source: MasterSource, progress: Progress | None) -> None:
        join.expect(source.name, source.venues)
        rows = source.rows()
        try:
            async for batch in rows:
                await asyncio.to_thread(join.read, source.name, batch)
                self._read[source.name] += len(batch.rows) + len(batch.dropped)
                if progress is not None:
                    progress(source.name, self._read[source.name])
        finally:
            await rows.aclose()

    def _terms(self) -> MasterTerms:
        today = trading_day(self._clock.now())
        # Nothing is published on a weekend: Friday's master is the newest there is.
        oldest = today - timedelta(days=max(0, today.weekday() - _SATURDAY + 1))
        known = {report.name: report.rows for report in self._store.reports() if report.as_of is not None}
        return MasterTerms(
            today=today,
            oldest=oldest,
            previous={one.name: known[one.name] for one in self._sources if one.name in known},
        )

    def _reports(self, join: MasterJoin) -> tuple[MasterReport, ...]:
        at = self._clock.now()
        return tuple(
            MasterReport(name=name, as_of=found.as_of, loaded_at=at, rows=found.rows)
            for name, found in join.findings().items()
        )

    def _tell(self, join: MasterJoin, count: int, reports: tuple[MasterReport, ...]) -> None:
        found = join.findings()
        _log.info("%d instruments are loaded: %s", count, ", ".join(f"{one.name} {one.rows} rows" for one in reports))
        for name, one in found.items():
            for note in one.notes:
                _log.warning("master %s: %s", name, note)
            for reason, rows in one.dropped.items():
                _log.warning("master %s: %d rows were left out: %s", name, rows, reason)
            for reason, rows in one.doubted.items():
                _log.warning("master %s: %d rows can't be traded: %s", name, rows, reason)
        if join.disputed:
            _log.warning(
                "%d instruments can't be traded, for brokers tell them differently, such as %s",
                join.disputed,
                join.disputes()[0],
            )
        facts = {one.name: f"{one.rows} rows of {one.as_of}" for one in reports}
        with suppress(Unavailable):
            self._trail.write(AuditKind.INSTRUMENTS_LOADED, Context(), facts={"instruments": str(count), **facts})

    async def _note(self, source: str, error: OrdoError) -> None:
        reason = error.reason if isinstance(error, MasterRefused) else error.message
        _log.error("what %s listed before stays: %s", source or "every master", error.message)
        with suppress(Unavailable):
            self._trail.write(AuditKind.INSTRUMENTS_REFUSED, Context(), facts={"source": source, "reason": reason})
        known = {report.name: report for report in self._store.reports()}
        for name in (source,) if source else tuple(one.name for one in self._sources):
            before = known.get(name) or MasterReport(name=name, as_of=None, loaded_at=None, rows=0)
            with suppress(Unavailable):
                await self._store.note(replace(before, stale_reason=reason))

    def _standing(self, report: MasterReport, today: date) -> MasterStanding:
        return MasterStanding(
            name=report.name,
            state=MasterState.CURRENT if ships_with_the_program(report) else report.state(today),
            as_of=report.as_of,
            loaded_at=report.loaded_at,
            rows=report.rows,
            stale_reason=report.stale_reason,
            reading=self._read.get(report.name),
        )


class _Failed(Exception):
    """A load broke off; `source` is empty where it was not for one source."""

    def __init__(self, source: str, error: OrdoError) -> None:
        super().__init__(source)
        self.source = source
        self.error = error


def ships_with_the_program(report: MasterReport) -> bool:
    """Whether a source is the paper exchange's own catalogue, which is never of another day."""
    return report.as_of is not None and report.loaded_at is None


def stale_masters(
    reports: tuple[MasterReport, ...], brokers: Mapping[str, str], today: date, *, kind: str
) -> tuple[str, ...]:
    """The masters that are not dated today, of those that an order at this kind of broker rests on: nobody may trade a
    derivative on what they say. It is the broker's own, where there is one, else that of every broker which lists the
    instrument. What no broker lists is of the paper exchange's own catalogue.
    """
    if kind in brokers:
        brokers = {kind: brokers[kind]}
    current = {report.name for report in reports if report.covers(today)}
    return tuple(sorted(set(brokers) - current))


def _heard(load: asyncio.Task[tuple[MasterReport, ...]]) -> None:
    """Nobody may be waiting for a load that was only started; its failure was told where it happened."""
    if not load.cancelled():
        load.exception()
