"""What is known of the lists of instruments that were loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ordo.domain.errors import Invalid


class MasterState(StrEnum):
    """`CURRENT`: of today, and nothing went wrong. `STALE`: older, or the last load failed. `ABSENT`: never loaded."""

    CURRENT = "CURRENT"
    STALE = "STALE"
    ABSENT = "ABSENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterReport:
    """One source of instruments, such as `fyers`: the trading day `as_of` which its rows hold (`None` where none was
    ever loaded), when they were loaded (`None` for what comes with the program), how many there are, and why the last
    load failed, if it did.
    """

    name: str
    as_of: date | None
    loaded_at: datetime | None
    rows: int
    stale_reason: str | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise Invalid.field("name", "must name the source of the instruments")
        if self.rows < 0:
            raise Invalid.field("rows", "must be 0 or more", seen=self.rows)
        if self.loaded_at is not None and self.loaded_at.utcoffset() is None:
            raise Invalid.field("loaded_at", "must have an offset from UTC", seen=self.loaded_at)

    def covers(self, today: date) -> bool:
        """Whether its facts are those of today, or already of a later day. A failed load does not age them."""
        return self.as_of is not None and self.as_of >= today

    def state(self, today: date) -> MasterState:
        """How this source stands on a trading day, by the date in India."""
        if self.as_of is None:
            return MasterState.ABSENT
        return MasterState.CURRENT if self.covers(today) and self.stale_reason is None else MasterState.STALE


def in_order(reports: Iterable[MasterReport]) -> tuple[MasterReport, ...]:
    """The reports in order of name; of one source the last."""
    return tuple(sorted({one.name: one for one in reports}.values(), key=lambda one: one.name))


def noted(reports: Iterable[MasterReport], report: MasterReport) -> tuple[MasterReport, ...]:
    """The reports with this one in place of its source's former one; in order of name."""
    return in_order((*reports, report))
