"""One instrument as one line of bytes: a quarter of the memory of an object, and in the order of its key.

Stores keep these lines as they are. Whoever changes the layout must also empty the tables that hold the old one.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import Instrument, InstrumentKey, Kind, QuantityUnit

FIELD: Final = "\x1f"
END: Final = FIELD.encode()
"""What ends the key of a line. It sorts before everything that a key may hold."""

_PAIR: Final = "\x1e"
_FIELDS: Final = 18
_KNOWN: Final = {None: "", False: "0", True: "1"}
_READ: Final = {text: known for known, text in _KNOWN.items()}


def pack(instrument: Instrument) -> bytes:
    """The line of an instrument; an empty ISIN or series counts as none.

    Raises `Invalid` (`INVALID_INSTRUMENT`) for text that a line can't carry: control characters U+001E and U+001F, lone
    surrogates, and `=` in the name of a fact or a broker.
    """
    fields = (
        str(instrument.key),
        instrument.kind.value,
        instrument.name,
        instrument.exchange_token,
        str(instrument.lot_size),
        str(instrument.tick_size),
        instrument.as_of.isoformat(),
        _maybe(instrument.freeze_quantity),
        _maybe(instrument.band_low),
        _maybe(instrument.band_high),
        str(instrument.multiplier),
        instrument.isin or "",
        instrument.series or "",
        _KNOWN[instrument.tradable],
        instrument.quantity_unit.value,
        _KNOWN[instrument.mtf] + "," + _KNOWN[instrument.cas_eligible],
        _joined(instrument.facts),
        _joined(instrument.references),
    )
    line = FIELD.join(fields)
    pairs = max(len(instrument.facts) - 1, 0) + max(len(instrument.references) - 1, 0)
    if line.count(FIELD) != _FIELDS - 1 or line.count(_PAIR) != pairs:
        raise _unfit(instrument, "holds a control character")
    if any("=" in name for names in (instrument.facts, instrument.references) for name in names):
        raise _unfit(instrument, "names a broker or a fact with = in it")
    try:
        return line.encode()
    except UnicodeEncodeError:
        raise _unfit(instrument, "holds text that is not valid Unicode") from None


def unpack(line: bytes) -> Instrument:
    """The instrument of a line that `pack` made; raises `ValueError` for any other."""
    try:
        return _unpacked(line)
    except (ArithmeticError, KeyError) as error:
        raise ValueError(f"a stored instrument is damaged ({type(error).__name__})") from None


def _unpacked(line: bytes) -> Instrument:
    (
        key, kind, name, token, lot, tick, as_of, freeze, low, high, multiplier, isin, series, tradable, unit, known,
        facts, references,
    ) = line.decode().split(FIELD)  # fmt: skip
    mtf, cas_eligible = known.split(",")
    return Instrument(
        key=InstrumentKey.parse(key),
        kind=Kind(kind),
        name=name,
        exchange_token=token,
        lot_size=int(lot),
        tick_size=Decimal(tick),
        as_of=date.fromisoformat(as_of),
        freeze_quantity=int(freeze) if freeze else None,
        band_low=Decimal(low) if low else None,
        band_high=Decimal(high) if high else None,
        multiplier=Decimal(multiplier),
        isin=isin or None,
        series=series or None,
        tradable=tradable == _KNOWN[True],
        quantity_unit=QuantityUnit(unit),
        mtf=_READ[mtf],
        cas_eligible=_READ[cas_eligible],
        facts=dict(_split(facts)),
        references=dict(_split(references)),
    )


def is_line(line: bytes) -> bool:
    """Whether it has the parts of an instrument's line; what they hold is seen when it is unpacked."""
    return line.count(END) == _FIELDS - 1


def key_of(line: bytes) -> str:
    """The text of the key of a line."""
    return line.partition(END)[0].decode()


def names_of(line: bytes) -> tuple[str, str, str, list[str]]:
    """What a line is found by: its key, name, exchange token, and each broker's reference as `broker=reference`."""
    key, _, name, token, *_, references = line.decode().split(FIELD)
    return key, name, token, references.split(_PAIR) if references else []


def _maybe(value: int | Decimal | None) -> str:
    return "" if value is None else str(value)


def _joined(pairs: dict[str, str]) -> str:
    return _PAIR.join([f"{name}={value}" for name, value in pairs.items()]) if pairs else ""


def _split(text: str) -> list[tuple[str, str]]:
    if not text:
        return []
    return [(name, value) for name, _, value in (pair.partition("=") for pair in text.split(_PAIR))]


def _unfit(instrument: Instrument, reason: str) -> Invalid:
    message = f"{reason}, so it can't be kept; the master that it came from is damaged"
    return Invalid.field("instrument", message, seen=instrument.key, code=ErrorCode.INVALID_INSTRUMENT)
