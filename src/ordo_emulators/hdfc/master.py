"""The security master: a public CSV of every instrument, with its header."""

from decimal import Decimal
from typing import Final

from ordo_emulators.hdfc.codes import Codes, Listed
from ordo_emulators.hdfc.oddities import UNTRADABLE, is_nameless
from ordo_emulators.instruments import Instrument, Kind, Venue
from ordo_emulators.server import Response

_HEADER: Final = (
    "exchange,security_id,instrument_segment,expiry_date,strike_price,option_type,lot_size,tick_size,close_price,"
    "exch_security_id,symbol_name,underline_symbol,open_price"
)
_HEADERS: Final = {"Content-Disposition": "attachment; filename=ir-security-master.csv"}
_NO_STRIKE: Final = {Venue.CDS: "-.0000001", Venue.MCX: "0"}
_BOM: Final = b"\xef\xbb\xbf"


class Master:
    """Made when it is first asked for."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._made: bytes | None = None

    def file(self, *, bom: bool) -> Response:
        if self._made is None:
            rows = (",".join(_row(listed)) for listed in self._codes)
            self._made = "\n".join((_HEADER, *rows, *UNTRADABLE, "")).encode()
        body = _BOM + self._made if bom else self._made
        return Response(body=body, content_type="text/csv", headers=_HEADERS)


def _row(listed: Listed) -> tuple[str, ...]:
    instrument = listed.instrument
    return (
        listed.exchange,
        listed.security_id,
        listed.segment,
        instrument.expiry.isoformat() if instrument.expiry else "",
        _strike(instrument),
        _option_type(instrument),
        str(instrument.lot or 1),
        _tick(instrument.tick),
        _plain(instrument.close),
        str(instrument.token),
        "" if is_nameless(instrument) else instrument.symbol,
        listed.underlying,
        _plain(instrument.opening),
    )


def _strike(instrument: Instrument) -> str:
    if instrument.strike is not None:
        return _plain(instrument.strike)
    return _NO_STRIKE.get(instrument.venue, "-.01") if instrument.kind is Kind.FUTURE else ""


def _option_type(instrument: Instrument) -> str:
    return instrument.right or ("XX" if instrument.kind is Kind.FUTURE else "")


def _tick(tick: Decimal) -> str:
    """A whole number is paise, a number with a point rupees."""
    paise = tick * 100
    return _plain(paise) if paise == paise.to_integral_value() else _plain(tick)


def _plain(number: Decimal) -> str:
    """Without trailing zeros, nor one before the point: `3400`, `.0025`."""
    return f"{number.normalize():f}".removeprefix("0") or "0"
