"""Full-size masters of one invented market, as FYERS and HDFC would publish it. The same seed makes the same files."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from ordo.adapters.masters.hdfc_rows import HEADER
from ordo.application.master_reading import MasterTerms
from ordo.application.masters import MasterJoin
from ordo.domain.calendar import IST
from ordo.domain.instruments import Instrument
from ordo.ports.masters import MasterSource

TODAY: Final = date(2026, 11, 23)
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FILES: Final = {
    "NSE": ("NSE_CM", 10, 10, "NSE", "CM"),
    "BSE": ("BSE_CM", 12, 10, "BSE", "CM"),
    "NSE_INDEX": ("NSE_CM", 10, 10, "NSE", "CM"),
    "BSE_INDEX": ("BSE_CM", 12, 10, "BSE", "CM"),
    "NFO": ("NSE_FO", 10, 11, "NSE", "FO"),
    "BFO": ("BSE_FO", 12, 11, "BSE", "FO"),
    "CDS": ("NSE_CD", 10, 12, "NSE", "CD"),
    "MCX": ("MCX_COM", 11, 20, "MCX", "COM"),
}
_CLOSES: Final = {"NFO": time(15, 40), "BFO": time(15, 40), "CDS": time(12, 30), "MCX": time(23, 30)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One contract or security of the invented market: the truth, that no file tells wholly. `lot` is in units."""

    key: str
    venue: str
    root: str
    token: int
    lot: int
    tick: Decimal
    type_code: int
    series: str = ""
    isin: str = ""
    expiry: date | None = None
    strike: Decimal | None = None
    right: str = ""
    freeze: int = 0
    underlying: int = 0
    hdfc_id: str = ""
    hdfc_underlying: str = ""

    @property
    def in_lots(self) -> bool:
        return self.venue in ("CDS", "MCX")


def market(rows: int = 200_000, *, seed: int = 0, strikes: int = 40) -> list[Listed]:
    """At least so many instruments: shares on both exchanges, indices, and their futures and options."""
    chance = random.Random(seed)
    listed = [*_indices(), *_known_shares()]
    tokens = {venue: iter(range(first, first + 10_000_000)) for venue, first in
              (("NFO", 35_001), ("BFO", 800_001), ("CDS", 1_101), ("MCX", 560_001))}  # fmt: skip
    listed += _chain("NFO", "NIFTY", 26_000, 65, 14, tokens["NFO"], Decimal(50), strikes, weeks=5, hdfc="NIFTYEQEQNR")
    listed += _chain(
        "NFO", "BANKNIFTY", 26_009, 30, 14, tokens["NFO"], Decimal(100), strikes, weeks=0, hdfc="BANKNIFTYEQNR"
    )
    listed += _chain("BFO", "SENSEX", 1, 20, 14, tokens["BFO"], Decimal(100), strikes, weeks=4, hdfc="SENSEXEQ")
    listed += _others(tokens)
    number = 0
    while len(listed) < rows:
        number += 1
        share = _share(number, chance)
        listed.append(share)
        if number % 3 == 0:
            listed.append(_twin(share, number))
        if number % 7 == 0:
            listed.append(_bond(share, number))
        if number % 2 == 0:
            lot = chance.choice((75, 125, 550, 1_600, 2_750))
            listed += _chain(
                "NFO", share.root, share.token, lot, 15, tokens["NFO"], Decimal("2.5"), min(strikes, 18), weeks=0,
                later_lot=lot * 2 if number % 8 == 0 else lot, hdfc=share.hdfc_id
            )  # fmt: skip
    return listed


