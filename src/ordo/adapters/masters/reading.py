"""Reads the shapes that masters come in: an object of objects, and rows of columns; and the numbers in them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from ordo.adapters.masters.fetched import Fetched
from ordo.domain.calendar import trading_day
from ordo.domain.instruments import is_plain

_CHUNK: Final = 1 << 18
_LONGEST_ENTRY: Final = 1 << 16
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_WHOLE: Final = re.compile(r"([0-9]{1,12})(?:\.0*)?")
_MOST: Final = Decimal("999999999.9999")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH: Final = re.compile(r"[0-9]{9,10}")


def json_entries(fetched: Fetched) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The names and values of one object of objects, all numbers as the text they were written in.

    Raises `MasterRefused` when the text is anything else, or ends too early.
    """
    # A number that went through a float is no longer what the master says.
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    window = _Window(fetched)
    window.expect("{")
    if window.peek() == "}":
        window.expect("}")
        window.expect_end()
        return
    more = ","
    while more == ",":
        name = window.decode(decoder)
        window.expect(":")
        value = window.decode(decoder)
        if not isinstance(name, str) or not isinstance(value, dict):
            raise fetched.refused("it is not an object with one object for each symbol")
        yield name, value
        more = window.expect(",}")
    window.expect_end()


class _Window:
    """A stretch of the text that always reaches as far as the longest entry allowed, or to the end."""

    def __init__(self, fetched: Fetched) -> None:
        self._fetched = fetched
        self._text = fetched.text()
        self._seen = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """The next character that is not white space; nothing at the end."""
        while True:
            if len(self._seen) - self._at < _LONGEST_ENTRY and not self._ended:
                self._fill()
            next_one = self._seen[self._at : self._at + 1]
            if next_one > " ":
                return next_one
            found = _SPACE.match(self._seen, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._seen) or self._ended:
                return self._seen[self._at : self._at + 1]

    def expect(self, characters: str) -> str:
        found = self.peek()
        if not found:
            raise self._fetched.refused("it ends too early")
        if found not in characters:
            raise self._fetched.refused(f"it is damaged: {found!r} stands where one of {characters!r} should")
        self._at += 1
        return found

    def expect_end(self) -> None:
        if self.peek():
            raise self._fetched.refused("something follows after its end")

    def decode(self, decoder: json.JSONDecoder) -> object:
        self.peek()
        try:
            value, self._at = decoder.raw_decode(self._seen, self._at)
        except (json.JSONDecodeError, RecursionError):
            raise self._fetched.refused("it is damaged: an entry is not JSON, is too long or is cut off") from None
        return value

    def _fill(self) -> None:
        chunk = self._text.read(_CHUNK)
        self._ended = not chunk
        self._seen = self._seen[self._at :] + chunk
        self._at = 0


def csv_rows(fetched: Fetched, *, columns: int) -> Iterator[list[str]]:
    """Rows of exactly so many columns; raises `MasterRefused` for any other."""
    rows = csv.reader(fetched.text().lines(), strict=True)
    try:
        for row in rows:
            if len(row) != columns:
                raise fetched.refused(f"line {rows.line_num} has {len(row)} columns, not {columns}")
            yield row
    except csv.Error as error:
        raise fetched.refused(f"line {rows.line_num} is not CSV ({error})") from None


@lru_cache(maxsize=16_384)
def price(text: str) -> Decimal | None:
    """A price above 0 with at most 4 decimals, or `None`."""
    if not _NUMBER.fullmatch(text):
        return None
    value = Decimal(text)
    return value if is_plain(value, most=_MOST) else None


@lru_cache(maxsize=4_096)
def whole(text: str) -> int | None:
    """A whole number of 0 or more (`65` or `65.0`), or `None`."""
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found else None


@lru_cache(maxsize=4_096)
def day(text: str) -> date | None:
    """A date written YYYY-MM-DD, or `None`."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


@lru_cache(maxsize=4_096)
def epoch_day(text: str) -> date | None:
    """The Indian date of seconds since 1970, or `None`. The hour is that of a market's close, and moves with it."""
    return trading_day(datetime.fromtimestamp(int(text), UTC)) if _EPOCH.fullmatch(text) else None


def words(text: str) -> str:
    """A name for people: single spaces, nothing that can't be printed."""
    plain = " ".join(text.split())
    return plain if plain.isprintable() else "".join(letter for letter in plain if letter.isprintable())
