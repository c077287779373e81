"""The listing of the emulated venue: real names, NSE's rules for ticks and expiries, invented prices.

Lots, freeze quantities and prices are plausible, not true: a client must take them from the master that it is served.
"""

import math
import random
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from functools import lru_cache
from itertools import count
from typing import Final

from ordo_emulators.calendar import THURSDAY, TUESDAY, monthly_expiries, weekly_expiries
from ordo_emulators.instruments import Asset, Instrument, Kind, Right, Venue
from ordo_emulators.securities import INDICES, ONLY_ON_BSE, STOCKS, Index, Stock

LISTED_ON: Final = date(2026, 11, 22)
"""The day whose contracts are listed unless another is asked for: expiries from November 2026 to January 2027."""

_STRIKES_EACH_SIDE: Final = 20
_STOCK_STRIKES_EACH_SIDE: Final = 5
_MIN_TICK: Final = Decimal("0.05")
_OPTION_FINE_TICK_BELOW: Final = 250
_COARSE_INDEX_TICK_ABOVE: Final = 30_000
_FINANCED_ABOVE: Final = 100


def cash_tick(close: Decimal) -> Decimal:
    """NSE's tick for a stock or a stock's future by its last close, in force since April 2025."""
    steps = ((250, "0.01"), (1000, "0.05"), (5000, "0.10"), (10000, "0.50"), (20000, "1.00"))
    return Decimal(next((tick for limit, tick in steps if close <= limit), "5.00"))


