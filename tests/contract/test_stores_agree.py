"""Every store answers every sequence of calls as every other does."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from ordo.domain.accounts import Account
from ordo.domain.idempotency import Apart, Intent, IntentKey, IntentState, Operation
from ordo.domain.orders import Order
from ordo.domain.safety import KillState, KillSwitch
from ordo.domain.sessions import Secret, Session
from ordo.ports.idempotency import ChangeUnderWay, LooksLikeAnother, OrderIdTaken
from ordo.ports.journal import Entry
from tests.contract.store_harness import Stores, store_harnesses
from tests.contract.strategies import changes, failures, moments, orders, texts
from tests.contract.values import ACCOUNT, NOW, OTHER_ACCOUNT, intent, order

Call = Callable[[Stores], Awaitable[object]]

# Few names and moments, so that calls meet.
accounts = st.sampled_from([ACCOUNT, OTHER_ACCOUNT])
order_ids = st.sampled_from([order(number).order_id for number in range(4)])
times = st.integers(0, 5).map(lambda step: NOW + step * timedelta(microseconds=1))
keys = st.builds(
    IntentKey,
    principal=st.sampled_from(["a", "a\nb"]),
    account=accounts,
    route=st.sampled_from(["PLACE"]),
    key=st.sampled_from(["k", "K"]),
)
aparts = st.builds(
    Apart, within=st.integers(0, 4).map(lambda steps: steps * timedelta(microseconds=1)), settled=st.booleans()
)
outcomes = st.sampled_from(IntentState)


@st.composite
def intents(draw: st.DrawFn) -> Intent:
    key = draw(keys)
    return Intent(
        key=key,
        operation=draw(st.sampled_from(Operation)),
        fingerprint=draw(texts),
        order=replace(draw(orders(order_id=draw(order_ids), account=key.account)), updated_at=draw(times)),
        state=draw(outcomes),
        correlation_id=draw(texts),
        owner=draw(texts),
        created_at=draw(times),
        expires_at=draw(times),
        change=draw(st.none() | changes),
        answer=draw(st.none() | orders(account=key.account)),
        failure=draw(st.none() | failures),
    )


class AllStores(RuleBasedStateMachine):
    tried = Bundle("tried")

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._opened = AsyncExitStack()
        self._stores: list[Stores] = []

    @initialize()
    def open(self) -> None:
        folder = Path(self._opened.enter_context(tempfile.TemporaryDirectory()))
        for harness in store_harnesses().values():
            opening = self._opened.enter_async_context(harness.opened(harness.address(folder)))
            self._stores.append(self._loop.run_until_complete(opening))
        assert len(self._stores) > 1

    def teardown(self) -> None:
        self._loop.run_until_complete(self._opened.aclose())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def ask(self, call: Call) -> object:
        """Make one call on every store; the one answer of all of them."""
        answers = self._loop.run_until_complete(_answers(call(stores) for stores in self._stores))
        assert answers == [answers[0]] * len(answers)
        return answers[0]

    @rule(
        target=tried,
        wanted=intents(),
        plain=st.none() | st.integers(1, 2),
        now=times,
        apart=st.none() | aparts,
        instead_of=st.none() | order_ids,
    )
    def reserve(
        self, wanted: Intent, plain: int | None, now: datetime, apart: Apart | None, instead_of: str | None
    ) -> Intent:
        if plain is not None:  # So that some look alike.
            known = order(account=wanted.key.account, at=wanted.created_at)
            wanted = replace(wanted, order=replace(known, quantity=plain, order_id=wanted.order_id))
        if wanted.operation is Operation.MODIFY:  # One that is settled before it begins stands in nobody's way.
            wanted = replace(wanted, state=IntentState.OPEN)
        self.ask(lambda stores: stores.idempotency.reserve(wanted, now=now, apart=apart, instead_of=instead_of))
        return wanted

    @rule(target=tried, number=st.integers(0, 3), key=keys, again=order_ids)
    def give_up(self, number: int, key: IntentKey, again: str) -> Intent:
        """A placement that fails, and another under its key."""
        key = replace(key, route="PLACE again", key=f"{key.key}{number}")
        order_id = order(number).order_id
        first = intent(number=number, account=key.account)
        first = replace(first, key=key)
        second = replace(first, order=replace(first.order, order_id=again))
        self.ask(lambda stores: stores.idempotency.reserve(first, now=NOW))
        self.ask(lambda stores: stores.idempotency.settle(replace(first, state=IntentState.FAILED)))
        self.ask(lambda stores: stores.idempotency.reserve(second, now=NOW, instead_of=order_id))
        return second

    @rule(tried=tried, within=aparts, now=times, text=st.sampled_from(["l", "L"]), order_id=order_ids)
    def repeat(self, tried: Intent, within: Apart, now: datetime, text: str, order_id: str) -> None:
        """The same order under another key."""
        again = replace(
            tried,
            key=replace(tried.key, key=text),
            order=replace(tried.order, order_id=order_id),
            created_at=now,
        )
        self.ask(lambda stores: stores.idempotency.reserve(again, now=now, apart=within))

    @rule(tried=tried, outcome=intents())
    def settle(self, tried: Intent, outcome: Intent) -> None:
        order = replace(outcome.order, order_id=tried.order_id, account=tried.order.account)
        settled = replace(outcome, key=tried.key, order=order)
        self.ask(lambda stores: stores.idempotency.settle(settled))

    @rule(tried=tried, key=keys, own=st.booleans())
    def release(self, tried: Intent, key: IntentKey, own: bool) -> None:  # noqa: FBT001  (a rule's draw)
        name = tried.key if own else key
        self.ask(lambda stores: stores.idempotency.release(name, tried.order_id))

    @rule(key=keys, now=times)
    def find(self, key: IntentKey, now: datetime) -> None:
        self.ask(lambda stores: stores.idempotency.find(key, now=now))

    @rule(account=accounts, order_id=order_ids)
    def placement(self, account: Account, order_id: str) -> None:
        self.ask(lambda stores: stores.idempotency.placement(account, order_id))

    @rule(account=accounts, since=times)
    def placements(self, account: Account, since: datetime) -> None:
        self.ask(lambda stores: stores.idempotency.placements(account, since=since))

    @rule(tried=tried, newer=orders(), at=times, after=times)
    def record(self, tried: Intent, newer: Order, at: datetime, after: datetime) -> None:
        known = replace(newer, account=tried.order.account, order_id=tried.order_id, updated_at=at)
        former = replace(known, updated_at=after)
        self.ask(lambda stores: stores.idempotency.record(known, replacing=former))

    @rule(account=accounts, order_id=order_ids)
    def modifications(self, account: Account, order_id: str) -> None:
        self.ask(lambda stores: stores.idempotency.modifications(account, order_id))

    @rule(now=times, limit=st.integers(0, 3))
    def purge(self, now: datetime, limit: int) -> None:
        self.ask(lambda stores: stores.idempotency.purge(now=now, limit=limit))

    @rule(account=accounts, token=texts, refresh=st.none() | texts, at=moments, metadata=st.dictionaries(texts, texts))
    def save_session(
        self, account: Account, token: str, refresh: str | None, at: datetime, metadata: dict[str, str]
    ) -> None:
        session = Session(
            account=account,
            access_token=Secret(token),
            refresh_token=None if refresh is None else Secret(refresh),
            issued_at=at,
            expires_at=at,
            metadata=metadata,
        )
        self.ask(lambda stores: stores.sessions.save(session))

    @rule(account=accounts)
    def delete_session(self, account: Account) -> None:
        self.ask(lambda stores: stores.sessions.delete(account))

    @rule(account=accounts)
    def session(self, account: Account) -> None:
        self.ask(lambda stores: stores.sessions.get(account))

    @rule(state=st.sampled_from(KillState), by=texts, at=moments, reason=texts)
    def set_switch(self, state: KillState, by: str, at: datetime, reason: str) -> None:
        switch = KillSwitch(state=state, changed_by=by, changed_at=at, reason=reason)
        self.ask(lambda stores: stores.safety.save(switch))

    @rule(stream=texts, first=st.integers(1, 6), written=st.lists(texts, max_size=3))
    def append(self, stream: str, first: int, written: list[str]) -> None:
        entries = tuple(Entry(seq=seq, text=text) for seq, text in enumerate(written, start=first))
        self.ask(lambda stores: stores.journal.append(stream[:1], entries))

    @rule(stream=texts, after=st.integers(0, 6))
    def read(self, stream: str, after: int) -> None:
        self.ask(lambda stores: stores.journal.read(stream[:1], after=after))

    @invariant()
    def nothing_else_differs(self) -> None:
        if self._stores:
            self.ask(lambda stores: stores.idempotency.unsettled())
            self.ask(lambda stores: stores.sessions.all())
            self.ask(lambda stores: stores.safety.get())


async def _answers(calls: Iterable[Awaitable[object]]) -> list[object]:
    return await asyncio.gather(*map(_answer, calls))


async def _answer(call: Awaitable[object]) -> object:
    try:
        return await call
    except LooksLikeAnother as error:
        return error.other
    except (OrderIdTaken, ChangeUnderWay, LookupError, ValueError) as error:
        return type(error)


TestAllStores = AllStores.TestCase
TestAllStores.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
