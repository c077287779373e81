"""Challenges, over notes that two workers share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ordo.adapters.memory.logins import MemoryLoginNotes
from ordo.application.challenges import Challenges
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.sessions import ChallengeKind, LoginChallenge
from tests.support.clock import VirtualClock

ACCOUNT = Account(adapter_id="fyers", account_id="XA1")


class Workers:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        notes = MemoryLoginNotes()
        self.one, self.two = Challenges(notes, self.clock), Challenges(notes, self.clock)
        self.challenge = LoginChallenge(
            account=ACCOUNT,
            challenge_id="c1",
            kind=ChallengeKind.REDIRECT,
            expires_at=self.clock.now() + timedelta(minutes=10),
            login_url="https://broker.invalid/login?state=s1",
            fields=("otp",),
            message="ज़ read this first",
        )


@pytest.fixture
async def workers() -> Workers:
    workers = Workers()
    await workers.one.remember(workers.challenge)
    return workers


async def test_another_worker_has_the_challenge_as_it_was(workers: Workers) -> None:
    assert await workers.two.open(ACCOUNT, "c1") == workers.challenge
    assert await workers.two.of_redirect("fyers", "s1") == workers.challenge


async def test_of_two_who_have_opened_a_challenge_one_takes_it(workers: Workers) -> None:
    mine, theirs = await workers.one.open(ACCOUNT, "c1"), await workers.two.open(ACCOUNT, "c1")
    await workers.one.take(mine)
    with pytest.raises(Invalid) as refusal:
        await workers.two.take(theirs)
    assert refusal.value.code is ErrorCode.NOT_FOUND
    assert await workers.two.of_redirect("fyers", "s1") is None


@pytest.mark.parametrize(("adapter_id", "state"), [("fyers", None), ("fyers", "s2"), ("fyers-2", "s1")])
async def test_a_redirect_of_another_login_belongs_to_none(
    workers: Workers, adapter_id: str, state: str | None
) -> None:
    assert await workers.two.of_redirect(adapter_id, state) is None


@pytest.mark.parametrize(("minutes", "told"), [(10, "not answered in time"), (15, "not a challenge")])
async def test_a_challenge_ends(workers: Workers, minutes: int, told: str) -> None:
    await workers.clock.advance(60 * minutes)
    with pytest.raises(Invalid, match=told):
        await workers.two.open(ACCOUNT, "c1")
    assert await workers.two.of_redirect("fyers", "s1") is None


async def test_a_challenge_that_is_remembered_again_may_be_answered_again(workers: Workers) -> None:
    await workers.one.take(workers.challenge)
    await workers.two.remember(workers.challenge)
    assert await workers.one.of_redirect("fyers", "s1") == workers.challenge


async def test_a_challenge_stands_in_the_place_of_a_former_one_of_its_id(workers: Workers) -> None:
    later = replace(workers.challenge, message="another")
    await workers.one.remember(later)
    assert await workers.two.open(ACCOUNT, "c1") == later
