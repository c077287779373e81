"""Quotes, depth, the option chain, and when the market is open. Volumes and open interest are invented, and stable."""

import random
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from ordo_emulators.clock import IST
from ordo_emulators.fyers.answers import Failure, invalid, ok
from ordo_emulators.fyers.desk import Call, Desk
from ordo_emulators.fyers.symbols import CODES, expiry_epoch, fy_token
from ordo_emulators.instruments import Instrument, Kind

_MOST_QUOTES: Final = 50
_MOST_STRIKES: Final = 50
_MOST_TOKENS: Final = 500
_LEVELS: Final = 5


def quotes(desk: Desk, call: Call) -> dict[str, object]:
    """`GET ?symbols=A,B`; also `POST {"symbols": [...]}`."""
    names: object = call.query.get("symbols", "").split(",")
    if isinstance(call.body, Mapping):
        names = call.body.get("symbols")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) and n for n in names):
        raise invalid("Please provide a valid symbol")
    if len(names) > _MOST_QUOTES:
        raise Failure(-351, "You have provided symbols greater than 50")
    return {"s": "ok", "code": 200, "d": [_quote(desk, name) for name in names]}


def _quote(desk: Desk, name: str) -> dict[str, object]:
    instrument = desk.symbols.by_ticker.get(name)
    if instrument is None:
        # The item of a symbol that does not exist is not recorded anywhere: a guess.
        return {"n": name, "s": "error", "v": {"code": -300, "errmsg": "Invalid symbol provided"}}
    last, day = desk.exchange.price(instrument), _day(instrument)
    spread = 2 * instrument.tick
    value = {
        "lp": last,
        **_change(last, instrument.close),
        "open_price": instrument.opening,
        "high_price": max(last, instrument.opening),
        "low_price": min(last, instrument.opening),
        "prev_close_price": instrument.close,
        "bid": last - instrument.tick,
        "ask": last + instrument.tick,
        "spread": spread,
        "atp": (last + instrument.opening) / 2,
        "volume": day["volume"],
        "short_name": name.partition(":")[2],
        "exchange": name.partition(":")[0],
        "description": name,
        "original_name": name,
        "symbol": name,
        "fyToken": fy_token(instrument),
        "tt": str(_day_epoch(desk.exchange.clock())),
    }
    return {"n": name, "s": "ok", "v": value}


def depth(desk: Desk, call: Call) -> dict[str, object]:
    """One symbol. No `code` in the answer, `bids` but `ask`, and `c` is yesterday's close."""
    instrument = _instrument(desk, call)
    last, day = desk.exchange.price(instrument), _day(instrument)
    bids = [_level(last - n * instrument.tick, n) for n in range(1, _LEVELS + 1)]
    asks = [_level(last + n * instrument.tick, n) for n in range(1, _LEVELS + 1)]
    row = {
        "totalbuyqty": sum(100 * n for n in range(1, _LEVELS + 1)),
        "totalsellqty": sum(100 * n for n in range(1, _LEVELS + 1)),
        "bids": bids,
        "ask": asks,
        "o": instrument.opening,
        "h": max(last, instrument.opening),
        "l": min(last, instrument.opening),
        "c": instrument.close,
        **_change(last, instrument.close),
        "tick_Size": instrument.tick,
        "ltp": last,
        "ltq": max(instrument.lot, 1),
        "ltt": int(desk.exchange.clock().timestamp()),
        "v": day["volume"],
        "atp": (last + instrument.opening) / 2,
        "lower_ckt": instrument.lower,
        "upper_ckt": instrument.upper,
        "expiry": expiry_epoch(instrument),
        "oi": day["oi"],
        "oiflag": instrument.expiry is not None,
        "pdoi": day["prev_oi"],
        "oipercent": 0 if not day["prev_oi"] else round((day["oi"] / day["prev_oi"] - 1) * 100, 2),
    }
    return {"s": "ok", "d": {desk.ticker(instrument): row}, "message": ""}


def _level(price: Decimal, number: int) -> dict[str, object]:
    return {"price": max(price, Decimal(0)), "volume": 100 * number, "ord": number}


def option_chain(desk: Desk, call: Call) -> dict[str, object]:
    underlying = _instrument(desk, call)
    options = desk.symbols.options.get(underlying.key)
    if not options:
        raise Failure(-300, "Invalid symbol provided")
    each_side = call.query.get("strikecount", "10")
    if not each_side.isdigit() or not 1 <= int(each_side) <= _MOST_STRIKES:
        raise invalid("strikecount must be from 1 to 50")
    expiries = sorted({expiry_epoch(option) for option in options})
    chosen = call.query.get("timestamp") or expiries[0]
    if chosen not in expiries:
        raise invalid("timestamp must be one of the expiries")
    of_expiry = [option for option in options if expiry_epoch(option) == chosen]
    rows = [_chain_row(desk, option) for option in _around(desk, of_expiry, underlying, int(each_side))]
    open_interest = {right: sum(_day(o)["oi"] for o in of_expiry if o.right == right) for right in ("CE", "PE")}
    data = {
        "callOi": open_interest["CE"],
        "putOi": open_interest["PE"],
        "expiryData": [_expiry(option) for option in _one_of_each(options)],
        "indiavixData": _vix(desk),
        "optionsChain": [_underlying_row(desk, underlying), *rows],
    }
    return ok(data=data)


