from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from ordo.domain.idempotency import IntentState
from ordo.domain.safety import KillState, KillSwitch
from tests.contract.other_process import failed, other_process
from tests.contract.store_harness import Medium
from tests.contract.values import ACCOUNT, NOW, intent, session

KEYS = 60
ROUNDS = 20


async def test_of_several_processes_with_one_key_one_reserves(shared: Medium) -> None:
    async with AsyncExitStack() as stack:
        # All of them start on an empty medium, so they also race for making its tables.
        others = await asyncio.gather(*(stack.enter_async_context(other_process(shared)) for _ in range(3)))
        stores = await stack.enter_async_context(shared.opened())
        wanted = [replace(intent(f"key-{number}", number), owner="here") for number in range(KEYS)]

        async def here() -> list[bool]:
            answers = await asyncio.gather(*(stores.idempotency.reserve(one, now=NOW) for one in wanted))
            return [answer is None for answer in answers]

        claims = await asyncio.gather(here(), *(other.ask("reserve", f"{n}", KEYS) for n, other in enumerate(others)))
        names = ["here", *(f"{n}" for n in range(len(others)))]
        winners = [
            [name for name, claim in zip(names, claims, strict=True) if isinstance(claim, list) and claim[number]]
            for number in range(KEYS)
        ]
        assert [len(each) for each in winners] == [1] * KEYS
        found = [await stores.idempotency.find(one.key, now=NOW) for one in wanted]
        assert [[one.owner] for one in found if one is not None] == winners


async def test_of_several_processes_that_want_the_same_one_wins(shared: Medium) -> None:
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(shared.opened())
        others = await asyncio.gather(*(stack.enter_async_context(other_process(shared)) for _ in range(3)))
        for round_ in range(ROUNDS):
            await stores.idempotency.reserve(replace(failed(round_), state=IntentState.OPEN), now=NOW)
            await stores.idempotency.settle(failed(round_))
        told = await asyncio.gather(*(other.ask("race", n, ROUNDS) for n, other in enumerate(others, start=1)))
        won = [sorted(name for one in told if isinstance(one, list) for name in one[n]) for n in range(ROUNDS)]
        assert won == [["again", "alike", "change"]] * ROUNDS
        for round_ in range(ROUNDS):
            kept = await stores.idempotency.placement(ACCOUNT, failed(round_).order_id)
            assert kept is not None
            assert replace(kept, key=failed(round_).key) == failed(round_)
        assert len(await stores.idempotency.unsettled()) == 3 * ROUNDS


async def test_what_one_process_saved_another_sees_at_once(shared: Medium) -> None:
    async with shared.opened() as stores, other_process(shared) as other:
        assert await stores.sessions.get(ACCOUNT) is None
        for round_ in range(5):
            await other.ask("save_session", f"theirs-{round_}")
            assert await stores.sessions.get(ACCOUNT) == session(f"theirs-{round_}")
            await stores.sessions.save(session(f"ours-{round_}"))
            assert await other.ask("access_token") == f"ours-{round_}"


async def test_a_kill_switch_set_by_one_process_holds_in_another(shared: Medium) -> None:
    switch = KillSwitch(state=KillState.ACTIVE, changed_by="operator", changed_at=NOW, reason="drill")
    async with shared.opened() as stores, other_process(shared) as other:
        await stores.safety.save(switch)
        for state in (KillState.HALTED, KillState.REDUCE_ONLY, KillState.ACTIVE):
            await other.ask("set_switch", state)
            assert await stores.safety.get() == replace(switch, state=state)


async def test_processes_that_extend_one_stream_take_turns(shared: Medium) -> None:
    async with shared.opened() as stores, other_process(shared) as one, other_process(shared) as two:
        await asyncio.gather(one.ask("append", "one", 40), two.ask("append", "two", 40))
        entries = await stores.journal.read("shared", after=0)
    assert [entry.seq for entry in entries] == list(range(1, 81))
    for writer in ("one", "two"):
        theirs = [entry.text for entry in entries if entry.text.startswith(writer)]
        assert theirs == [f"{writer}-{number}" for number in range(40)]
