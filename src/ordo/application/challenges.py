"""The challenges that wait for an answer, whichever worker began them and whichever is answered."""

from __future__ import annotations

import hmac
import json
from datetime import datetime, timedelta

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.sessions import ChallengeKind, LoginChallenge, Secret
from ordo.ports.clock import Clock
from ordo.ports.logins import LoginNotes

_TOLD_FOR = timedelta(minutes=5)
"""For how long an answer that comes too late is told so."""


class Challenges:
    """Keeps each challenge under its id and, where its redirect has one, under its `state`."""

    def __init__(self, notes: LoginNotes, clock: Clock) -> None:
        self._notes = notes
        self._clock = clock

    async def remember(self, challenge: LoginChallenge) -> None:
        """Let a challenge be answered, once, in the place of a former one of its id."""
        now, until = self._clock.now(), challenge.expires_at + _TOLD_FOR
        if challenge.state is not None:
            name = _by_state(challenge.account.adapter_id, challenge.state)
            await self._notes.keep(name, Secret(challenge.challenge_id), until=until, now=now)
        await self._notes.take(_by_id(challenge.challenge_id), now=now)
        await self._notes.keep(_by_id(challenge.challenge_id), _packed(challenge), until=until, now=now)

    async def open(self, account: Account, challenge_id: str) -> LoginChallenge:
        """The challenge that an account is to answer, which stays; raises `Invalid` (`NOT_FOUND`)."""
        found = await self._notes.find(_by_id(challenge_id), now=self._clock.now())
        challenge = None if found is None else _unpacked(found)
        if challenge is None or challenge.account != account:
            raise _gone("is not a challenge that this account can answer now")
        if challenge.expires_at <= self._clock.now():
            raise _gone("was not answered in time, and has ended")
        return challenge

    async def of_redirect(self, adapter_id: str, state: str | None) -> LoginChallenge | None:
        """The challenge of this broker to which a redirect belongs, which stays."""
        if state is None:
            return None
        now = self._clock.now()
        challenge_id = await self._notes.find(_by_state(adapter_id, state), now=now)
        found = None if challenge_id is None else await self._notes.find(_by_id(challenge_id.reveal()), now=now)
        challenge = None if found is None else _unpacked(found)
        return None if challenge is None or challenge.expires_at <= now else challenge

    async def take(self, challenge: LoginChallenge) -> None:
        """Have the challenge answered by this caller and no other; raises `Invalid` (`NOT_FOUND`) for any other."""
        if await self._notes.take(_by_id(challenge.challenge_id), now=self._clock.now()) is None:
            raise _gone("is not a challenge that this account can answer now")


def same_state(state: str | None, challenge: LoginChallenge) -> bool:
    """Whether a redirect with this `state` belongs to a challenge."""
    if state is None or challenge.state is None:
        return False
    return hmac.compare_digest(state.encode(errors="surrogatepass"), challenge.state.encode(errors="surrogatepass"))


def _by_id(challenge_id: str) -> str:
    return f"challenge {challenge_id}"


def _by_state(adapter_id: str, state: str) -> str:
    return f"state {adapter_id} {state}"


def _gone(what: str) -> Invalid:
    return Invalid.field("challenge_id", f"{what}; start the login again", code=ErrorCode.NOT_FOUND)


def _packed(challenge: LoginChallenge) -> Secret:
    return Secret(
        json.dumps(
            {
                "account": str(challenge.account),
                "challenge_id": challenge.challenge_id,
                "kind": challenge.kind,
                "expires_at": challenge.expires_at.isoformat(),
                "login_url": challenge.login_url,
                "fields": challenge.fields,
                "message": challenge.message,
            }
        )
    )


def _unpacked(text: Secret) -> LoginChallenge:
    packed = json.loads(text.reveal())
    return LoginChallenge(
        account=Account.parse(packed["account"]),
        challenge_id=packed["challenge_id"],
        kind=ChallengeKind(packed["kind"]),
        expires_at=datetime.fromisoformat(packed["expires_at"]),
        login_url=packed["login_url"],
        fields=tuple(packed["fields"]),
        message=packed["message"],
    )
