"""The public symbol masters: CSV without a header, and JSON by ticker."""

from collections.abc import Iterable
from datetime import date
from typing import Final

import orjson

from ordo_emulators.fyers.symbols import CODES, expiry_epoch, fy_token, ticker, type_code
from ordo_emulators.instruments import Instrument, Kind, Venue
from ordo_emulators.server import Response

_FILES: Final = {
    "NSE_CM": Venue.NSE,
    "NSE_FO": Venue.NFO,
    "NSE_CD": Venue.CDS,
    "NSE_COM": None,
    "BSE_CM": Venue.BSE,
    "BSE_FO": Venue.BFO,
    "MCX_COM": Venue.MCX,
}
_SESSIONS: Final = {
    Venue.NSE: "0915-1530|1815-1915:",
    Venue.BSE: "0915-1530|1815-1915:",
    Venue.NFO: "0915-1540|1815-1915:",
    Venue.BFO: "0915-1540|1815-1915:",
    Venue.CDS: "0900-1700|1815-1915:",
    Venue.MCX: "0900-2330|1815-1915:",
}
# What a currency or commodity contract is written on has a number but no row of its own.
_FOREIGN: Final = {"USDINR": (1, "10120000001"), "CRUDEOIL": (294, "1120000000294")}
_HSM_NAMES: Final = {"NSE:NIFTY50-INDEX": "Nifty 50", "NSE:NIFTYBANK-INDEX": "Nifty Bank", "BSE:SENSEX-INDEX": "SENSEX"}


class Masters:
    """Files are made when they are first asked for, and again on another day."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._instruments = tuple(instruments)
        self._made: dict[tuple[str, date], Response] = {}

    def file(self, name: str, today: date) -> Response:
        """`NSE_CM.csv`, `NSE_CM_sym_master.json` and so on; 404 for any other."""
        found = self._made.get((name, today))
        if found is None:
            found = self._made[name, today] = self._make(name, today)
        return found

    def _make(self, name: str, today: date) -> Response:
        if name == "index_hsm_mapping.json":
            return Response(body=orjson.dumps(_HSM_NAMES))
        as_csv = name.endswith(".csv")
        stem = name.removesuffix(".csv") if as_csv else name.removesuffix("_sym_master.json")
        if stem == name or stem not in _FILES:
            return Response(status=404, content_type="text/plain", body=b"no such file")
        rows = [i for i in self._instruments if i.venue is _FILES[stem]]
        if as_csv:
            body = "".join(f"{','.join(_csv(i, today))}\n" for i in rows).encode()
            return Response(content_type="text/csv", body=body)
        return Response(body=orjson.dumps({ticker(i): _json(i, today) for i in rows}, default=float))


def _csv(instrument: Instrument, today: date) -> tuple[str, ...]:
    exchange, segment = CODES[instrument.venue]
    symbol, code, token = _underlying(instrument)
    return (
        fy_token(instrument),
        _details(instrument),
        str(type_code(instrument)),
        str(instrument.lot),
        str(float(instrument.tick)),
        instrument.isin,
        _SESSIONS[instrument.venue],
        today.isoformat(),
        expiry_epoch(instrument),
        ticker(instrument),
        str(exchange),
        str(segment),
        str(instrument.token),
        symbol,
        str(code),
        _strike(instrument),
        instrument.right or "XX",
        token,
        expiry_epoch(instrument) if instrument.venue is Venue.MCX else "None",
        "1" if instrument.financed else "0",
        "3.5" if instrument.financed else "0.0",
    )


def _json(instrument: Instrument, today: date) -> dict[str, object]:
    exchange, segment = CODES[instrument.venue]
    symbol, _, token = _underlying(instrument)
    return {
        "fyToken": fy_token(instrument),
        "isin": instrument.isin,
        "exSymbol": instrument.symbol,
        "symDetails": _details(instrument),
        "symbolDetails": _details(instrument),
        "symbolDesc": _details(instrument),
        "symTicker": ticker(instrument),
        "exchange": exchange,
        "segment": segment,
        "exchangeName": ticker(instrument).partition(":")[0],
        "exSymName": instrument.symbol,
        "exToken": instrument.token,
        "exSeries": instrument.series or "XX",
        "optType": instrument.right or "XX",
        "underSym": symbol,
        "underFyTok": token,
        "exInstType": type_code(instrument),
        "minLotSize": instrument.lot,
        "tickSize": instrument.tick,
        "tradingSession": _SESSIONS[instrument.venue],
        "lastUpdate": today.isoformat(),
        "expiryDate": expiry_epoch(instrument),
        "originalExpDate": expiry_epoch(instrument),
        "display_format_mob": f"{instrument.expiry:%d %b %Y}" if instrument.expiry else "",
        "strikePrice": float(_strike(instrument)),
        "qtyFreeze": str(instrument.freeze or ""),
        "qtyMultiplier": instrument.multiplier,
        "tradeStatus": 0 if instrument.kind is Kind.INDEX else 1,
        "currencyCode": "INR",
        "upperPrice": instrument.upper,
        "lowerPrice": instrument.lower,
        "faceValue": 0,
        "previousClose": instrument.close,
        "previousOi": 0,
        "asmGsmVal": "",
        "is_mtf_tradable": 1 if instrument.financed else 0,
        "mtf_margin": 3.5 if instrument.financed else 0.0,
        "stream": "CM" if instrument.expiry is None else "FO",
    }


def _details(instrument: Instrument) -> str:
    if instrument.kind is Kind.INDEX:
        return ticker(instrument).partition(":")[2]
    return instrument.name


def _strike(instrument: Instrument) -> str:
    return str(float(instrument.strike)) if instrument.strike is not None else "-1.0"


def _underlying(instrument: Instrument) -> tuple[str, int, str]:
    """Its symbol, exchange token and fyToken; what is written on nothing names itself."""
    if instrument.expiry is None:
        return instrument.symbol, instrument.token, fy_token(instrument)
    if instrument.underlying is None:
        return instrument.symbol, *_FOREIGN[instrument.symbol]
    return instrument.symbol, instrument.underlying.token, fy_token(instrument.underlying)
