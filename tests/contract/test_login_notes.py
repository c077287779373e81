"""Notes of logins under way: the laws of every implementation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from ordo.domain.sessions import Secret
from ordo.ports.logins import LoginNotes
from tests.contract.discovery import harnesses
from tests.contract.values import NOW, TICK

NOTES = harnesses("logins")
SOON = NOW + timedelta(minutes=10)


@pytest.fixture(params=NOTES)
async def notes(request: pytest.FixtureRequest) -> AsyncIterator[LoginNotes]:
    async with NOTES[request.param].opened() as notes:
        yield notes


async def test_what_was_never_kept_is_not_there(notes: LoginNotes) -> None:
    assert await notes.find("one", now=NOW) is None
    assert await notes.take("one", now=NOW) is None


@pytest.mark.parametrize("text", ["canary", "", "ज़ ₹\n\x00" * 1000])
async def test_a_note_is_found_as_it_was_kept_until_it_is_taken(notes: LoginNotes, text: str) -> None:
    assert await notes.keep("one\nज़", Secret(text), until=SOON, now=NOW)
    assert await notes.find("one\nज़", now=NOW) == Secret(text)
    assert await notes.find("two", now=NOW) is None
    assert await notes.take("one\nज़", now=NOW) == Secret(text)
    assert await notes.find("one\nज़", now=NOW) is None
    assert await notes.take("one\nज़", now=NOW) is None


async def test_a_name_is_taken_until_its_note_is(notes: LoginNotes) -> None:
    assert await notes.keep("one", Secret("first"), until=SOON, now=NOW)
    assert not await notes.keep("one", Secret("second"), until=SOON, now=NOW)
    assert await notes.keep("two", Secret("third"), until=SOON, now=NOW)
    assert await notes.take("one", now=NOW) == Secret("first")
    assert await notes.keep("one", Secret("second"), until=SOON, now=NOW)
    assert await notes.find("one", now=NOW) == Secret("second")


async def test_a_note_that_is_over_is_as_if_it_had_never_been(notes: LoginNotes) -> None:
    assert await notes.keep("one", Secret("first"), until=SOON, now=NOW)
    assert await notes.keep("two", Secret("second"), until=SOON, now=NOW)
    assert await notes.find("one", now=SOON - TICK) == Secret("first")
    assert await notes.find("one", now=SOON) is None
    assert await notes.take("one", now=SOON) is None
    assert await notes.keep("two", Secret("third"), until=SOON + timedelta(minutes=10), now=SOON)
    assert await notes.find("two", now=SOON) == Secret("third")


async def test_of_many_who_want_one_note_at_once_one_has_it(notes: LoginNotes) -> None:
    kept = await asyncio.gather(*(notes.keep("one", Secret(str(n)), until=SOON, now=NOW) for n in range(50)))
    assert kept.count(True) == 1
    taken = await asyncio.gather(*(notes.take("one", now=NOW) for _ in range(50)))
    assert [text for text in taken if text is not None] == [Secret(str(kept.index(True)))]