def _around(desk: Desk, options: list[Instrument], underlying: Instrument, each_side: int) -> list[Instrument]:
    """The strike nearest to the money and `each_side` on either side of it."""
    spot = desk.exchange.price(underlying)
    strikes = sorted({option.strike for option in options if option.strike is not None})
    nearest = min(range(len(strikes)), key=lambda n: abs(strikes[n] - spot))
    wanted = set(strikes[max(0, nearest - each_side) : nearest + each_side + 1])
    return [option for option in options if option.strike in wanted]


def _chain_row(desk: Desk, option: Instrument) -> dict[str, object]:
    last, day = desk.exchange.price(option), _day(option)
    change = _change(last, option.close)
    moved = day["oi"] - day["prev_oi"]
    return {
        "symbol": desk.ticker(option),
        "fyToken": fy_token(option),
        "option_type": option.right,
        "strike_price": option.strike,
        "ltp": last,
        "ltpch": change["ch"],
        "ltpchp": change["chp"],
        "bid": max(last - option.tick, Decimal(0)),
        "ask": last + option.tick,
        "oi": day["oi"],
        "oich": moved,
        "oichp": round(moved / day["prev_oi"] * 100, 2),
        "prev_oi": day["prev_oi"],
        "volume": day["volume"],
    }


def _underlying_row(desk: Desk, underlying: Instrument) -> dict[str, object]:
    last = desk.exchange.price(underlying)
    change = _change(last, underlying.close)
    return {
        "symbol": desk.ticker(underlying),
        "fyToken": fy_token(underlying),
        "option_type": "",
        "strike_price": -1,
        "ltp": last,
        "ltpch": change["ch"],
        "ltpchp": change["chp"],
        "fp": last,
        "fpch": change["ch"],
        "fpchp": change["chp"],
    }


def _one_of_each(options: list[Instrument]) -> list[Instrument]:
    return list({expiry_epoch(option): option for option in sorted(options, key=expiry_epoch)}.values())


def _expiry(option: Instrument) -> dict[str, object]:
    flag = "M" if option.monthly else "W"
    return {"date": f"{option.expiry:%d-%m-%Y}", "expiry": expiry_epoch(option), "expiry_flag": flag}


def _vix(desk: Desk) -> dict[str, object]:
    vix = desk.symbols.by_ticker.get("NSE:INDIAVIX-INDEX")
    return {} if vix is None else _underlying_row(desk, vix)


def market_status(desk: Desk, _: Call) -> dict[str, object]:
    status = "OPEN" if desk.exchange.is_open else "CLOSED"
    rows = [
        {"exchange": exchange, "segment": segment, "market_type": "NORMAL", "status": status}
        for exchange, segment in CODES.values()
    ]
    return ok(marketStatus=rows)


def symbol_token(desk: Desk, call: Call) -> dict[str, object]:
    names = call.body.get("symbols") if isinstance(call.body, Mapping) else None
    if not isinstance(names, list) or not 1 <= len(names) <= _MOST_TOKENS or not all(isinstance(n, str) for n in names):
        raise invalid("symbols must be a list of 1 to 500")
    known = {name: desk.symbols.by_ticker[name] for name in names if name in desk.symbols.by_ticker}
    return {
        "s": "ok",
        "code": 200,
        "message": "",
        "validSymbol": {name: fy_token(instrument) for name, instrument in known.items()},
        "invalidSymbol": [name for name in names if name not in known],
    }


def _instrument(desk: Desk, call: Call) -> Instrument:
    instrument = desk.symbols.by_ticker.get(call.query.get("symbol", ""))
    if instrument is None:
        raise Failure(-300, "Invalid symbol provided")
    return instrument


def _change(last: Decimal, close: Decimal) -> dict[str, Decimal]:
    return {"ch": last - close, "chp": round((last - close) / close * 100, 2)}


def _day(instrument: Instrument) -> dict[str, int]:
    """Invented figures that belong to the instrument."""
    figures = random.Random(instrument.key)
    derivative = instrument.kind in {Kind.FUTURE, Kind.OPTION}
    lots = figures.randint(1_000, 90_000)
    return {
        "volume": 0 if instrument.kind is Kind.INDEX else lots * max(instrument.lot, 1),
        "oi": lots * instrument.lot if derivative else 0,
        "prev_oi": figures.randint(1_000, 90_000) * instrument.lot if derivative else 0,
    }


def _day_epoch(now: datetime) -> int:
    """00:00 UTC of the day in India."""
    local = now.astimezone(IST)
    return int(local.replace(hour=5, minute=30, second=0, microsecond=0).timestamp())