def write_fyers(listed: Iterable[Listed], folder: Path, *, kind: str = "json", day: date = TODAY) -> str:
    """Write the seven files, and return their place."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[Listed]] = {
        name: [] for name in ("NSE_CM", "NSE_FO", "NSE_CD", "NSE_COM", "BSE_CM", "BSE_FO", "MCX_COM")
    }
    for one in listed:
        files[_FILES[one.venue][0]].append(one)
    for name, ones in files.items():
        if kind == "json":
            entries = {ticker(one): fyers_json(one, day) for one in ones}
            (folder / f"{name}_sym_master.json").write_text(json.dumps(entries), "utf-8")
        elif ones:
            rows = (fyers_csv(one, day) for one in ones)
            (folder / f"{name}.csv").write_text("".join(",".join(row) + "\n" for row in rows), "utf-8")
    return str(folder)


def write_hdfc(listed: Iterable[Listed], file: Path) -> str:
    """Write the one file, and return its place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(hdfc_row(one) for one in listed)
    file.write_text(text.getvalue(), "utf-8")
    return str(file)


def ticker(one: Listed) -> str:
    prefix = _FILES[one.venue][3]
    if one.expiry is None:
        names = {"NIFTY": "NIFTY50", "BANKNIFTY": "NIFTYBANK"}
        return f"{prefix}:{one.root}-{one.series}" if one.series else f"{prefix}:{names.get(one.root, one.root)}-INDEX"
    last_of_month = (one.expiry + timedelta(days=7)).month != one.expiry.month
    month = _MONTHS[one.expiry.month - 1] if last_of_month else f"{'123456789OND'[one.expiry.month - 1]}{one.expiry:%d}"
    ends = "FUT" if one.strike is None else f"{one.strike.normalize():f}{one.right}"
    return f"{prefix}:{one.root}{one.expiry:%y}{month}{ends}"


def fyers_json(one: Listed, day: date = TODAY) -> dict[str, object]:
    _, exchange, segment, prefix, stream = _FILES[one.venue]
    return {
        "fyToken": _fy_token(one),
        "isin": one.isin,
        "exSymbol": one.root,
        "symDetails": one.root,
        "symTicker": ticker(one),
        "exchange": exchange,
        "segment": segment,
        "exSymName": one.root,
        "exToken": one.token,
        "exSeries": one.series or "XX",
        "optType": one.right or "XX",
        "underSym": one.root,
        "underFyTok": "",
        "exInstType": one.type_code,
        "minLotSize": 1 if one.in_lots else (0 if one.type_code == 10 else one.lot),
        "tickSize": float(one.tick),
        "tradingSession": "0915-1530|1815-1915:",
        "lastUpdate": day.isoformat(),
        "expiryDate": _epoch(one),
        "strikePrice": float(one.strike) if one.strike is not None else -1.0,
        "qtyFreeze": str(one.freeze or ""),
        "tradeStatus": 0 if one.type_code == 10 else 1,
        "currencyCode": "INR",
        "upperPrice": 0.0,
        "lowerPrice": 0.0,
        "faceValue": 0.0,
        "qtyMultiplier": float(one.lot) if one.in_lots else 1.0,
        "previousClose": 0.0,
        "previousOi": 0.0,
        "asmGsmVal": "",
        "exchangeName": prefix,
        "symbolDesc": one.root,
        "originalExpDate": None,
        "is_mtf_tradable": 0,
        "mtf_margin": 0.0,
        "stream": stream,
    }


def fyers_csv(one: Listed, day: date = TODAY) -> list[str]:
    _, exchange, segment, _, _ = _FILES[one.venue]
    lot = 1 if one.in_lots else (0 if one.type_code == 10 else one.lot)
    return [
        _fy_token(one), one.root, str(one.type_code), str(lot), str(float(one.tick)), one.isin, "0915-1530|1815-1915:",
        day.isoformat(), _epoch(one), ticker(one), str(exchange), str(segment), str(one.token), one.root,
        str(one.underlying or one.token), str(float(one.strike)) if one.strike is not None else "-1.0",
        one.right or "XX", "", "None", "0", "0.0",
    ]  # fmt: skip


