from __future__ import annotations

import asyncio

import pytest

from ordo.ports.journal import Entry, Journal
from tests.contract.store_harness import Stores


@pytest.fixture
def journal(stores: Stores) -> Journal:
    return stores.journal


def entries(first: int, *texts: str) -> tuple[Entry, ...]:
    return tuple(Entry(seq=seq, text=text) for seq, text in enumerate(texts, start=first))


async def test_a_new_stream_is_empty(journal: Journal) -> None:
    assert await journal.read("paper", after=0) == ()
    assert await journal.checkpoint("paper") is None


async def test_entries_come_back_in_order_behind_the_place_asked_for(journal: Journal) -> None:
    assert await journal.append("paper", entries(1, "a", "")) is True
    assert await journal.append("paper", entries(3, "ज़ 😀\n\x00'\"")) is True
    assert await journal.read("paper", after=0) == entries(1, "a", "", "ज़ 😀\n\x00'\"")
    assert await journal.read("paper", after=2) == entries(3, "ज़ 😀\n\x00'\"")
    assert await journal.read("paper", after=3) == ()
    assert await journal.read("paper", after=99) == ()


async def test_a_place_that_is_taken_is_refused_and_nothing_is_written(journal: Journal) -> None:
    await journal.append("paper", entries(1, "a", "b"))
    assert await journal.append("paper", entries(2, "B", "C")) is False
    assert await journal.append("paper", entries(1, "A")) is False
    assert await journal.read("paper", after=0) == entries(1, "a", "b")


async def test_of_fifty_writers_at_one_place_one_writes(journal: Journal) -> None:
    wanted = [entries(1, f"{number}", f"{number} again") for number in range(50)]
    answers = await asyncio.gather(*(journal.append("paper", one) for one in wanted))
    assert answers.count(True) == 1
    assert await journal.read("paper", after=0) == wanted[answers.index(True)]


async def test_a_gap_is_a_mistake_of_the_writer_and_nothing_is_written(journal: Journal) -> None:
    await journal.append("paper", entries(1, "a"))
    with pytest.raises(ValueError, match="paper"):
        await journal.append("paper", entries(3, "c"))
    with pytest.raises(ValueError, match="paper"):
        await journal.append("paper", (*entries(2, "b"), *entries(4, "d")))
    assert await journal.read("paper", after=0) == entries(1, "a")


async def test_adding_nothing_is_success(journal: Journal) -> None:
    assert await journal.append("paper", ()) is True
    assert await journal.read("paper", after=0) == ()


async def test_streams_are_counted_apart(journal: Journal) -> None:
    await journal.append("paper/A", entries(1, "a"))
    await journal.append("paper/a", entries(1, "b", "c"))
    await journal.save_checkpoint("paper/A", Entry(seq=1, text="state"))
    assert await journal.read("paper/A", after=0) in ((), entries(1, "a"))
    assert await journal.read("paper/a", after=0) == entries(1, "b", "c")
    assert await journal.checkpoint("paper/a") is None


async def test_the_newest_checkpoint_is_kept(journal: Journal) -> None:
    await journal.append("paper", entries(1, "a", "b", "c"))
    await journal.save_checkpoint("paper", Entry(seq=2, text="after b"))
    assert await journal.checkpoint("paper") == Entry(seq=2, text="after b")
    await journal.save_checkpoint("paper", Entry(seq=1, text="after a"))
    await journal.save_checkpoint("paper", Entry(seq=2, text="another"))
    assert await journal.checkpoint("paper") == Entry(seq=2, text="after b")
    await journal.save_checkpoint("paper", Entry(seq=3, text="after c"))
    assert await journal.checkpoint("paper") == Entry(seq=3, text="after c")


async def test_entries_behind_a_checkpoint_are_read_and_the_count_goes_on(journal: Journal) -> None:
    await journal.append("paper", entries(1, "a", "b", "c"))
    await journal.save_checkpoint("paper", Entry(seq=2, text="after b"))
    assert await journal.read("paper", after=2) == entries(3, "c")
    await journal.save_checkpoint("paper", Entry(seq=3, text="after c"))
    assert await journal.append("paper", entries(3, "again")) is False
    assert await journal.append("paper", entries(1, "anew")) is False
    assert await journal.append("paper", entries(4, "d")) is True
    assert await journal.read("paper", after=3) == entries(4, "d")
