"""The same seed, clock and events give the same bytes: on every run, from every checkpoint, after every restart."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordo.adapters.paper.events import decode, encode
from ordo.adapters.paper.exchange import Exchange
from ordo.adapters.paper.state import dump, load
from ordo.domain.instruments import Instrument
from ordo.domain.orders import OrderTerms
from tests.properties.test_paper_conservation import markets, orders
from tests.unit.adapters.paper.paper_desk import Desk, Levels

ROOT = Path(__file__).parents[2]
Step = OrderTerms | tuple[Instrument, str, Levels, Levels] | int

steps: st.SearchStrategy[Step] = st.one_of(orders(), orders(), markets(), st.integers(0, 9))


def history(script: list[Step]) -> list[str]:
    """What a journal would hold after a script of orders, markets, and now and then a cancellation or a midnight."""
    desk = Desk("1500000.00", "A", "B")
    for number, step in enumerate(script):
        if isinstance(step, OrderTerms):
            desk.place(step, account="AB"[number % 2])
        elif isinstance(step, tuple):
            instrument, last, bids, asks = step
            desk.move(instrument, last, bids=bids, asks=asks)
        elif step == 0:
            desk.end_day()
        else:
            live = [order for order in desk.exchange.state.orders.values() if order.status.is_live]
            if live:
                desk.cancel(live[step % len(live)])
    return [encode(event) for event in desk.events]


def fold(exchange: Exchange, entries: list[str]) -> str:
    for text in entries:
        exchange.apply(decode(text))
    return dump(exchange.state)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=st.lists(steps, min_size=5, max_size=30), data=st.data())
def test_a_fold_from_any_checkpoint_is_the_fold_of_everything(script: list[Step], data: st.DataObject) -> None:
    entries = history(script)
    assert [encode(decode(text)) for text in entries] == entries
    whole = fold(Exchange(), entries)
    cut = data.draw(st.integers(0, len(entries)))
    checkpoint = fold(Exchange(), entries[:cut])
    assert fold(Exchange(load(checkpoint)), entries[cut:]) == whole


PROGRAM = """
import asyncio
from datetime import timedelta
from hashlib import sha256

from tests.support.clock import VirtualClock
from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.adapters.memory.journal import MemoryJournal
from ordo.adapters.paper.broker import PaperBroker
from ordo.adapters.paper.catalogue import load_catalogue, load_listings
from ordo.adapters.paper.login import PaperLogin
from ordo.adapters.paper.market import SeededMarket
from ordo.domain.accounts import Account
from ordo.domain.errors import Refused
from ordo.domain.instruments import Kind
from ordo.domain.orders import OrderTerms, OrderType, Product, Side


async def main():
    clock, journal = VirtualClock(), MemoryJournal()
    clock.step(timedelta(hours=13))  # An hour before midnight in India.
    catalogue = load_catalogue()
    market = SeededMarket(load_listings(), seed="bytes")
    broker = PaperBroker(
        adapter_id="paper", journal=journal, prices=market, instruments=MemoryInstruments(catalogue), clock=clock
    )
    seen = []
    for number in range(90):
        clock.step(timedelta(minutes=1, seconds=number))
        account = Account(adapter_id="paper", account_id="AB"[number % 2])
        session = await PaperLogin(clock=clock).begin(account)
        instrument = catalogue[number * 7 % len(catalogue)]
        if instrument.kind is Kind.INDEX:
            continue
        last = market.depth(instrument.key, clock.now()).last_price
        side = Side.BUY if number % 3 else Side.SELL
        cash = instrument.key.venue.is_cash
        terms = OrderTerms(
            instrument=instrument.key,
            side=side,
            quantity=instrument.lot_size,
            order_type=OrderType.LIMIT if number % 2 else OrderType.MARKET,
            product=(Product.CNC if number % 4 else Product.MIS) if cash else Product.NRML,
            price=instrument.round_down(last - side.sign * (number % 5) * last / 500) if number % 2 else None,
        )
        try:
            seen.append(await broker.place(session, terms, tag=f"{number}"))
        except Refused as refused:
            seen.append(refused.message)
        for read in (broker.orders, broker.trades, broker.funds, broker.positions, broker.holdings):
            seen.append(await read(session))
    texts = [entry.text for entry in await journal.read("paper/paper", after=0)]
    print(len(texts), sum("market_moved" in text for text in texts), sum("day_ended" in text for text in texts))
    print(sha256(repr(texts).encode()).hexdigest())
    print(sha256(repr(seen).encode()).hexdigest())


asyncio.run(main())
"""


def run(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_processes_with_different_hash_seeds_write_the_same_bytes() -> None:
    first = run("1")
    assert run("2") == first
    entries, moved, ended = map(int, first.splitlines()[0].split())
    assert entries > 90
    assert moved > 5
    assert ended >= 1
