"""Instruments held in memory."""

from __future__ import annotations

from collections.abc import Iterable

from ordo.domain.directory import InstrumentDirectory
from ordo.domain.instruments import Instrument
from ordo.domain.masters import MasterReport, in_order, noted
from ordo.ports.instruments import InstrumentStore


class MemoryInstruments(InstrumentStore):
    """Forgotten with the process, which begins with these."""

    def __init__(self, instruments: Iterable[Instrument] = (), reports: Iterable[MasterReport] = ()) -> None:
        self._directory = InstrumentDirectory(instruments)
        self._reports = in_order(reports)

    def directory(self) -> InstrumentDirectory:
        return self._directory

    def reports(self) -> tuple[MasterReport, ...]:
        return self._reports

    async def open(self) -> None:
        pass

    async def replace(self, directory: InstrumentDirectory, reports: Iterable[MasterReport]) -> None:
        self._directory, self._reports = directory, in_order(reports)

    async def note(self, report: MasterReport) -> None:
        self._reports = noted(self._reports, report)
