"""The gateway in the command's own process: the very application that `ordo serve` serves, without a socket."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # A server needs no client.
    from ordo.client.transport import AsgiApp, Message

# Doors don't import one another: the application is known by the name under which uvicorn knows it.
APPLICATION = "ordo.entrypoints.http.app:app_from_environment"


@asynccontextmanager
async def application(**given: str) -> AsyncIterator[AsgiApp]:
    """Make the application of this environment, and of what is `given` in its place, and keep it open.

    Raises whatever keeps it from starting.
    """
    module, _, factory = APPLICATION.partition(":")
    make: Callable[[], AsgiApp] = getattr(importlib.import_module(module), factory)
    with _environment(given):
        app = make()
    async with opened(app):
        yield app


@contextmanager
def _environment(given: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@asynccontextmanager
async def opened(app: AsgiApp) -> AsyncIterator[None]:
    """The lifespan protocol of ASGI, from the server's side."""
    told: asyncio.Queue[Message] = asyncio.Queue()
    heard: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
    life = asyncio.ensure_future(app(scope, told.get, heard.put))
    await _step("startup", life, told, heard)
    try:
        yield
    finally:
        await _step("shutdown", life, told, heard)
        await life


async def _step(
    name: str, life: asyncio.Future[None], told: asyncio.Queue[Message], heard: asyncio.Queue[Message]
) -> None:
    await told.put({"type": f"lifespan.{name}"})
    answer = asyncio.ensure_future(heard.get())
    either: set[asyncio.Future[Any]] = {life, answer}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if answer.done() and answer.result()["type"] == f"lifespan.{name}.complete":
        return
    answer.cancel()
    try:
        await life  # It has failed, and raises why.
    except BaseExceptionGroup as group:
        raise _only(group) from None
    raise RuntimeError(f"the application ended at its {name} without a word")


def _only(error: BaseException) -> BaseException:
    """What failed, out of the groups that task groups wrap it in."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
