from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from ordo.domain.safety import KillState, KillSwitch
from tests.contract.other_process import other_process
from tests.contract.store_harness import Medium
from tests.contract.values import ACCOUNT, NOW, intent, session

KEYS = 60


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
