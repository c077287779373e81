"""A load joins what brokers say, bars what they dispute, and refuses a master that can't be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ordo.adapters.masters.fyers_record import from_json
from ordo.adapters.masters.fyers_rows import row_of
from ordo.adapters.masters.hdfc_rows import CashNames, HdfcRecord
from ordo.adapters.masters.hdfc_rows import row_of as hdfc_row_of
from ordo.application.master_reading import MasterTerms
from ordo.application.masters import MasterJoin
from ordo.domain.instruments import Instrument, QuantityUnit, Venue
from ordo.domain.master_rows import MasterBatch, MasterRefused, MasterRow
from tests.support.masters import TODAY, fyers_json, hdfc_row, market

LISTED = market(1_500, strikes=3)
VENUES = frozenset(Venue(one.venue) for one in LISTED)
TERMS = MasterTerms(today=TODAY)
SHARE, FUTURE, DOLLAR = "NSE:SBIN", "NFO:NIFTY:20261229:FUT", "CDS:USDINR:20261229:FUT"


def of_fyers() -> dict[str, MasterRow]:
    venues = {"NSE_INDEX": Venue.NSE, "BSE_INDEX": Venue.BSE}
    return {
        one.key: row_of(from_json(text(fyers_json(one))), venues.get(one.venue) or Venue(one.venue)) for one in LISTED
    }


def text(entry: dict[str, object]) -> dict[str, object]:
    return {name: value if value is None else str(value) for name, value in entry.items()}


def of_hdfc() -> dict[str, MasterRow]:
    records = [HdfcRecord(*hdfc_row(one)) for one in LISTED]
    names = CashNames(records)
    return {one.key: hdfc_row_of(record, names, TODAY) for one, record in zip(LISTED, records, strict=True)}


def load(terms: MasterTerms = TERMS, **sources: Iterable[MasterRow]) -> tuple[dict[str, Instrument], MasterJoin]:
    join = MasterJoin(terms)
    for name, rows in sources.items():
        join.expect(name, VENUES - {Venue.CDS, Venue.MCX})
        join.read(name, MasterBatch(rows=tuple(rows)))
    return {str(one.key): one for one in join.instruments()}, join


def refused(terms: MasterTerms = TERMS, **sources: Iterable[MasterRow]) -> str:
    with pytest.raises(MasterRefused) as refusal:
        load(terms, **sources)
    return refusal.value.reason


def test_two_masters_become_one_set() -> None:
    found, join = load(fyers=of_fyers().values(), hdfc=of_hdfc().values())

    assert set(found) == {one.key for one in LISTED}
    assert all(len(one.references) == 2 for one in found.values())
    assert join.disputed == 0
    future = found[FUTURE]
    assert (future.lot_size, future.tick_size, future.freeze_quantity) == (65, Decimal("0.1"), 2600)
    assert future.references == {"fyers": "NSE:NIFTY26DECFUT", "hdfc": f"NSE:FUTIDX:{future.exchange_token}"}
    assert future.facts == {
        "fyers.token": f"101126122 9{future.exchange_token}".replace(" ", ""),
        "hdfc.segment": "FUTIDX",
        "hdfc.underlying": "NIFTYEQEQNR",
    }
    assert (found[DOLLAR].lot_size, found[DOLLAR].quantity_unit, found[DOLLAR].tradable) == (
        1000, QuantityUnit.LOTS, True,
    )  # fmt: skip


def test_either_master_alone_says_the_same_of_what_it_can() -> None:
    both, _ = load(fyers=of_fyers().values(), hdfc=of_hdfc().values())
    alone, _ = load(hdfc=of_hdfc().values())

    for key, one in alone.items():
        if one.tradable and key in both:
            assert (one.lot_size, one.tick_size) == (both[key].lot_size, both[key].tick_size)
    assert not alone[DOLLAR].tradable
    assert alone[FUTURE].tradable
    assert alone[SHARE].tradable


@pytest.mark.parametrize(
    ("key", "change", "dispute"),
    [
        (FUTURE, {"lot": 75}, f"{FUTURE}: fyers says lot 65, hdfc says 75"),
        (FUTURE, {"tick": Decimal("0.05")}, f"{FUTURE}: fyers says tick 0.1, hdfc says 0.05"),
        (FUTURE, {"expiry": date(2026, 12, 28)}, f"{FUTURE}: fyers says expiry 2026-12-29, hdfc says 2026-12-28"),
        (FUTURE, {"root": "NIFTYNXT50"}, f"{FUTURE}: fyers says root NIFTY, hdfc says NIFTYNXT50"),
        (SHARE, {"tick": Decimal("0.1")}, f"{SHARE}: fyers says tick 0.05, hdfc says 0.1"),
    ],
)  # fmt: skip
def test_what_brokers_tell_differently_is_not_traded(key: str, change: dict[str, object], dispute: str) -> None:
    theirs = of_hdfc()
    theirs[key] = replace(theirs[key], **change)  # type: ignore[arg-type]

    found, join = load(fyers=of_fyers().values(), hdfc=theirs.values())

    assert not found[key].tradable
    assert join.disputes() == (dispute,)
    assert sum(not one.tradable for one in found.values() if one.key.venue.is_derivative) <= 1


def test_a_lot_that_only_one_row_tells_is_not_traded() -> None:
    rows = of_fyers()
    rows[FUTURE] = replace(rows[FUTURE], lot=75)

    found, join = load(fyers=rows.values())

    assert not found[FUTURE].tradable
    assert join.findings()["fyers"].doubted["its lot is told by nothing but this row"] == 1


def test_a_share_with_a_lot_needs_a_witness_too() -> None:
    rows = of_fyers()
    rows[SHARE] = replace(rows[SHARE], lot=10)

    found, _ = load(fyers=rows.values())

    assert not found[SHARE].tradable


def test_a_symbol_that_makes_no_key_is_left_out() -> None:
    rows = of_fyers()
    rows[SHARE] = replace(rows[SHARE], root="SB IN")

    found, join = load(fyers=rows.values())

    assert SHARE not in found
    assert join.findings()["fyers"].dropped["its symbol makes no key"] == 1


def test_all_disputes_count_and_the_first_are_told() -> None:
    theirs = {key: row if row.lot is None else replace(row, lot=row.lot + 1) for key, row in of_hdfc().items()}

    _, join = load(fyers=of_fyers().values(), hdfc=theirs.values())

    assert join.disputed > len(join.disputes()) == 50


def test_a_revised_lot_of_a_far_month_is_traded() -> None:
    revised = [
        one for one in LISTED if one.venue == "NFO" and one.expiry == date(2027, 2, 23) and one.lot in (150, 1100)
    ]
    assert revised
    found, _ = load(fyers=of_fyers().values())

    assert all(found[one.key].tradable and found[one.key].lot_size == one.lot for one in revised)


@pytest.mark.parametrize(
    ("expiry", "doubt"),
    [
        (TODAY - timedelta(days=1), "it has expired"),
        (TODAY + timedelta(days=366 * 6 + 1), "its expiry is more than 6 years ahead"),
    ],
)
def test_an_expiry_out_of_all_reason_is_not_traded(expiry: date, doubt: str) -> None:
    rows = of_fyers()
    rows[FUTURE] = replace(rows[FUTURE], expiry=expiry)

    found, join = load(fyers=rows.values())

    assert not found[f"NFO:NIFTY:{expiry:%Y%m%d}:FUT"].tradable
    assert join.findings()["fyers"].doubted[doubt] == 1


def test_a_contract_of_today_is_still_traded() -> None:
    found, _ = load(MasterTerms(today=date(2026, 11, 24), oldest=TODAY), fyers=of_fyers().values())

    assert found["NFO:NIFTY:20261124:150:CE"].tradable


def test_a_security_without_a_name_needs_another_master() -> None:
    bond = next(one for one in LISTED if one.type_code == 2)

    together, _ = load(fyers=of_fyers().values(), hdfc=of_hdfc().values())
    alone, join = load(hdfc=of_hdfc().values())

    assert together[bond.key].references["hdfc"] == f"NSE:EQUITY:{bond.hdfc_id}"
    assert bond.key not in alone
    assert join.findings()["hdfc"].dropped["it has no name of its own, and no other master lists its token"] > 0


def test_a_name_that_a_more_trusted_master_gives_to_another_security_is_not_taken() -> None:
    theirs = of_hdfc()
    theirs[SHARE] = replace(theirs[SHARE], token="999999")

    found, join = load(fyers=of_fyers().values(), hdfc=theirs.values())

    assert found[SHARE].exchange_token == "3045"
    assert "hdfc" not in found[SHARE].references
    assert join.findings()["hdfc"].dropped == {"another master calls another security so": 1}


def test_a_bond_that_is_called_like_a_share_does_not_refuse_the_rest() -> None:
    rows = of_fyers()
    bond = replace(rows[SHARE], token="999999", reference="NSE:SBIN-N1", doubt="it is neither a share nor a fund")

    found, join = load(fyers=[*rows.values(), bond])

    assert found[SHARE].exchange_token == "3045"
    assert join.findings()["fyers"].dropped == {"it can't be traded, and another row is called so": 1}


def test_the_oldest_day_counts() -> None:
    theirs = [replace(row, as_of=TODAY - timedelta(days=1)) for row in of_hdfc().values()]
    terms = MasterTerms(today=TODAY, oldest=TODAY - timedelta(days=1))

    found, join = load(terms, fyers=of_fyers().values(), hdfc=theirs)

    assert found[SHARE].as_of == TODAY - timedelta(days=1)
    assert join.findings()["fyers"].as_of == TODAY


def changed(key: str, **change: object) -> Callable[[dict[str, MasterRow]], list[MasterRow]]:
    return lambda rows: [replace(row, **change) if name == key else row for name, row in rows.items()]  # type: ignore[arg-type]


def doubled(**change: object) -> Callable[[dict[str, MasterRow]], list[MasterRow]]:
    return lambda rows: [*rows.values(), replace(rows[FUTURE], **change)]  # type: ignore[arg-type]


def without(*keys: str) -> Callable[[dict[str, MasterRow]], list[MasterRow]]:
    return lambda rows: [row for name, row in rows.items() if not name.startswith(keys)]


YESTERDAY = TODAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("change", "terms", "reason"),
    [
        (lambda _: [], TERMS, "it lists nothing"),
        (lambda rows: [replace(row, as_of=YESTERDAY) for row in rows.values()], TERMS, "it is of 2026-11-22, and"),
        (lambda rows: [*rows.values()], MasterTerms(today=YESTERDAY), "it is of 2026-11-23, and today is 2026-11-22"),
        (changed(FUTURE, damage="its tick is '0'"), TERMS, "1 of its rows can't be true: its tick is '0'"),
        (doubled(token="999999", reference="other"), TERMS, f"two rows have the key {FUTURE}"),
        (doubled(strike=Decimal(7), right="CE", reference="other"), TERMS, "two rows have the exchange token NFO:"),
        (doubled(token="999999", root="OTHER"), TERMS, "two rows have the reference NSE:NIFTY26DECFUT"),
        (without("NSE_INDEX:NIFTY", "NSE:RELIANCE"), TERMS, "it does not list NSE_INDEX:NIFTY, NSE:RELIANCE"),
        (without("NFO:"), TERMS, "it does not list NFO:NIFTY"),
        (lambda rows: [*rows.values()], MasterTerms(today=TODAY, most=99), "it has over 99 rows"),
    ],
)  # fmt: skip
def test_a_master_that_is_wrong_as_a_whole_is_refused(
    change: Callable[[dict[str, MasterRow]], list[MasterRow]], terms: MasterTerms, reason: str
) -> None:
    assert reason in refused(terms, fyers=change(of_fyers()))


def test_a_fifth_more_or_less_than_before_is_borne_and_no_more() -> None:
    rows = list(of_fyers().values())
    count = len(rows)

    for before in (int(count / 1.19), int(count / 0.81)):
        load(MasterTerms(today=TODAY, previous={"fyers": before}), fyers=rows)
    assert "by more than a fifth" in refused(
        MasterTerms(today=TODAY, previous={"fyers": int(count / 1.21)}), fyers=rows
    )
    assert "by more than a fifth" in refused(
        MasterTerms(today=TODAY, previous={"fyers": int(count / 0.79)}), fyers=rows
    )


def test_a_setting_may_bear_a_few_damaged_rows_which_are_not_traded() -> None:
    rows = changed(FUTURE, damage="its tick is '0'", tick=None)(of_fyers())
    terms = MasterTerms(today=TODAY, damaged=1)

    found, join = load(terms, fyers=rows)
    with_other, _ = load(terms, fyers=rows, hdfc=of_hdfc().values())

    assert FUTURE not in found
    assert join.findings()["fyers"].dropped == {"its tick is unreadable": 1}
    assert not with_other[FUTURE].tradable
