"""Whatever a column of a master is changed to, no instrument that may be traded has a wrong lot."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.adapters.masters.fyers_record import FyersRecord, from_csv, from_json
from ordo.adapters.masters.fyers_rows import Dropped, row_of
from ordo.adapters.masters.hdfc_rows import CashNames, HdfcRecord
from ordo.adapters.masters.hdfc_rows import Dropped as HdfcDropped
from ordo.adapters.masters.hdfc_rows import row_of as hdfc_row_of
from ordo.application.master_reading import MasterTerms
from ordo.application.masters import MasterJoin
from ordo.domain.instruments import Instrument, Venue
from ordo.domain.master_rows import MasterBatch, MasterRefused, MasterRow
from tests.support.masters import TODAY, Listed, fyers_csv, fyers_json, hdfc_row, market

LISTED: Final = market(500, strikes=2)
KEYS: Final = {one.key: one for one in LISTED}
LOTS: Final = defaultdict(set)
for _one in LISTED:
    LOTS[_one.venue, _one.root].add(_one.lot)
FILES: Final = {"NSE_INDEX": Venue.NSE, "BSE_INDEX": Venue.BSE}
VENUES: Final = frozenset(Venue(one.venue) for one in LISTED) - {Venue.CDS, Venue.MCX}
JSON: Final = [from_json({k: v if v is None else str(v) for k, v in fyers_json(one).items()}) for one in LISTED]
CSV: Final = [from_csv(fyers_csv(one)) for one in LISTED]
HDFC: Final = [HdfcRecord(*hdfc_row(one)) for one in LISTED]

numbers = st.one_of(
    st.integers(-2, 5_000).map(str),
    st.floats(allow_nan=True).map(str),
    st.sampled_from(
        ["", "0", "1", "10", "66", "75", "130", "1000", "100000", "65.0", "065", "6_5", "٦٥", "1e2", "-1.0"]
    ),
)
texts = st.one_of(
    st.text(max_size=12), st.sampled_from(["NIFTY", "BANKNIFTY", "SBIN", "FUT", "CE", "XX", "None", "EQ", "SM"])
)


@st.composite
def mutations(draw: st.DrawFn, columns: int, rows: int) -> tuple[int, dict[int, str | int]]:
    """One row, and what some of its columns are changed to: anything, or what another row says there."""
    row = draw(st.integers(0, rows - 1))
    changed = draw(st.lists(st.integers(0, columns - 1), min_size=1, max_size=3, unique=True))
    return row, {column: draw(st.one_of(numbers, texts, st.integers(0, rows - 1))) for column in changed}


def loaded(**sources: list[MasterRow]) -> dict[str, Instrument]:
    join = MasterJoin(MasterTerms(today=TODAY))
    for name, rows in sources.items():
        join.expect(name, VENUES)
        join.read(name, MasterBatch(rows=tuple(rows)))
    return {str(one.key): one for one in join.instruments()}


def fyers_rows(records: list[FyersRecord]) -> list[MasterRow]:
    rows = []
    for one, record in zip(LISTED, records, strict=True):
        try:
            rows.append(row_of(record, FILES.get(one.venue) or Venue(one.venue)))
        except Dropped:
            continue
    return rows


def hdfc_rows(records: list[HdfcRecord]) -> list[MasterRow]:
    names, rows = CashNames(records), []
    for record in records:
        try:
            rows.append(hdfc_row_of(record, names, TODAY))
        except HdfcDropped:
            continue
    return rows


FYERS_ROWS: Final = fyers_rows(JSON)


def check(found: dict[str, Instrument]) -> None:
    for text, instrument in found.items():
        if instrument.tradable:
            one: Listed | None = KEYS.get(text) or KEYS.get(f"{text}:BE")
            if one is not None:
                assert instrument.lot_size == one.lot, instrument
            else:  # a contract that nobody lists: what it is written on still says its lot
                assert instrument.lot_size in LOTS.get((instrument.key.venue, instrument.key.root), {1}), instrument


@pytest.mark.parametrize("records", [JSON, CSV], ids=["json", "csv"])
def test_fyers_is_read_rightly_before_anything_is_changed(records: list[FyersRecord]) -> None:
    found = loaded(fyers=fyers_rows(records))
    check(found)
    assert set(found) == set(KEYS)
    assert sum(one.tradable for one in found.values()) > len(found) * 0.8


@settings(max_examples=100, deadline=None)
@given(mutations(len(FyersRecord._fields), len(LISTED)))
def test_a_fuzzed_row_of_the_fyers_json_is_never_traded_with_a_wrong_lot(
    mutation: tuple[int, dict[int, str | int]],
) -> None:
    check_fyers(JSON, *mutation)


@settings(max_examples=60, deadline=None)
@given(mutations(17, len(LISTED)))
def test_a_fuzzed_row_of_the_fyers_csv_is_never_traded_with_a_wrong_lot(
    mutation: tuple[int, dict[int, str | int]],
) -> None:
    check_fyers(CSV, *mutation)


@settings(max_examples=60, deadline=None)
@given(mutations(13, len(LISTED)))
def test_a_fuzzed_row_of_hdfc_is_never_traded_with_a_wrong_lot(mutation: tuple[int, dict[int, str | int]]) -> None:
    row, changed = mutation
    records = [list(hdfc_row(one)) for one in LISTED]
    for column, value in changed.items():
        records[row][column] = value if isinstance(value, str) else records[value][column]
    rows = hdfc_rows([HdfcRecord(*record) for record in records])
    for sources in ({"hdfc": rows}, {"fyers": FYERS_ROWS, "hdfc": rows}):
        try:
            check(loaded(**sources))
        except MasterRefused:
            continue


def check_fyers(records: list[FyersRecord], row: int, changed: dict[int, str | int]) -> None:
    mutated = list(records[row])
    for column, value in changed.items():
        mutated[column] = value if isinstance(value, str) else records[value][column]
    rows = fyers_rows([*records[:row], FyersRecord(*mutated), *records[row + 1 :]])  # type: ignore[arg-type]
    try:
        check(loaded(fyers=rows))
    except MasterRefused:
        return
