"""What comes instead of a master is refused in plain words; what comes packed, marked or redirected at home is read."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ordo.adapters.masters.fetched import FetchLimits
from ordo.adapters.masters.fyers import FyersMaster
from ordo.adapters.masters.hdfc import HdfcMaster
from ordo.domain.errors import Unavailable
from ordo.domain.instruments import Venue
from ordo.domain.master_rows import MasterBatch, MasterRefused, MasterRow
from ordo.ports.masters import MasterSource
from tests.support.clock import VirtualClock
from tests.support.files import Sent, file_server
from tests.support.masters import TODAY, fyers_json, market, ticker, write_fyers, write_hdfc

JSON = "NSE_CM_sym_master.json"
CSV = "NSE_CM.csv"
ONLY_SHARES = ("NSE_CM",)
LISTED = [one for one in market(0, strikes=2) if one.venue in ("NSE", "NSE_INDEX")]


async def read(source: MasterSource) -> tuple[list[MasterRow], list[MasterBatch]]:
    batches = [batch async for batch in source.rows()]
    return [row for batch in batches for row in batch.rows], batches


async def refusal(source: MasterSource) -> str:
    with pytest.raises(MasterRefused) as refused:
        await read(source)
    assert refused.value.source == source.name
    assert str(refused.value).endswith("The instruments that were loaded before stay.")
    return refused.value.reason


def fyers(folder: Path, **limits: int) -> FyersMaster:
    return FyersMaster(str(folder), segments=ONLY_SHARES, limits=FetchLimits(**limits))


@pytest.fixture
def as_json(tmp_path: Path) -> Path:
    write_fyers(LISTED, tmp_path)
    return tmp_path


@pytest.fixture
def as_csv(tmp_path: Path) -> Path:
    write_fyers(LISTED, tmp_path, kind="csv")
    return tmp_path


@pytest.fixture
def hdfc_file(tmp_path: Path) -> Path:
    return Path(write_hdfc(LISTED, tmp_path / "hdfc.csv"))


async def test_json_and_csv_say_the_same_of_shares(tmp_path: Path) -> None:
    write_fyers(LISTED, tmp_path / "json")
    write_fyers(LISTED, tmp_path / "csv", kind="csv")

    of_json, _ = await read(fyers(tmp_path / "json"))
    of_csv, batches = await read(fyers(tmp_path / "csv"))

    assert of_json == of_csv
    assert {str(row.key()) for row in of_json} == {one.key for one in LISTED}
    assert next(note for batch in batches for note in batch.notes).startswith("NSE_CM was read from the CSV")


def test_a_master_promises_the_venues_of_its_files() -> None:
    assert FyersMaster("/", segments=ONLY_SHARES).venues == {Venue.NSE, Venue.NSE_INDEX}
    assert Venue.BFO in FyersMaster("/").venues


def altered(file: Path, how: Callable[[bytes], bytes]) -> bytes:
    text = how(file.read_bytes())
    file.write_bytes(text)
    return text


HTML = b"<!doctype html><title>Sorry</title>"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda _: HTML, "it is HTML or XML, not a master"),
        (lambda _: b"", "it is empty"),
        (lambda _: b" \r\n", "it is empty"),
        (lambda text: text.decode().encode("utf-16"), "it is UTF-16, not UTF-8"),
        (lambda text: text + b"\xff\n", "it is not UTF-8 text"),
        (lambda text: text[:-30], "line 7 has 14 columns, not 21"),
        (lambda text: text.replace(b",10,10,3045", b",10,10,,3045"), "line 4 has 22 columns, not 21"),
        (lambda text: text.replace(b",10,10,3045", b",1010,3045"), "line 4 has 20 columns, not 21"),
        (lambda text: text + b'"unclosed', "is not CSV"),
        (lambda text: text + b"x" * 70_000, "a line is longer than 65536 characters"),
        (lambda text: gzip.compress(text)[:-20], "the packed file ends too early"),
        (lambda text: gzip.compress(text)[:40] + b"\x00" * 99, "it can't be read"),
    ],
)  # fmt: skip
async def test_a_damaged_csv_is_refused(as_csv: Path, damage: Callable[[bytes], bytes], reason: str) -> None:
    file = as_csv / CSV
    file.write_bytes(damage(file.read_bytes()))

    assert reason in await refusal(fyers(as_csv))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda text: text[:-30], "it ends too early, or is no JSON"),
        (lambda text: text[:-30] + b"}", "it is damaged"),
        (lambda text: text + b"{}", "something follows after its end"),
        (lambda _: b"[" * 70_000 + b"}", "it is damaged"),
        (lambda _: b'{"a": ' + b"[" * 70_000 + b"}", "it is damaged"),
        (lambda _: b'{"NSE:SBIN-EQ": 5}', "it is not an object with one object for each symbol"),
        (lambda _: b'{"NSE:SBIN-EQ": {}}', "NSE:SBIN-EQ lacks fyToken, symDetails"),
        (lambda text: text.replace(b'"tickSize"', b'"tick"'), "lacks tickSize"),
        (lambda text: text.replace(b'"NSE:SBIN-EQ": {', b'"NSE:SBI-EQ": {'), "calls itself NSE:SBIN-EQ"),
        (lambda text: gzip.compress(text[:-30]), "or is cut off"),
    ],
)  # fmt: skip
async def test_a_damaged_json_is_refused(as_json: Path, damage: Callable[[bytes], bytes], reason: str) -> None:
    file = as_json / JSON
    file.write_bytes(damage(file.read_bytes()))

    assert reason in await refusal(fyers(as_json))


async def test_more_keys_than_are_known_may_come(as_json: Path) -> None:
    entries = {ticker(one): fyers_json(one) | {"new": [1.5, {"deep": None}]} for one in LISTED}
    (as_json / JSON).write_text(json.dumps(entries, indent=2))

    rows, _ = await read(fyers(as_json))

    assert len(rows) == len(LISTED)


async def test_an_empty_object_lists_nothing(as_json: Path) -> None:
    (as_json / JSON).write_text("{ }\n")

    assert await read(fyers(as_json)) == ([], [])


@pytest.mark.parametrize("packing", [lambda text: b"\xef\xbb\xbf" + text, gzip.compress])
async def test_a_byte_order_mark_and_packing_change_nothing(
    as_csv: Path, hdfc_file: Path, packing: Callable[[bytes], bytes]
) -> None:
    plain, _ = await read(fyers(as_csv))
    plain_hdfc, _ = await read(HdfcMaster(str(hdfc_file), VirtualClock()))
    for file in (as_csv / CSV, hdfc_file):
        file.write_bytes(packing(file.read_bytes()))

    assert (await read(fyers(as_csv)))[0] == plain
    assert [r.reference for r in (await read(HdfcMaster(str(hdfc_file), VirtualClock())))[0]] == [
        row.reference for row in plain_hdfc
    ]


async def test_a_damaged_json_gives_way_to_the_csv(as_csv: Path) -> None:
    (as_csv / JSON).write_bytes(HTML)

    rows, batches = await read(fyers(as_csv))

    assert len(rows) == len(LISTED)
    assert "it ends too early, or is no JSON" in batches[0].notes[0]


async def test_nothing_there_is_no_refusal_but_a_master_that_did_not_come(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="there is no such file") as absent:
        await read(fyers(tmp_path))
    assert not isinstance(absent.value, MasterRefused)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_a_file_that_is_too_large_is_refused(as_csv: Path, pack: Callable[[bytes], bytes]) -> None:
    file = as_csv / CSV
    file.write_bytes(pack(file.read_bytes() * 200))

    assert "it is larger than 9999 bytes" in await refusal(fyers(as_csv, size=9_999))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("tick_size,", "", "line 1 has 12 columns, not 13"),
        ("open_price", "open_price,isin", "line 1 has 14 columns, not 13"),
        ("lot_size,tick_size", "tick_size,lot_size", "its columns are not exchange, security_id"),
    ],
)
async def test_other_columns_of_hdfc_are_refused(hdfc_file: Path, old: str, new: str, reason: str) -> None:
    altered(hdfc_file, lambda text: text.replace(old.encode(), new.encode(), 1))

    assert reason in await refusal(HdfcMaster(str(hdfc_file), VirtualClock()))


async def test_the_day_of_hdfc_is_that_of_its_file(hdfc_file: Path) -> None:
    os.utime(hdfc_file, (1_795_370_000, 1_795_370_000))  # 22 November 2026, 23:23 in India

    rows, _ = await read(HdfcMaster(str(hdfc_file), VirtualClock()))

    assert {row.as_of for row in rows} == {date(2026, 11, 22)}


async def test_the_day_of_hdfc_over_http_is_told_or_noted(hdfc_file: Path) -> None:
    told = {"last-modified": "Sun, 22 Nov 2026 20:30:00 GMT"}
    body = altered(hdfc_file, bytes)
    async with file_server({"/told": Sent(body=body, headers=told), "/untold": Sent(body=body)}) as origin:
        of_told, _ = await read(HdfcMaster(f"{origin}/told", VirtualClock()))
        of_untold, batches = await read(HdfcMaster(f"{origin}/untold", VirtualClock()))

    assert {row.as_of for row in of_told} == {row.as_of for row in of_untold} == {TODAY}
    assert batches[0].notes == ("it does not say which day it is of: taken for the day it was read",)


async def test_files_come_over_http_and_through_a_redirect_at_home(as_json: Path) -> None:
    body = (as_json / JSON).read_bytes()
    moved = Sent(status=302, headers={"location": "/elsewhere"})
    packed = Sent(body=gzip.compress(body), headers={"content-encoding": "gzip"})
    async with file_server({f"/d/{JSON}": moved, "/elsewhere": packed}) as origin:
        rows, _ = await read(FyersMaster(f"{origin}/d/", segments=ONLY_SHARES))

    assert rows == (await read(fyers(as_json)))[0]


async def test_a_redirect_to_another_host_is_refused() -> None:
    away = Sent(status=301, headers={"location": "http://example.invalid/x"})
    async with file_server({f"/{JSON}": away, f"/{CSV}": away}) as origin:
        assert "it redirects to another place, example.invalid" in await refusal(
            FyersMaster(origin, segments=ONLY_SHARES)
        )


async def test_redirects_without_end_are_refused() -> None:
    async with file_server({"/hdfc": Sent(status=302, headers={"location": "/hdfc"})}) as origin:
        assert "it redirects more than 3 times" in await refusal(HdfcMaster(f"{origin}/hdfc", VirtualClock()))


async def test_an_endless_body_is_refused() -> None:
    bomb = Sent(body=gzip.compress(b"x" * 5_000_000), headers={"content-encoding": "gzip"})
    async with file_server({"/hdfc": bomb}) as origin:
        source = HdfcMaster(f"{origin}/hdfc", VirtualClock(), limits=FetchLimits(size=1_000_000))
        assert "it is larger than 1000000 bytes" in await refusal(source)


@pytest.mark.parametrize("sent", [Sent(status=503), Sent(body=b"half", length=99)])
async def test_an_answer_that_fails_or_breaks_off_did_not_come_and_shows_no_secret(sent: Sent) -> None:
    async with file_server({"/hdfc?token=hush": sent}) as origin:
        place = origin.replace("http://", "http://me:hush@") + "/hdfc?token=hush"
        with pytest.raises(Unavailable) as failed:
            await read(HdfcMaster(place, VirtualClock()))
    assert not isinstance(failed.value, MasterRefused)
    assert "hush" not in str(failed.value)
    assert "did not come" in str(failed.value)
