"""The market's hours as told by hand."""

from __future__ import annotations

from collections.abc import Mapping

from ordo.domain.errors import Invalid
from ordo.domain.market_hours import MarketHours
from ordo.domain.schedules import Schedule
from ordo.ports.market_calendar import MarketCalendar


class MemoryMarketCalendar(MarketCalendar):
    """Hours that a program or a test states: fit for tests, and for calendars that come from elsewhere."""

    def __init__(self, shipped: MarketHours) -> None:
        self._shipped = shipped
        self._hours = shipped
        self._told: Mapping[str, Schedule] | None = {}
        self._problem: str | None = None

    @property
    def hours(self) -> MarketHours:
        return self._hours

    @property
    def problem(self) -> str | None:
        return self._problem

    def tell(self, changes: Mapping[str, Schedule] | None) -> None:
        """The operator's whole word, by group of instruments, for the next `refresh`; `None`: it has disappeared."""
        self._told = changes

    def refresh(self) -> bool:
        if self._told is None:
            self._problem = "The operator's changes have disappeared; the last good ones stay in force."
            return False
        try:
            hours = self._shipped.amended(self._told)
        except Invalid as error:
            self._problem = f"The operator's changes can't be used; the last good ones stay in force: {error.message}"
            return False
        changed = hours != self._hours
        self._hours, self._problem = hours, None
        return changed