def hdfc_row(one: Listed) -> list[str]:
    exchange = _FILES[one.venue][3]
    paise = one.tick * 100
    tick = str(int(paise)) if paise == int(paise) else f"{one.tick.normalize():f}".lstrip("0")
    if one.expiry is None:
        return [exchange, one.hdfc_id, "EQUITY", "", "", "", "1", tick, "0", str(one.token), one.root, "", "0"]
    segment = ("FUT" if one.strike is None else "OPT") + {"CDS": "CUR", "MCX": "COM"}.get(
        one.venue, "IDX" if one.type_code in (11, 14) else "STK"
    )
    segment = "OPTFUT" if segment == "OPTCOM" else segment
    placeholder = {"CDS": "-.0000001", "MCX": "0"}.get(one.venue, "-.01")
    return [
        exchange, f"B{one.token}" if one.venue == "BFO" else str(one.token), segment, one.expiry.isoformat(),
        placeholder if one.strike is None else f"{one.strike.normalize():f}", one.right or "XX",
        "1" if one.in_lots else str(one.lot), tick, "0", str(one.token), one.root, one.hdfc_underlying or one.root, "0",
    ]  # fmt: skip


async def joined(
    *sources: MasterSource, today: date = TODAY, previous: Mapping[str, int] | None = None, damaged: int = 0
) -> tuple[dict[str, Instrument], MasterJoin]:
    """Read and join the sources as a load does; the instruments by key, in which no key may come twice."""
    join = MasterJoin(MasterTerms(today=today, previous=previous or {}, damaged=damaged))
    for source in sources:
        join.expect(source.name, source.venues)
        async for batch in source.rows():
            join.read(source.name, batch)
    found: dict[str, Instrument] = {}
    for instrument in join.instruments():
        assert found.setdefault(str(instrument.key), instrument) is instrument
    return found, join


def _indices() -> Iterator[Listed]:
    for venue, root, token, code in (
        ("NSE_INDEX", "NIFTY", 26_000, "NIFTYEQEQNR"),
        ("NSE_INDEX", "BANKNIFTY", 26_009, "BANKNIFTYEQNR"),
        ("NSE_INDEX", "FINNIFTY", 26_037, "FINNIFTYEQNR"),
        ("BSE_INDEX", "SENSEX", 1, "SENSEXEQ"),
    ):
        yield Listed(
            key=f"{venue}:{root}", venue=venue, root=root, token=token, lot=1, tick=Decimal("0.05"), type_code=10,
            hdfc_id=code,
        )  # fmt: skip


def _known_shares() -> Iterator[Listed]:
    for root, token, bse, isin, code in (
        ("SBIN", 3045, 500_112, "INE062A01020", "STABANEQNR"),
        ("RELIANCE", 2885, 500_325, "INE002A01018", "RELINDEQNR"),
        ("M&M", 2031, 500_520, "INE101A01026", "MAHMAHEQNR"),
        ("BAJAJ-AUTO", 16_669, 532_977, "INE917I01010", "BAJAUTEQNR"),
    ):
        tick = Decimal("0.05")
        yield Listed(key=f"NSE:{root}", venue="NSE", root=root, token=token, lot=1, tick=tick, type_code=0, series="EQ",
                     isin=isin, hdfc_id=code)  # fmt: skip
        yield Listed(key=f"BSE:{root}", venue="BSE", root=root, token=bse, lot=1, tick=tick, type_code=0, series="A",
                     isin=isin, hdfc_id=code)  # fmt: skip


def _share(number: int, chance: random.Random) -> Listed:
    root, tick = f"INV{number:05}", chance.choice((Decimal("0.01"), Decimal("0.05"), Decimal("0.1"), Decimal(1)))
    rare = number % 10 == 0
    return Listed(
        key=f"NSE:{root}:BE" if rare else f"NSE:{root}", venue="NSE", root=root, token=100_000 + number, lot=1,
        tick=tick, type_code=9 if number % 25 == 1 else 0, series="BE" if rare else "EQ", isin=f"INE{number:06}A01",
        hdfc_id=f"I{number:05}{'EQTT' if rare else 'EQNR'}",
    )  # fmt: skip


def _twin(share: Listed, number: int) -> Listed:
    return Listed(
        key=f"BSE:{share.root}", venue="BSE", root=share.root, token=700_000 + number, lot=1, tick=share.tick,
        type_code=0, series="T" if number % 2 else "A", isin=share.isin, hdfc_id=share.hdfc_id,
    )  # fmt: skip


