"""A whole gateway on a loopback socket, in a thread of this process: what `ordo serve` serves, and its world."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from dependency_injector import providers

from ordo.client import AsyncOrdoClient, OrdoClient
from ordo.container.root import container_for
from ordo.entrypoints.cli.in_process import opened
from ordo.entrypoints.cli.listening import protocol
from ordo.entrypoints.http.app import create_app
from ordo.schemas.config.settings import Settings
from ordo.testing.clock import SkippingClock
from ordo.testing.market import Market

PAPER: Final = "paper/DEMO"
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ServedGateway:
    """A gateway that runs, where it is, and the time and the prices of its world."""

    url: str
    token: str
    clock: SkippingClock
    market: Market
    account: str = PAPER

    def client(self) -> OrdoClient:
        """A client of one's own, to be closed by whoever asked for it."""
        return OrdoClient(self.url, self.token)

    def async_client(self) -> AsyncOrdoClient:
        """The same for an event loop: `async with gateway.async_client() as ordo:`."""
        return AsyncOrdoClient(self.url, self.token)

    def __repr__(self) -> str:
        return f"ServedGateway(url={self.url!r})"


@contextmanager
def served_gateway(
    folder: Path, *, settings: Mapping[str, Any] | None = None, clock: SkippingClock | None = None
) -> Iterator[ServedGateway]:
    """Serve a gateway that keeps its files in `folder`, until the block ends.

    `settings` are those of `ordo.toml`, as nested mappings; nothing is read from the environment. Raises
    `pydantic.ValidationError` for settings that can't be used, whatever keeps the gateway from starting, and
    `RuntimeError` where it does not end.
    """
    clock = clock or SkippingClock()
    market = Market(clock)
    token = secrets.token_urlsafe(24)
    chosen = Settings.model_validate(
        {
            "token": token,
            "master_keys": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "database_url": f"sqlite+aiosqlite:///{folder / 'ordo.db'}",
            "audit": {"dir": folder / "audit"},
            **(settings or {}),
        }
    )
    listener = socket.create_server(("127.0.0.1", 0))
    ready: Future[tuple[asyncio.AbstractEventLoop, _Server]] = Future()
    thread = threading.Thread(target=_run, args=(chosen, clock, market, listener, ready), name="gateway", daemon=True)
    thread.start()
    with listener:
        loop, server = ready.result(_SECONDS)
        market.lives_with(lambda act: _act(loop, act))
        try:
            yield ServedGateway(
                url=f"http://127.0.0.1:{listener.getsockname()[1]}",
                token=token if chosen.token is None else chosen.token.get_secret_value(),
                clock=clock,
                market=market,
            )
        finally:
            server.should_exit = True
            thread.join(_SECONDS)
            if thread.is_alive():
                raise RuntimeError("the gateway does not end")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Future[tuple[asyncio.AbstractEventLoop, _Server]]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready.set_result((asyncio.get_running_loop(), self))


def _run(
    settings: Settings,
    clock: SkippingClock,
    market: Market,
    listener: socket.socket,
    ready: Future[tuple[asyncio.AbstractEventLoop, _Server]],
) -> None:
    async def serve() -> None:
        container = container_for(settings)
        container.clock.override(providers.Object(clock))
        container.prices.override(providers.Object(lambda _: market.source))
        app: Any = create_app(container)
        config = uvicorn.Config(
            app,
            http=protocol(settings.http),
            ws="none",
            lifespan="off",
            server_header=False,
            access_log=False,
            log_config=None,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        async with opened(app):
            await _Server(config, ready).serve(sockets=[listener])

    try:
        asyncio.run(serve())
    except BaseException as error:
        if ready.done():
            raise
        ready.set_exception(error)


def _act(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    async def acted() -> None:
        act()

    asyncio.run_coroutine_threadsafe(acted(), loop).result(_SECONDS)
