"""The market's hours from the data that Ordo ships and, above it, a file of the operator's."""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from ordo.adapters.calendar.document import CalendarDocument, Group, read_document
from ordo.domain.market_hours import MarketHours
from ordo.domain.schedules import Schedule, SessionGroup
from ordo.ports.market_calendar import MarketCalendar

_log = logging.getLogger(__name__)


class FileMarketCalendar(MarketCalendar):
    """`override` has the form of the shipped `india.toml`, whose head explains it; an empty file changes nothing.

    `refresh` compares the file's content, not its times, so a copied or restored file is seen too. Replace the file by
    renaming another over it: one that is caught half written may be sound and yet lack its end.
    """

    def __init__(self, override: Path | None) -> None:
        self._override = override
        self._fill_in = (
            "a calendar override file, of which none is configured" if override is None else f"the file {override}"
        )
        self._hours = _assembled((shipped(),), self._fill_in)
        self._read = b""
        self._problem: str | None = None
        self.refresh()

    @property
    def hours(self) -> MarketHours:
        return self._hours

    @property
    def problem(self) -> str | None:
        return self._problem

    def refresh(self) -> bool:
        if self._override is None:
            return False
        try:
            content = self._override.read_bytes()
            if content == self._read:
                self._report(None)
                return False
            document = read_document(content.decode("utf-8-sig"))
            hours = _assembled((shipped(), document), self._fill_in)
        except (OSError, ValueError, RecursionError) as error:
            self._report(_reason(error))
            return False
        changed = hours != self._hours
        self._hours, self._read = hours, content
        self._report(None)
        _log.info("the calendar override %s is in force", self._override)
        return changed

    def _report(self, reason: str | None) -> None:
        problem = None
        if reason is not None:
            problem = (
                f"The calendar override {self._override} can't be used ({reason}); the last good hours stay in force."
                " Mend it, or empty it to go by the shipped calendar alone."
            )
        if problem is not None and problem != self._problem:
            _log.error("%s", problem)
        self._problem = problem


@lru_cache(maxsize=1)
def shipped() -> CalendarDocument:
    """The calendar that comes with this version of Ordo."""
    return read_document(files(__package__).joinpath("india.toml").read_text("utf-8"))


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "it does not exist"
    if isinstance(error, OSError):
        return f"it can't be read: {error.strerror}"
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}" for fault in faults
        )
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error)


def _assembled(documents: tuple[CalendarDocument, ...], fill_in: str) -> MarketHours:
    definitions = _definitions(documents)
    known = {name for block in definitions for name in (block.name, block.calendar)}
    for name in sorted({name for document in documents for name in document.names}):
        if name not in known:
            raise ValueError(
                f"applies_to: {name} is neither a group nor a calendar; there are {', '.join(sorted(known))}"
            )
    return MarketHours(groups=tuple(_group(block, documents) for block in definitions), fill_in=fill_in)


def _definitions(documents: tuple[CalendarDocument, ...]) -> tuple[Group, ...]:
    # A later file's own groups come first, because the first that fits an instrument counts; one that it defines anew
    # keeps its place.
    defined: dict[str, Group] = {}
    for document in documents:
        said = {block.name: block for block in document.groups}
        fresh = {name: block for name, block in said.items() if name not in defined}
        defined = {**fresh, **{name: said.get(name, block) for name, block in defined.items()}}
    calendars = {block.calendar for block in defined.values()}
    for name in sorted(calendars & set(defined)):
        raise ValueError(f"groups: {name} is the name of a calendar, so no group may have it")
    return tuple(defined.values())


def _group(block: Group, documents: tuple[CalendarDocument, ...]) -> SessionGroup:
    schedule = Schedule()
    for document in documents:
        schedule = schedule.amended(document.part(block.calendar)).amended(document.part(block.name))
    return SessionGroup(
        name=block.name,
        venues=block.venues,
        schedule=schedule,
        source=block.said_by,
        kinds=block.kinds,
        roots=block.roots,
        cas_eligible=block.cas_eligible,
        in_pre_open=block.in_pre_open,
        next_month_days=block.next_month_days,
    )
