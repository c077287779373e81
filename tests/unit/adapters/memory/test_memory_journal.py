from __future__ import annotations

from ordo.adapters.memory.journal import MemoryJournal
from ordo.ports.journal import Entry


async def journal_of(length: int) -> MemoryJournal:
    journal = MemoryJournal()
    await journal.append("s", tuple(Entry(seq=seq, text=f"{seq}") for seq in range(1, length + 1)))
    return journal


async def test_a_new_checkpoint_drops_what_lies_before_the_one_before_it() -> None:
    journal = await journal_of(9)
    await journal.save_checkpoint("s", Entry(seq=3, text="three"))
    assert len(await journal.read("s", after=0)) == 9
    await journal.save_checkpoint("s", Entry(seq=6, text="six"))
    assert [entry.seq for entry in await journal.read("s", after=0)] == [4, 5, 6, 7, 8, 9]
    assert [entry.seq for entry in await journal.read("s", after=7)] == [8, 9]
    assert await journal.append("s", (Entry(seq=10, text="ten"),))
    assert not await journal.append("s", (Entry(seq=2, text="two"),))


async def test_a_reader_that_fell_behind_sees_the_gap() -> None:
    journal = await journal_of(9)
    for seq in (3, 6, 9):
        await journal.save_checkpoint("s", Entry(seq=seq, text="state"))
    (first, *_) = await journal.read("s", after=1)
    assert first.seq == 7
