"""Instruments of every shape for Hypothesis, and as many as a full day has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import strategies as st

from ordo.domain.instruments import Instrument, InstrumentKey, Kind, QuantityUnit, Right, Venue
from tests.support.clock import MONDAY_MORNING
from tests.support.orders import keys

TODAY = MONDAY_MORNING.date()

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1e\x1f"), max_size=12)
_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1e\x1f="), max_size=6)
_amounts = st.decimals(min_value="0.0001", max_value="99999999", allow_nan=False, allow_infinity=False)
_maybe_known = st.none() | st.booleans()


def instruments(
    key: st.SearchStrategy[InstrumentKey] | None = None,
    token: st.SearchStrategy[str] = texts,
    references: st.SearchStrategy[dict[str, str]] | None = None,
) -> st.SearchStrategy[Instrument]:
    lots = st.integers(1, 10**6)
    return st.builds(
        Instrument,
        key=keys() if key is None else key,
        kind=st.sampled_from(Kind),
        name=texts,
        exchange_token=token,
        lot_size=lots,
        tick_size=_amounts,
        as_of=st.dates(),
        freeze_quantity=st.none() | st.integers(10**6, 10**9),
        band_low=st.none() | _amounts,
        band_high=st.none() | _amounts,
        multiplier=_amounts,
        isin=st.none() | texts.filter(bool),
        series=st.none() | texts.filter(bool),
        tradable=st.booleans(),
        quantity_unit=st.sampled_from(QuantityUnit),
        mtf=_maybe_known,
        cas_eligible=_maybe_known,
        facts=st.dictionaries(_names, texts, max_size=3),
        references=st.dictionaries(_names, texts, max_size=2) if references is None else references,
    )


def full_day(count: int) -> Iterator[Instrument]:
    """So many instruments with the mixture, the texts and the references of a real day: shares on two exchanges, and
    chains of options, some of them with weekly expiries.
    """
    random = Random(20261123)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    made_up = ("".join(random.choices(letters, k=random.randint(3, 10))) for _ in range(8_000))
    roots = list(dict.fromkeys(("NIFTY", "BANKNIFTY", "RELIANCE", "SBIN", "M&M", *made_up)))
    shares = [InstrumentKey(venue=venue, root=root) for venue in (Venue.NSE, Venue.BSE) for root in roots]
    for token, key in enumerate(shares[:count]):
        yield _made(key, Kind.EQUITY, f"{key.root} Limited", token)
    token = len(shares)
    while True:
        step = (token - len(shares)) // len(roots) + 1
        for root in roots[:200]:
            for week in range(18 if root == "NIFTY" else 3):
                expiry = date(2026, 12, 1) + timedelta(weeks=week)
                for strike in range(step * 1_000, step * 1_000 + 1_000, 50):
                    for right in Right:
                        if token >= count:
                            return
                        key = InstrumentKey(
                            venue=Venue.NFO, root=root, expiry=expiry, strike=Decimal(strike), right=right
                        )
                        yield _made(key, Kind.OPTION, f"{root} {expiry:%d %b %y} {strike} {right}", token)
                        token += 1


def _made(key: InstrumentKey, kind: Kind, name: str, token: int) -> Instrument:
    return Instrument(
        key=key,
        kind=kind,
        name=name,
        exchange_token=str(token),
        lot_size=65 if kind is Kind.OPTION else 1,
        tick_size=Decimal("0.05"),
        as_of=TODAY,
        freeze_quantity=1_800 if kind is Kind.OPTION else None,
        band_low=Decimal("1.05"),
        band_high=Decimal("9999.95"),
        facts={"fyers.token": f"10112609{token}", "hdfc.underlying": key.root, "hdfc.segment": kind.value},
        references={"fyers": f"{key.venue}:{name.replace(' ', '')}", "hdfc": f"{key.root}{token}EQNR"},
    )
