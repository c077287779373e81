"""What a trade costs beside its price: brokerage, exchange fee, SEBI fee, taxes and stamp duty.

Rates and rounding are domain facts 7.1. Every component is rounded half up to the paisa for an order's whole
traded value, so an order that fills in parts pays exactly what it would have paid filled at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto

from ordo.domain.instruments import Instrument, Kind, Venue
from ordo.domain.orders import Product, Side
from ordo.domain.portfolio import to_paisa

_ZERO = Decimal("0.00")
_BROKERAGE_CAP = Decimal(20)
_SEBI = Decimal("0.000001")
_GST = Decimal("0.18")


class Segment(Enum):
    """What the rates tell apart."""

    DELIVERY = auto()
    INTRADAY = auto()
    FUTURE = auto()
    OPTION = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Shares of the traded value. A `brokerage` of `None` is the flat cap for every executed order."""

    brokerage: Decimal | None
    nse: Decimal
    bse: Decimal
    stt_buy: Decimal
    stt_sell: Decimal
    stamp_buy: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The rates from one day on, until a later schedule takes over."""

    effective_from: date
    rates: dict[Segment, Rates]
    exercise_stt: Decimal


SCHEDULES = (
    Schedule(
        effective_from=date(2026, 4, 1),
        rates={
            Segment.DELIVERY: Rates(
                brokerage=Decimal("0.003"),
                nse=Decimal("0.0000307"),
                bse=Decimal("0.0000375"),
                stt_buy=Decimal("0.001"),
                stt_sell=Decimal("0.001"),
                stamp_buy=Decimal("0.00015"),
            ),
            Segment.INTRADAY: Rates(
                brokerage=Decimal("0.0003"),
                nse=Decimal("0.0000307"),
                bse=Decimal("0.0000375"),
                stt_buy=Decimal(0),
                stt_sell=Decimal("0.00025"),
                stamp_buy=Decimal("0.00003"),
            ),
            Segment.FUTURE: Rates(
                brokerage=Decimal("0.0003"),
                nse=Decimal("0.0000183"),
                bse=Decimal(0),
                stt_buy=Decimal(0),
                stt_sell=Decimal("0.0005"),
                stamp_buy=Decimal("0.00002"),
            ),
            Segment.OPTION: Rates(
                brokerage=None,
                nse=Decimal("0.0003553"),
                bse=Decimal("0.000325"),
                stt_buy=Decimal(0),
                stt_sell=Decimal("0.0015"),
                stamp_buy=Decimal("0.00003"),
            ),
        },
        exercise_stt=Decimal("0.0015"),
    ),
)
"""Oldest first. A day before the first schedule is charged by the first: paper has no other past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """The components for one order, in rupees to the paisa."""

    brokerage: Decimal
    exchange: Decimal
    sebi: Decimal
    stt: Decimal
    stamp: Decimal
    gst: Decimal

    @property
    def total(self) -> Decimal:
        """All of them."""
        return self.brokerage + self.exchange + self.sebi + self.stt + self.stamp + self.gst


def schedule_on(day: date) -> Schedule:
    """The schedule in force on a day."""
    return next((one for one in reversed(SCHEDULES) if one.effective_from <= day), SCHEDULES[0])


def segment_of(instrument: Instrument, product: Product) -> Segment:
    """The rates that apply to an instrument under a product."""
    match instrument.kind:
        case Kind.FUTURE:
            return Segment.FUTURE
        case Kind.OPTION:
            return Segment.OPTION
        case Kind.EQUITY | Kind.ETF:
            return Segment.INTRADAY if product is Product.MIS else Segment.DELIVERY
        case Kind.INDEX:
            raise ValueError(f"{instrument.key} is an index: nobody trades it, nobody is charged")


def order_charges(instrument: Instrument, product: Product, side: Side, value: Decimal, *, day: date) -> Charges:
    """The charges for one order that has traded `value` rupees (price times units times multiplier) on a day."""
    rates = schedule_on(day).rates[segment_of(instrument, product)]
    buying = side is Side.BUY
    share = _BROKERAGE_CAP if rates.brokerage is None else value * rates.brokerage
    brokerage = to_paisa(min(_BROKERAGE_CAP, share))
    exchange = to_paisa(value * _exchange_rate(rates, instrument.key.venue))
    sebi = to_paisa(value * _SEBI)
    return Charges(
        brokerage=brokerage,
        exchange=exchange,
        sebi=sebi,
        stt=to_paisa(value * (rates.stt_buy if buying else rates.stt_sell)),
        stamp=to_paisa(value * rates.stamp_buy) if buying else _ZERO,
        gst=to_paisa((brokerage + exchange + sebi) * _GST),
    )


def settlement_charges(instrument: Instrument, *, long: bool, value: Decimal, day: date) -> Charges:
    """The charges when a contract settles at its expiry: only an exercised option pays, the holder, STT on
    `value`, its worth at exercise.
    """
    exercised = instrument.kind is Kind.OPTION and long
    stt = to_paisa(value * schedule_on(day).exercise_stt) if exercised else _ZERO
    return Charges(brokerage=_ZERO, exchange=_ZERO, sebi=_ZERO, stt=stt, stamp=_ZERO, gst=_ZERO)


def _exchange_rate(rates: Rates, venue: Venue) -> Decimal:
    match venue:
        case Venue.NSE | Venue.NFO:
            return rates.nse
        case Venue.BSE | Venue.BFO:
            return rates.bse
        case _:
            raise ValueError(f"no paper charges are known for {venue}")
