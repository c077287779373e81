from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from ordo.adapters.calendar.files import FileMarketCalendar
from ordo.domain.timetables import Step
from ordo.ports.market_calendar import MarketCalendar
from tests.contract.calendar_harness import CalendarHarness
from tests.support.hours import SHARE

_SAID = 'applies_to = ["equity"]\nsource = "the operator"\nconfidence = "A"\n'


class _Written(CalendarHarness):
    def __init__(self, path: Path) -> None:
        self._path = path
        self._path.touch()
        self.calendar: MarketCalendar = FileMarketCalendar(path)
        self.traded = SHARE

    def say(
        self,
        *,
        holidays: Mapping[date, str] | None = None,
        sessions: Mapping[date, tuple[Step, ...]] | None = None,
        years: tuple[int, ...] = (),
    ) -> None:
        blocks = [f"[[years]]\n{_SAID}year = {year}\n" for year in years]
        for day, name in (holidays or {}).items():
            blocks.append(
                f'[[days]]\n{_SAID}hours = "closed"\nsettles = false\ndates = [{{ date = {day}, name = "{name}" }}]\n'
            )
        for day, steps in (sessions or {}).items():
            phases = ", ".join(f'{{ at = {step.at}, phase = "{step.phase}" }}' for step in steps)
            blocks.append(
                f'[[days]]\n{_SAID}hours = "own"\nsettles = true\nphases = [{phases}]\n'
                f'dates = [{{ date = {day}, name = "Session" }}]\n'
            )
        self._path.write_text("\n".join(blocks), encoding="utf-8")

    def blunder(self) -> None:
        self._path.write_text("[[days]", encoding="utf-8")

    def lose(self) -> None:
        self._path.unlink()


def harness(folder: Path) -> CalendarHarness:
    return _Written(folder / "calendar.toml")