def on_tick(price: Decimal, tick: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """The nearest multiple of the tick."""
    return (price / tick).quantize(Decimal(1), rounding=rounding) * tick


@lru_cache(maxsize=2)
def listing(seed: int = 0, *, rows: int = 0, listed_on: date = LISTED_ON) -> tuple[Instrument, ...]:
    """About 3,000 instruments; or at least `rows`, filled up with invented stocks and the contracts on them."""
    listed = list(_Listing(seed, listed_on).rows())
    if len(listed) < rows:
        more = _Listing(seed, listed_on, first_token=1_000_000)
        for number in count(1):
            listed += more.invented(number)
            if len(listed) >= rows:
                break
    return tuple(listed)


class _Listing:
    def __init__(self, seed: int, listed_on: date, *, first_token: int = 35_001) -> None:
        self._random = random.Random(f"listing {seed}")
        self._listed_on = listed_on
        self._tokens = {
            Venue.NFO: count(first_token),
            Venue.BFO: count(800_001),
            Venue.CDS: count(1_101),
            Venue.MCX: count(560_001),
        }

    def rows(self) -> Iterator[Instrument]:
        for index in INDICES:
            underlying = self._index(index)
            yield underlying
            if index.lot:
                yield from self._on_index(index, underlying)
        for stock in STOCKS:
            share = self._share(Venue.NSE, stock, stock.token, stock.series)
            yield share
            if stock.bse_token:
                yield self._share(Venue.BSE, stock, stock.bse_token, "A")
            if stock.lot:
                yield from self._on_stock(share, stock.lot)
        for stock in ONLY_ON_BSE:
            yield self._share(Venue.BSE, stock, stock.token, stock.series)
        yield from self._elsewhere()

    def invented(self, number: int) -> Iterator[Instrument]:
        close = Decimal(self._random.randint(8_000, 300_000)) / 100
        stock = Stock(
            f"EMU{number:05}", f"EMULATED COMPANY {number}", 100_000 + number, f"INE{number:06}A01", str(close)
        )
        share = self._share(Venue.NSE, stock, stock.token, "EQ")
        yield share
        yield from self._on_stock(share, max(1, 700_000 // int(close)))

    def _share(self, venue: Venue, stock: Stock, token: int, series: str) -> Instrument:
        close = Decimal(stock.close)
        tick = Decimal("0.01") if stock.kind is Kind.ETF else cash_tick(close)
        close = on_tick(close, tick)
        default = series in {"EQ", "A"}
        return Instrument(
            key=f"{venue}:{stock.symbol}" if default else f"{venue}:{stock.symbol}:{series}",
            venue=venue,
            kind=stock.kind,
            symbol=stock.symbol,
            name=stock.name,
            token=token,
            tick=tick,
            lot=1,
            close=close,
            opening=on_tick(close * self._drift(), tick),
            lower=on_tick(close * Decimal("0.8"), tick, ROUND_UP),
            upper=on_tick(close * Decimal("1.2"), tick, ROUND_DOWN),
            series=series,
            isin=stock.isin,
            financed=default and stock.kind is Kind.EQUITY and close > _FINANCED_ABOVE,
        )

    def _index(self, index: Index) -> Instrument:
        close = Decimal(index.close)
        return Instrument(
            key=f"{index.venue}_INDEX:{index.symbol}",
            venue=index.venue,
            kind=Kind.INDEX,
            symbol=index.symbol,
            name=index.symbol,
            token=index.token,
            tick=Decimal("0.05"),
            lot=0,
            close=close,
            opening=(close * self._drift()).quantize(Decimal("0.01")),
            lower=Decimal(0),
            upper=Decimal(0),
        )

    def _on_index(self, index: Index, underlying: Instrument) -> Iterator[Instrument]:
        venue, weekday = (Venue.NFO, TUESDAY) if index.venue is Venue.NSE else (Venue.BFO, THURSDAY)
        monthly = monthly_expiries(self._listed_on, weekday)
        expiries = weekly_expiries(self._listed_on, weekday) if index.weekly else monthly
        # NSE's tick for index futures by level; BSE's is 0.05.
        coarse = venue is Venue.NFO and underlying.close > _COARSE_INDEX_TICK_ABOVE
        tick = _MIN_TICK if venue is Venue.BFO else Decimal("0.20" if coarse else "0.10")
        terms = _Terms(venue, Asset.INDEX, underlying, index.lot, index.freeze)
        for expiry in monthly:
            yield self._future(terms, expiry, tick)
        middle = int(underlying.close / index.step) * index.step
        strikes = range(
            middle - _STRIKES_EACH_SIDE * index.step, middle + (_STRIKES_EACH_SIDE + 1) * index.step, index.step
        )
        for expiry in expiries:
            for strike in strikes:
                yield from self._options(terms, expiry, Decimal(strike), _MIN_TICK, monthly=expiry in monthly)

    def _on_stock(self, share: Instrument, lot: int) -> Iterator[Instrument]:
        terms = _Terms(Venue.NFO, Asset.STOCK, share, lot, lot * 40)
        tick = Decimal("0.01") if share.close < _OPTION_FINE_TICK_BELOW else _MIN_TICK
        step = _strike_step(share.close)
        middle = on_tick(share.close, step)
        for expiry in monthly_expiries(self._listed_on, TUESDAY):
            yield self._future(terms, expiry, share.tick)
            for n in range(-_STOCK_STRIKES_EACH_SIDE, _STOCK_STRIKES_EACH_SIDE + 1):
                if middle + n * step > 0:
                    yield from self._options(terms, expiry, middle + n * step, tick, monthly=True)

    def _elsewhere(self) -> Iterator[Instrument]:
        """Currency and commodity, where the master says lot 1 and a multiplier says what one lot is."""
        last = monthly_expiries(self._listed_on, TUESDAY)
        for expiry in last:
            dollar = _Terms(Venue.CDS, Asset.CURRENCY, None, 1, 10_000, "USDINR", Decimal("88.7150"), 1000)
            yield self._future(dollar, expiry, Decimal("0.0025"))
        for expiry in last:
            oil = _Terms(Venue.MCX, Asset.COMMODITY, None, 1, 100, "CRUDEOIL", Decimal(5284), 100)
            yield self._future(oil, expiry, Decimal("1.0"))
            yield from self._options(oil, expiry, Decimal(5500), Decimal("0.10"), monthly=True)

    def _future(self, terms: "_Terms", expiry: date, tick: Decimal) -> Instrument:
        years = self._years(expiry)
        close = on_tick(terms.spot * Decimal(str(round(1 + 0.065 * years, 6))), tick)
        return Instrument(
            key=f"{terms.venue}:{terms.symbol}:{expiry:%Y%m%d}:FUT",
            venue=terms.venue,
            kind=Kind.FUTURE,
            symbol=terms.symbol,
            name=f"{terms.symbol} {expiry:%d %b %y} FUT",
            token=next(self._tokens[terms.venue]),
            tick=tick,
            lot=terms.lot,
            close=close,
            opening=on_tick(close * self._drift(), tick),
            lower=on_tick(close * Decimal("0.9"), tick, ROUND_UP),
            upper=on_tick(close * Decimal("1.1"), tick, ROUND_DOWN),
            asset=terms.asset,
            underlying=terms.underlying,
            expiry=expiry,
            monthly=True,
            freeze=terms.freeze,
            multiplier=terms.multiplier,
        )

    def _options(
        self, terms: "_Terms", expiry: date, strike: Decimal, tick: Decimal, *, monthly: bool
    ) -> Iterator[Instrument]:
        rights: tuple[Right, Right] = ("CE", "PE")
        written = f"{strike.normalize():f}"
        for right in rights:
            close = max(tick, on_tick(_premium(terms.spot, strike, right, self._years(expiry)), tick))
            yield Instrument(
                key=f"{terms.venue}:{terms.symbol}:{expiry:%Y%m%d}:{written}:{right}",
                venue=terms.venue,
                kind=Kind.OPTION,
                symbol=terms.symbol,
                name=f"{terms.symbol} {expiry:%d %b %y} {written} {right}",
                token=next(self._tokens[terms.venue]),
                tick=tick,
                lot=terms.lot,
                close=close,
                opening=max(tick, on_tick(close * self._drift(), tick)),
                lower=tick,
                upper=on_tick(close * 5 + terms.spot / 50, tick),
                asset=terms.asset,
                underlying=terms.underlying,
                expiry=expiry,
                monthly=monthly,
                strike=strike,
                right=right,
                freeze=terms.freeze,
                multiplier=terms.multiplier,
            )

    def _years(self, expiry: date) -> float:
        return max((expiry - self._listed_on).days, 1) / 365

    def _drift(self) -> Decimal:
        """Today opens within half a percent of yesterday's close."""
        return 1 + Decimal(self._random.randint(-50, 50)) / 10_000


class _Terms:
    """What the contracts on one underlying have in common."""

    def __init__(
        self,
        venue: Venue,
        asset: Asset,
        underlying: Instrument | None,
        lot: int,
        freeze: int,
        symbol: str = "",
        spot: Decimal = Decimal(0),
        multiplier: int = 1,
    ) -> None:
        self.venue = venue
        self.asset = asset
        self.underlying = underlying
        self.lot = lot
        self.freeze = freeze
        self.symbol = underlying.symbol if underlying else symbol
        self.spot = underlying.close if underlying else spot
        self.multiplier = multiplier


def _strike_step(close: Decimal) -> Decimal:
    steps = ((20, "0.5"), (100, "2.5"), (250, "5"), (1000, "10"), (2500, "20"), (5000, "50"))
    return Decimal(next((step for limit, step in steps if close <= limit), "100"))


def _premium(spot: Decimal, strike: Decimal, right: Right, years: float) -> Decimal:
    """A smooth invention: what the option is worth now, plus a time value that is highest at the money."""
    inside = spot - strike if right == "CE" else strike - spot
    width = 0.14 * math.sqrt(years)
    distance = float(strike / spot - 1) / width
    time_value = 0.4 * width * math.exp(-distance * distance / 2)
    return max(inside, Decimal(0)) + spot * Decimal(str(round(time_value, 8)))
