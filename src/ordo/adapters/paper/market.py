"""A market made of nothing but a seed: the same seed gives the same prices on every machine, for all time.

Prices are computed in whole ten-thousandths of a rupee. A share or an index swings around its base price as a sum of
waves of different lengths; a future is its index and the cost of carrying it to the expiry; an option is worth what
its future is in the money, and time value that shrinks towards the expiry and away from the strike. So puts and
calls of one strike keep parity, and one company has one price on both exchanges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import isqrt

from ordo.adapters.paper.catalogue import Listing, underlying_of
from ordo.domain.calendar import IST
from ordo.domain.instruments import Instrument, InstrumentKey, Kind, Right
from ordo.domain.market import Depth, Level
from ordo.ports.prices import PriceSource

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT = 10_000
"""Whole numbers of 0.0001 rupee."""
_MILLION = 1_000_000
_YEAR = 365 * 24 * 3_600
_WAVES = ((14_400, 11_000), (1_800, 5_000), (240, 2_500), (30, 1_000), (5, 500))
"""Length in seconds and greatest swing in millionths of the base price, 2 % in all."""
_INDEX_CALM = 60
"""Indices swing by so many hundredths of what shares do."""
_HALF = 1 << 15
_CARRY = 65
"""Interest that futures contain, in thousandths a year."""
_TIME_VALUE = 52
"""At the strike an option's time value is so many thousandths of the index times the root of the years left:
0.4 times a volatility of 13 %."""
_LEVEL_WORTH = 2_500_000
"""A level of shares is around so many rupees deep, one of contracts so many lots."""
_LEVEL_LOTS = 25
_NO_BAND = (1, 1 << 62)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """A listing, with what every step of it needs: names for its noise, its band in ticks, prices in units."""

    instrument: Instrument
    name: str
    swing_name: str
    base: int | None
    tick: int
    band: tuple[int, int]

    @classmethod
    def of(cls, listing: Listing) -> _Track:
        instrument = listing.instrument
        low, high = instrument.band_low, instrument.band_high
        tick = instrument.tick_size
        return cls(
            instrument=instrument,
            name=str(instrument.key),
            swing_name=instrument.isin or str(instrument.key),
            base=None if listing.base_price is None else int(listing.base_price * _UNIT),
            tick=int(tick * _UNIT),
            band=_NO_BAND if low is None or high is None else (int(low / tick), int(high / tick)),
        )


class SeededMarket(PriceSource):
    """Moves every `step`, day and night, within the price band, with five levels on each side.

    The price at a moment is a pure function of the seed, the instrument and the number of the step; what is kept
    between calls only saves work. An expired contract has no price. Indices have a level and no depth.
    """

    def __init__(self, listings: Iterable[Listing], *, seed: str, step: timedelta = timedelta(seconds=5)) -> None:
        if step < timedelta(seconds=1) or step % timedelta(seconds=1):
            raise ValueError("the market's step must be a whole number of seconds")
        self._key = hashlib.blake2b(seed.encode()).digest()
        self._step = step
        self._waves = tuple((max(1, timedelta(seconds=length) // step), millionths) for length, millionths in _WAVES)
        self._tracks = {listing.instrument.key: _Track.of(listing) for listing in listings}
        self._ends: dict[tuple[str, int], tuple[int, int, int]] = {}
        self._latest: dict[InstrumentKey, tuple[int, Depth | None]] = {}

    def depth(self, key: InstrumentKey, at: datetime) -> Depth | None:
        track = self._tracks.get(key)
        if track is None:
            return None
        step = self._number(at)
        latest = self._latest.get(key)
        if latest is None or latest[0] != step:
            latest = self._latest[key] = step, self._depth(track, step)
        return latest[1]

    def moves(self, key: InstrumentKey, after: datetime, until: datetime) -> Iterator[Depth]:
        track = self._tracks.get(key)
        if track is None:
            return
        for step in range(self._number(after) + 1, self._number(until) + 1):
            depth = self._depth(track, step)
            if depth is not None:
                yield depth

    def _number(self, at: datetime) -> int:
        return (at - _EPOCH) // self._step

    def _depth(self, track: _Track, step: int) -> Depth | None:
        at = _EPOCH + step * self._step
        price = self._price(track, step, at)
        if price is None:
            return None
        tick_size = track.instrument.tick_size
        low, high = track.band
        middle = min(max((price + track.tick // 2) // track.tick, low), high)
        bids: tuple[Level, ...] = ()
        asks: tuple[Level, ...] = ()
        if track.instrument.kind is not Kind.INDEX:
            noise = self._noise(track.name, step)
            below, above = (1, noise[0] % 2) if noise[1] % 2 else (noise[0] % 2, 1)
            size = _usual_size(track, middle)
            bids = tuple(_levels(track, middle - below, -1, noise[2:17], size))
            asks = tuple(_levels(track, middle + above, 1, noise[17:32], size))
        return Depth(last_price=middle * tick_size, bids=bids, asks=asks, at=at)

    def _price(self, track: _Track, step: int, at: datetime) -> int | None:
        key = track.instrument.key
        if key.expiry is None:
            return self._swing(track, step)
        index = underlying_of(key)
        written_on = None if index is None else self._tracks.get(index)
        seconds = (datetime.combine(key.expiry, time(), IST) + timedelta(days=1) - at) // timedelta(seconds=1)
        level = None if written_on is None else self._swing(written_on, step)
        if level is None or seconds <= 0:
            return None
        forward = level + level * _CARRY * seconds // (1_000 * _YEAR)
        if key.strike is None or key.right is None:
            return forward
        return _premium(level, forward, int(key.strike * _UNIT), key.right, seconds)

    def _swing(self, track: _Track, step: int) -> int | None:
        if track.base is None:
            return None
        swing = 0
        for wave, (period, millionths) in enumerate(self._waves):
            cell, offset = divmod(step, period)
            left, right = self._ends_of(track.swing_name, wave, cell)
            swing += millionths * (left * (period - offset) + right * offset) // (period * _HALF)
        if track.instrument.kind is Kind.INDEX:
            swing = swing * _INDEX_CALM // 100
        return track.base + track.base * swing // _MILLION

    def _ends_of(self, name: str, wave: int, cell: int) -> tuple[int, int]:
        """The heights, -32768 to 32767, between which a wave runs straight."""
        known = self._ends.get((name, wave))
        if known is None or known[0] != cell:
            left, right = (int.from_bytes(self._noise(name, wave, end)[:2]) - _HALF for end in (cell, cell + 1))
            known = self._ends[name, wave] = cell, left, right
        return known[1], known[2]

    def _noise(self, name: str, *numbers: int) -> bytes:
        what = "|".join((name, *map(str, numbers)))
        return hashlib.blake2b(what.encode(), key=self._key, digest_size=32).digest()


def _premium(level: int, forward: int, strike: int, right: Right, seconds: int) -> int:
    at_strike = level * _TIME_VALUE * isqrt(seconds * _MILLION * _MILLION // _YEAR) // (1_000 * _MILLION)
    width = max(1, at_strike * 5 // 2)
    distance = forward - strike
    time_value = at_strike * width * width // (width * width + distance * distance)
    return max(0, distance if right is Right.CE else -distance) + time_value


def _levels(track: _Track, best: int, direction: int, noise: bytes, usual: int) -> Iterator[Level]:
    """One side of the book, from its best price in ticks outwards, as far as the band reaches."""
    ticks = best
    for gap, more, less in zip(noise[::3], noise[1::3], noise[2::3], strict=True):
        if track.band[0] <= ticks <= track.band[1]:
            lots = max(1, usual * (1 + (more * 256 + less) % 64) // 16)
            yield Level(price=ticks * track.instrument.tick_size, quantity=lots * track.instrument.lot_size)
        ticks += direction * (1 + gap % 3)


def _usual_size(track: _Track, ticks: int) -> int:
    return _LEVEL_WORTH * _UNIT // (ticks * track.tick) if track.instrument.key.venue.is_cash else _LEVEL_LOTS
