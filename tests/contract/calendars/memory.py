from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from ordo.adapters.memory.market_calendar import MemoryMarketCalendar
from ordo.domain.schedules import Schedule
from ordo.domain.timetables import Opening, SpecialDay, Step
from ordo.ports.market_calendar import MarketCalendar
from tests.contract.calendar_harness import CalendarHarness
from tests.support.hours import INVENTED, SHARE, holiday, market


class _Told(CalendarHarness):
    def __init__(self) -> None:
        self._calendar = MemoryMarketCalendar(market())
        self.calendar: MarketCalendar = self._calendar
        self.traded = SHARE

    def say(
        self,
        *,
        holidays: Mapping[date, str] | None = None,
        sessions: Mapping[date, tuple[Step, ...]] | None = None,
        years: tuple[int, ...] = (),
    ) -> None:
        days = {day: holiday(name) for day, name in (holidays or {}).items()}
        for day, steps in (sessions or {}).items():
            days[day] = SpecialDay(name="Session", opening=Opening.OWN, settles=True, source=INVENTED, steps=steps)
        self._calendar.tell({"cash": Schedule(years=dict.fromkeys(years, INVENTED), days=days)})

    def blunder(self) -> None:
        self._calendar.tell({"no such group": Schedule()})

    def lose(self) -> None:
        self._calendar.tell(None)


def harness(_folder: Path) -> CalendarHarness:
    return _Told()
