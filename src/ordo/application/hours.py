"""The market's hours as the order path asks for them, and what keeps them fresh."""

from __future__ import annotations

from datetime import date

from ordo.domain.directory import InstrumentDirectory
from ordo.domain.instruments import Instrument, Kind, Venue
from ordo.domain.market_hours import MarketHours, Traded
from ordo.ports.clock import Clock
from ordo.ports.market_calendar import MarketCalendar

_EVERY_SECONDS = 60.0
_FUTURES = {Venue.NSE: Venue.NFO, Venue.BSE: Venue.BFO}


def traded_of(instrument: Instrument, directory: InstrumentDirectory, hours: MarketHours, today: date) -> Traded:
    """What of an instrument decides its hours. Where no source says whether a share takes part in the closing auction,
    one with derivatives does. Raises `HoursUnknown` where the calendar can't tell.
    """
    key = instrument.key
    eligible = instrument.cas_eligible
    if eligible is None:
        listed = _FUTURES.get(key.venue)
        eligible = listed is not None and bool(directory.expiries(listed, key.root))
    traded = Traded.of(instrument, cas_eligible=eligible, in_pre_open=key.venue.is_cash)
    if instrument.kind is not Kind.FUTURE or key.expiry is None:
        return traded
    expiries = [one.key.expiry for one in directory.contracts(key.venue, key.root) if one.kind is Kind.FUTURE]
    taking_part = hours.in_pre_open(
        traded, expiry=key.expiry, expiries=[day for day in expiries if day is not None], on=today
    )
    return Traded.of(instrument, cas_eligible=eligible, in_pre_open=taking_part)


class CalendarWatch:
    """Takes in what the operator says of the market's hours, without a restart."""

    def __init__(self, calendar: MarketCalendar, clock: Clock) -> None:
        self._calendar = calendar
        self._clock = clock

    async def keep_fresh(self) -> None:
        """Look for a new word every minute, for as long as the gateway runs."""
        while True:
            self._calendar.refresh()
            await self._clock.sleep(_EVERY_SECONDS)
