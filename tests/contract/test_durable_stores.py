from __future__ import annotations

from ordo.domain.safety import KillState, KillSwitch
from ordo.ports.journal import Entry
from tests.contract.other_process import other_process
from tests.contract.store_harness import Medium
from tests.contract.values import ACCOUNT, NOW, WEEK, intent, key, lost, order, placed, session


async def test_everything_is_there_after_a_restart(durable: Medium) -> None:
    switch = KillSwitch(state=KillState.HALTED, changed_by="operator", changed_at=NOW, reason="drill")
    async with durable.opened() as stores:
        for number in range(4):
            await stores.idempotency.reserve(intent(f"key-{number}", number), now=NOW)
        await stores.idempotency.settle(lost(intent("key-1", 1)))
        await stores.idempotency.settle(placed(intent("key-2", 2)))
        await stores.idempotency.release(key("key-3"), order(3).order_id)
        await stores.sessions.save(session(refresh="refresh"))
        await stores.safety.save(switch)
        await stores.journal.append("paper", (Entry(seq=1, text="first"), Entry(seq=2, text="second")))
        await stores.journal.save_checkpoint("paper", Entry(seq=1, text="state"))
    async with durable.opened() as stores:
        assert await stores.idempotency.unsettled() == (intent("key-0", 0), lost(intent("key-1", 1)))
        assert await stores.idempotency.find(key("key-2"), now=NOW) == placed(intent("key-2", 2))
        assert await stores.idempotency.find(key("key-3"), now=NOW) is None
        assert await stores.idempotency.placement(ACCOUNT, order(2).order_id) == placed(intent("key-2", 2))
        assert await stores.idempotency.purge(now=NOW + WEEK, limit=9) == 1
        assert await stores.sessions.get(ACCOUNT) == session(refresh="refresh")
        assert await stores.safety.get() == switch
        assert await stores.journal.checkpoint("paper") == Entry(seq=1, text="state")
        assert await stores.journal.read("paper", after=1) == (Entry(seq=2, text="second"),)
        assert await stores.journal.append("paper", (Entry(seq=2, text="again"),)) is False


async def test_a_reservation_that_returned_survives_the_death_of_its_process(durable: Medium) -> None:
    async with other_process(durable) as other:
        assert await other.ask("reserve", "the dead", 3) == [True, True, True]
        await other.kill()
    async with durable.opened() as stores:
        left = await stores.idempotency.unsettled()
        assert [one.key for one in left] == [key(f"key-{number}") for number in range(3)]
        assert {one.owner for one in left} == {"the dead"}
        assert await stores.idempotency.reserve(intent("key-0", 7), now=NOW) == left[0]


async def test_a_death_between_two_writes_loses_none_that_returned(durable: Medium) -> None:
    async with other_process(durable) as other:
        answers = [await other.ask("reserve_for_ever")]
        answers += [await other.answer() for _ in range(40)]
        await other.kill()
    assert answers == list(range(41))
    async with durable.opened() as stores:
        found = [one.key for one in await stores.idempotency.unsettled()]
        assert set(found) >= {key(f"key-{number}") for number in range(41)}
        assert len(found) == len(set(found))
