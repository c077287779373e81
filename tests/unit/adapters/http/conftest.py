from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol, get_args

import pytest
import pytest_asyncio
import uvloop

from ordo.adapters.http.client import HttpClient, Transport
from ordo.adapters.http.limits import HttpLimits


class Dial(Protocol):
    """Makes a client over the transport that is under test, with these limits and no others changed."""

    def __call__(self, *, tls: ssl.SSLContext | None = None, **limits: Any) -> HttpClient: ...  # noqa: ANN401


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The gateway runs on uvloop where there is one, and both differ in when they write."""
    del config, item
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=get_args(Transport))
def transport(request: pytest.FixtureRequest) -> Transport:
    given: Transport = request.param
    return given


@pytest_asyncio.fixture
async def dial(transport: Transport) -> AsyncIterator[Dial]:
    async with _dialling(transport) as made:
        yield made


@pytest_asyncio.fixture
async def dial_own() -> AsyncIterator[Dial]:
    async with _dialling("own") as made:
        yield made


class _dialling:  # noqa: N801
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._made: list[HttpClient] = []

    async def __aenter__(self) -> Dial:
        return self._dial

    async def __aexit__(self, *_: object) -> None:
        for client in self._made:
            await client.aclose()

    def _dial(self, *, tls: ssl.SSLContext | None = None, **limits: Any) -> HttpClient:  # noqa: ANN401
        client = HttpClient(HttpLimits(**limits), transport=self._transport, tls=tls)
        self._made.append(client)
        return client
