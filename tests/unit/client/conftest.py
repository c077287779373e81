from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar, cast

import pytest

from ordo.client import AsyncOrdoClient, OrdoClient

R = TypeVar("R")


class Ask(Protocol):
    """Make one call with a client of its own, blocking or awaiting; either way the result comes back."""

    def __call__(self, url: str, call: Callable[[OrdoClient], R], *, token: str = "", timeout: float = 20.0) -> R: ...


def _blocking(url: str, call: Callable[[OrdoClient], R], *, token: str = "", timeout: float = 20.0) -> R:
    with OrdoClient(url, token, timeout=timeout) as ordo:
        return call(ordo)


def _awaiting(url: str, call: Callable[[OrdoClient], R], *, token: str = "", timeout: float = 20.0) -> R:
    # The names are the same, so what is written for one client is a coroutine with the other.
    written = cast("Callable[[AsyncOrdoClient], Any]", call)

    async def asked() -> R:
        async with AsyncOrdoClient(url, token, timeout=timeout) as ordo:
            return cast("R", await written(ordo))

    return asyncio.run(asked())


@pytest.fixture(params=[_blocking, _awaiting], ids=["blocking", "awaiting"])
def ask(request: pytest.FixtureRequest) -> Ask:
    chosen: Ask = request.param
    return chosen


@pytest.fixture
def nobody() -> str:
    """The address of a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of a port on which the kernel takes connections, and nobody ever reads them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
