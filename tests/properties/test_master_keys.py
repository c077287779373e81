"""On a full-size day, every row of every broker has one canonical key, and every reference leads to one row."""

from __future__ import annotations

import os
import tracemalloc
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from ordo.adapters.masters.fyers import FyersMaster
from ordo.adapters.masters.hdfc import HdfcMaster
from ordo.domain.instruments import InstrumentKey
from ordo.ports.masters import MasterSource
from tests.support.clock import VirtualClock
from tests.support.masters import TODAY, Listed, fyers_csv, joined, market, write_fyers, write_hdfc

MORNING = 1_795_405_500  # 23 November 2026, 09:15 in India
FULL = 120_000
A_PART = 20_000
TENTH = int(os.environ.get("ORDO_TEST_MASTER_ROWS", "50000")) // 10
CSV_FILES = ("NSE_CM", "NSE_FO", "NSE_CD", "BSE_CM", "BSE_FO", "MCX_COM")


@pytest.fixture(scope="module")
def listed() -> list[Listed]:
    return market(FULL)


@pytest.fixture(scope="module", params=["json", "csv", "hdfc"])
def master(
    request: pytest.FixtureRequest, listed: list[Listed], tmp_path_factory: pytest.TempPathFactory
) -> tuple[MasterSource, list[Listed]]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "hdfc":
        place = write_hdfc(listed, folder / "hdfc.csv")
        os.utime(place, (MORNING, MORNING))
        return HdfcMaster(place, VirtualClock()), listed
    # A row of either form goes the same way, so one of them is tried in full.
    part = listed if request.param == "json" else market(A_PART)
    place = write_fyers(part, folder, kind=request.param)
    return FyersMaster(place) if request.param == "json" else FyersMaster(place, segments=CSV_FILES), part


async def test_every_row_of_a_full_size_master_is_found_by_its_key_and_by_its_reference(
    master: tuple[MasterSource, list[Listed]],
) -> None:
    source, listed = master
    truth = {one.key: one for one in listed}
    references: set[str] = set()
    tokens: set[tuple[str, str]] = set()

    found, join = await joined(source)

    for text, instrument in found.items():
        key = instrument.key
        # Not through `parse` alone: it remembers, and a memory agrees with itself.
        assert InstrumentKey.parse(text) == key
        assert str(InstrumentKey.parse(text)) == text == str(key)
        references.add(instrument.references[source.name])
        tokens.add((key.venue, instrument.exchange_token))
        one = truth.get(text)
        if one is None:  # HDFC alone can't tell a series other than EQ
            assert source.name == "hdfc"
            one = truth[f"{text}:BE"]
        assert (instrument.exchange_token, instrument.tick_size) == (str(one.token), one.tick)
        assert not instrument.tradable or instrument.lot_size == one.lot
    assert len(references) == len(tokens) == len(found)
    left_out = sum(join.findings()[source.name].dropped.values())
    assert len(found) + left_out == len(listed)
    assert left_out == (sum(one.type_code == 2 for one in listed) if source.name == "hdfc" else 0)


async def test_reading_a_long_master_takes_no_more_memory_than_reading_a_tenth(tmp_path: Path) -> None:
    few, many = [await _peak(tmp_path / str(rows), rows) for rows in (TENTH, 10 * TENTH)]

    assert many < few + 2_000_000 < 20_000_000


async def _peak(folder: Path, rows: int) -> int:
    one = Listed(
        key="", venue="NFO", root="NIFTY", token=1, lot=65, tick=market(0)[0].tick, type_code=11,
        expiry=date(2026, 12, 29),
    )  # fmt: skip
    line = ",".join(fyers_csv(one, TODAY)) + "\n"
    _write(folder, line, rows)
    source = FyersMaster(str(folder), segments=("NSE_FO",))
    count = 0
    tracemalloc.start()
    try:
        async for batch in source.rows():
            count += len(batch.rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == rows
    return peak


def _write(folder: Path, line: str, rows: int) -> None:
    folder.mkdir()
    head, tail = line.split(",1,NIFTY,1,")
    with (folder / "NSE_FO.csv").open("w") as file:
        for number in range(rows):
            file.write(f"{head},{number},NIFTY,1,{tail}")


def test_the_market_is_the_same_each_time_and_has_no_two_of_a_key(listed: list[Listed]) -> None:
    assert market(3_000) == market(3_000) != market(3_000, seed=1)
    keys = sorted(one.key for one in listed)
    assert all(one != other for one, other in pairwise(keys))
    assert len(keys) >= FULL