def _bond(share: Listed, number: int) -> Listed:
    return Listed(
        key=f"NSE:{share.root}:N{number % 9 + 1}", venue="NSE", root=share.root, token=900_000 + number, lot=1,
        tick=Decimal("0.01"), type_code=2, series=f"N{number % 9 + 1}", isin=f"INE{number:06}B07",
        hdfc_id=f"I{number:05}N{number % 9 + 1}NR",
    )  # fmt: skip


def _chain(
    venue: str,
    root: str,
    underlying: int,
    lot: int,
    option_code: int,
    tokens: Iterator[int],
    step: Decimal,
    strikes: int,
    *,
    weeks: int,
    hdfc: str,
    later_lot: int | None = None,
) -> Iterator[Listed]:
    weekday = 3 if venue == "BFO" else 1
    months = [_last(year, month, weekday) for year, month in ((2026, 12), (2027, 1), (2027, 2))]
    first = TODAY + timedelta(days=(weekday - TODAY.weekday()) % 7)
    weekly = [day for n in range(weeks) if (day := first + timedelta(weeks=n)) not in months]
    for expiry in (*months, *weekly):
        # A revised lot begins with the farthest month.
        size = later_lot if later_lot and expiry == months[-1] else lot
        if expiry in months:
            yield Listed(
                key=f"{venue}:{root}:{expiry:%Y%m%d}:FUT", token=next(tokens), tick=Decimal("0.1"),
                type_code=11 if option_code == 14 else 13, freeze=size * 40, underlying=underlying,
                hdfc_underlying=hdfc, venue=venue, root=root, lot=size, expiry=expiry,
            )  # fmt: skip
        for n in range(strikes):
            strike = Decimal(100) + step * (n + 1)
            for right in ("CE", "PE"):
                yield Listed(
                    key=f"{venue}:{root}:{expiry:%Y%m%d}:{strike.normalize():f}:{right}", token=next(tokens),
                    tick=Decimal("0.05"), type_code=option_code, freeze=size * 40, underlying=underlying, strike=strike,
                    right=right, hdfc_underlying=hdfc, venue=venue, root=root, lot=size, expiry=expiry,
                )  # fmt: skip


def _others(tokens: Mapping[str, Iterator[int]]) -> Iterator[Listed]:
    for venue, root, lot, tick, code in (
        ("CDS", "USDINR", 1000, Decimal("0.0025"), 16),
        ("MCX", "CRUDEOIL", 100, Decimal(1), 30),
        ("MCX", "GOLDPETAL", 1, Decimal(1), 30),
    ):
        for year, month in ((2026, 12), (2027, 1), (2027, 2)):
            expiry = _last(year, month, 1)
            yield Listed(key=f"{venue}:{root}:{expiry:%Y%m%d}:FUT", venue=venue, root=root, token=next(tokens[venue]),
                         lot=lot, tick=tick, type_code=code, freeze=100, expiry=expiry)  # fmt: skip
            if root == "USDINR":
                yield Listed(key=f"{venue}:{root}:{expiry:%Y%m%d}:83.25:CE", venue=venue, root=root,
                             token=next(tokens[venue]), lot=lot, tick=tick, type_code=19, freeze=100, expiry=expiry,
                             strike=Decimal("83.25"), right="CE")  # fmt: skip


def _last(year: int, month: int, weekday: int) -> date:
    after = date(year + month // 12, month % 12 + 1, 1)
    return after - timedelta(days=(after.weekday() - weekday - 1) % 7 + 1)


def _fy_token(one: Listed) -> str:
    _, exchange, segment, _, _ = _FILES[one.venue]
    expiry = f"{one.expiry:%y%m%d}" if one.expiry else "000000"
    return f"{exchange}{segment}{expiry}{one.token:0{5 if one.type_code == 10 else 0}}"


def _epoch(one: Listed) -> str:
    if one.expiry is None:
        return ""
    return str(int(datetime.combine(one.expiry, _CLOSES[one.venue], IST).timestamp()))
