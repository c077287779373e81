"""What a module in `tests/contract/calendars` offers: facts and controls, never judgement."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Protocol, cast

from ordo.domain.market_hours import Traded
from ordo.domain.timetables import Step
from ordo.ports.market_calendar import MarketCalendar
from tests.contract.discovery import harnesses


class CalendarHarness(Protocol):
    """A calendar, and the operator's hand on it. `traded` trades on Mon 23 Nov 2026 and not on Sat 28 Nov; the calendar
    knows the year 2026 and no year after 2030.
    """

    calendar: MarketCalendar
    traded: Traded

    @abstractmethod
    def say(
        self,
        *,
        holidays: Mapping[date, str] | None = None,
        sessions: Mapping[date, tuple[Step, ...]] | None = None,
        years: tuple[int, ...] = (),
    ) -> None:
        """The operator's whole word from now on, of the instruments that trade like `traded`."""

    @abstractmethod
    def blunder(self) -> None:
        """The operator's word becomes one that can't be used."""

    @abstractmethod
    def lose(self) -> None:
        """The operator's word disappears."""


class CalendarHarnessModule(Protocol):
    def harness(self, folder: Path) -> CalendarHarness: ...


def calendar_harnesses() -> dict[str, CalendarHarnessModule]:
    return {name: cast("CalendarHarnessModule", module) for name, module in harnesses("calendars").items()}
