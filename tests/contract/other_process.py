"""A second process over a shared medium. Run as a module it is that process; imported, it is the handle to one.

Each line that it reads is a JSON list, a command and its arguments; each line that it writes is the JSON answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from ordo.domain.idempotency import Apart, Intent, IntentState, Operation
from ordo.domain.safety import KillState
from ordo.ports.idempotency import ChangeUnderWay, LooksLikeAnother
from ordo.ports.journal import Entry
from tests.contract.store_harness import Medium, Stores
from tests.contract.values import ACCOUNT, NOW, intent, session

_ROOT = Path(__file__).parents[2]


class OtherProcess:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout

    async def ask(self, *command: object) -> object:
        """Send a command and wait for its answer."""
        self._stdin.write(json.dumps(command).encode() + b"\n")
        return await self.answer()

    async def answer(self) -> object:
        line = await self._stdout.readline()
        assert line, "the other process has ended"
        return json.loads(line)

    async def kill(self) -> None:
        """End it at once, wherever it is, and wait until it is gone."""
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def other_process(medium: Medium) -> AsyncIterator[OtherProcess]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.contract.other_process",
        medium.name,
        medium.address,
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    other = OtherProcess(process)
    try:
        assert await other.answer() == "ready"
        yield other
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


class _Commands:
    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def reserve(self, owner: str, keys: int) -> list[bool]:
        """Reserve `keys` keys at once; which of them this process won."""
        wanted = [replace(intent(f"key-{number}", number), owner=owner) for number in range(keys)]
        answers = await asyncio.gather(*(self._stores.idempotency.reserve(one, now=NOW) for one in wanted))
        return [answer is None for answer in answers]

    async def race(self, number: int, rounds: int) -> list[list[str]]:
        """In each of some rounds at once reserve a look-alike, a modification and the successor of a failed placement;
        which of them this process won.
        """
        return await asyncio.gather(*(race(self._stores, number, round_) for round_ in range(rounds)))

    async def reserve_for_ever(self) -> None:
        """Reserve one key after the other, and say each number when its reservation has returned."""
        number = 0
        while True:
            await self._stores.idempotency.reserve(intent(f"key-{number}", number), now=NOW)
            _say(number)
            number += 1

    async def save_session(self, token: str) -> None:
        await self._stores.sessions.save(session(token))

    async def access_token(self) -> str | None:
        found = await self._stores.sessions.get(ACCOUNT)
        return None if found is None else found.access_token.reveal()

    async def set_switch(self, state: str) -> None:
        found = await self._stores.safety.get()
        assert found is not None
        await self._stores.safety.save(replace(found, state=KillState(state)))

    async def append(self, writer: str, count: int) -> None:
        """Add `count` entries to one stream, each behind what others have added meanwhile."""
        for number in range(count):
            place = 0
            while True:
                place += len(await self._stores.journal.read("shared", after=place))
                entry = Entry(seq=place + 1, text=f"{writer}-{number}")
                if await self._stores.journal.append("shared", (entry,)):
                    break


async def race(stores: Stores, number: int, round_: int) -> list[str]:
    """What one of several that want the same wins."""
    look_alike = intent(f"alike-{round_}-{number}", 1000 * number + round_)
    look_alike = replace(look_alike, order=replace(look_alike.order, quantity=1000 + round_))
    change = intent(f"change-{round_}-{number}", 10_000 + round_, operation=Operation.MODIFY)
    successor = intent(f"again-{round_}", 1000 * number + 500 + round_)
    store = stores.idempotency
    calls = {
        "alike": store.reserve(look_alike, now=NOW, apart=Apart(within=timedelta(seconds=2))),
        "change": store.reserve(change, now=NOW),
        "again": store.reserve(successor, now=NOW, instead_of=failed(round_).order_id),
    }
    answers = await asyncio.gather(*calls.values(), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, LooksLikeAnother | ChangeUnderWay):
            raise answer
    return [name for name, answer in zip(calls, answers, strict=True) if answer is None]


def failed(round_: int) -> Intent:
    """A placement whose key `race` takes over."""
    return replace(intent(f"again-{round_}", 90_000 + round_), state=IntentState.FAILED)


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def _serve(name: str, address: str) -> None:
    async with Medium(name=name, address=address).opened() as stores:
        commands = _Commands(stores)
        _say("ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            command, *arguments = json.loads(line)
            _say(await getattr(commands, command)(*arguments))


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
