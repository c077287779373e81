"""`ordo login`: carries out the broker's daily login, asking a person for what only a person has."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field

from ordo.client import AsyncOrdoClient, OrdoApiError
from ordo.domain.errors import ErrorCode
from ordo.domain.sessions import ChallengeKind, SessionState, state_in
from ordo.entrypoints.cli.browser import open_browser, redirect_served
from ordo.entrypoints.cli.outcome import ENDINGS, ExitCode, InputError
from ordo.entrypoints.cli.typed import Typed
from ordo.schemas.v1.sessions import LoginChallenge, Session

_LOOK_SECONDS = 0.5
Step = LoginChallenge | Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the answers of a login come. `given`: fields whose answers are lines of standard input, in the order in which
    they are asked for. `consent`: to the broker's terms. `wait`: seconds for the browser to come back.
    """

    given: frozenset[str] = frozenset()
    username: str | None = None
    consent: bool = False
    browser: bool = True
    wait: float = 300
    typed: Typed = field(default_factory=Typed)

    async def answer(self, name: str) -> str:
        """The answer to one field; raises `InputError` where there is none."""
        if name in self.given:
            line = await self.typed.line()
            if not line:
                raise InputError(f"--{name} - was given, and standard input has no line for it. Nothing was sent.")
            return line
        if name == "username" and self.username is not None:
            return self.username
        if name == "consent" and self.consent:
            return "yes"
        return self.typed.secret(name)

    def may_correct(self, names: tuple[str, ...]) -> bool:
        """Whether a person types these, and so may type them again."""
        return self.typed.is_person and self.given.isdisjoint(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of one login among many."""

    account: str
    session: Session | None = None
    error_code: str | None = None
    message: str | None = None

    @property
    def ending(self) -> ExitCode:
        return ExitCode.OK if self.error_code is None else ENDINGS.get(self.error_code, ExitCode.UNAVAILABLE)


async def logged_in(ordo: AsyncOrdoClient, account: str, ways: Ways) -> Session:
    """Log one account in; raises `OrdoApiError` for every refusal, `InputError` where an answer is missing."""
    before = await ordo.sessions.get(account)
    step: Step = await ordo.sessions.begin(account)
    asked_for_code = False
    while isinstance(step, LoginChallenge):
        if step.message is not None:
            _say(step.message)
        if asked_for_code and step.kind is ChallengeKind.OTP and not ways.may_correct(step.fields):
            # The next line of standard input was meant for something else.
            raise OrdoApiError(ErrorCode.INVALID_OTP, f"The broker did not take the code. {step.message or ''}".strip())
        asked_for_code = step.kind is ChallengeKind.OTP
        if step.kind is ChallengeKind.NONE:
            return await ordo.sessions.get(account)
        if step.login_url is not None and not step.fields:
            step = await _Redirect(ordo, step, before, ways).followed(step.login_url)
        else:
            step = await _asked(ordo, step, ways)
    return step


async def logged_out(ordo: AsyncOrdoClient, account: str) -> Session:
    """Log one account out, and show that it is."""
    await ordo.sessions.end(account)
    return await ordo.sessions.get(account)


async def all_logged_in(ordo: AsyncOrdoClient, ways: Ways) -> tuple[Attempt, ...]:
    """Log in every account whose session has ended or was rejected, one after the other."""
    ended = [one.account for one in await ordo.sessions.list() if one.state is not SessionState.ACTIVE]
    attempts = []
    for number, account in enumerate(ended, start=1):
        _say(f"{account} ({number} of {len(ended)})")
        try:
            attempts.append(Attempt(account=account, session=await logged_in(ordo, account, ways)))
        except OrdoApiError as error:
            attempts.append(Attempt(account=account, error_code=error.error_code, message=error.message))
        except InputError as error:
            code = ErrorCode.VALIDATION_ERROR
            attempts.append(Attempt(account=account, error_code=code, message=str(error)))
        _say(attempts[-1].message or "logged in")
    return tuple(attempts)


def ending_of_all(attempts: tuple[Attempt, ...]) -> ExitCode:
    """The exit code of many logins: that of the first that failed."""
    return next((one.ending for one in attempts if one.ending is not ExitCode.OK), ExitCode.OK)


async def _asked(ordo: AsyncOrdoClient, challenge: LoginChallenge, ways: Ways) -> Step:
    while True:
        answers = {name: await ways.answer(name) for name in challenge.fields}
        try:
            return await ordo.sessions.answer(challenge.account, challenge.challenge_id, answers=answers)
        except OrdoApiError as error:
            if error.error_code != ErrorCode.INVALID_OTP or not ways.may_correct(challenge.fields):
                raise
            _say(f"{error.message} Type it again, or press Ctrl-C.")


class _Redirect:
    """One login by redirect. It ends when the browser comes back here, when its address is pasted, or when the gateway
    itself has received it.
    """

    def __init__(self, ordo: AsyncOrdoClient, challenge: LoginChallenge, before: Session, ways: Ways) -> None:
        self._ordo = ordo
        self._challenge = challenge
        self._before = before
        self._ways = ways
        self._state: str | None = None
        self._back: asyncio.Task[Step] | None = None

    async def followed(self, url: str) -> Step:
        self._state = state_in(url)
        async with redirect_served(url, self._come_back) as here:
            _say(f"Log in at the broker's page:\n\n{url}\n")
            if self._ways.browser:
                open_browser(url)
            if self._ways.typed.is_person:
                _say("If your browser then ends at a page that does not load, paste the address of that page here:")
            sources = [self._pasted(), self._noticed()]
            if here is not None:
                sources.append(self._returned(here))
            return await self._first({asyncio.ensure_future(source) for source in sources})

    async def _first(self, sources: set[asyncio.Task[Step]]) -> Step:
        try:
            done, _ = await asyncio.wait(sources, timeout=self._ways.wait, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise InputError(
                    f"Nobody finished the login within {self._ways.wait:g} seconds. Run the command again; if the"
                    " browser showed an error, that page says what the broker refused."
                )
            return done.pop().result()
        finally:
            for source in sources:
                source.cancel()
            await asyncio.gather(*sources, return_exceptions=True)

    async def _come_back(self, address: str) -> bool:
        self._back = asyncio.ensure_future(self._answer(address))
        (answered,) = await asyncio.gather(self._back, return_exceptions=True)
        return isinstance(answered, Session)

    async def _returned(self, here: asyncio.Event) -> Step:
        await here.wait()
        if self._back is None:
            raise AssertionError("the browser was here and brought nothing")
        return await self._back

    async def _pasted(self) -> Step:
        """The first pasted address that belongs to this login. Without anybody to paste one, this waits for ever."""
        wrong = False
        while (line := await self._ways.typed.line()) is not None:
            address = line.startswith(("http://", "https://"))
            if address and self._state in (None, state_in(line)):
                return await self._answer(line)
            if line:
                _say("That is the address of another login." if address else "That is no address: it begins with http.")
            wrong = wrong or address
        if wrong:
            raise InputError("The address that was given belongs to another login. Nothing was sent.")
        nobody: asyncio.Future[Step] = asyncio.get_running_loop().create_future()
        return await nobody

    async def _noticed(self) -> Step:
        """The session that the gateway's own callback opened."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = await self._ordo.sessions.get(self._challenge.account)
            new = now.state is SessionState.ACTIVE and now.issued_at != self._before.issued_at
            if new and self._back is None:
                return now

    async def _answer(self, address: str) -> Step:
        challenge = self._challenge
        return await self._ordo.sessions.answer(challenge.account, challenge.challenge_id, redirect_url=address)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
