"""A gateway with two brokers, of which one never answers: what does that cost the other?"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any, NoReturn

import uvicorn
from dependency_injector import providers

from bench.load import post
from ordo.adapters.paper.broker import PaperBroker
from ordo.adapters.paper.catalogue import load_listings
from ordo.adapters.paper.market import SeededMarket
from ordo.application.brokers import BrokerLine, Brokers
from ordo.container.root import container_for
from ordo.domain.errors import ErrorCode, OutcomeUnknown, Unavailable
from ordo.domain.orders import OrderTerms
from ordo.domain.sessions import Session
from ordo.entrypoints.http.app import create_app
from ordo.schemas.config.settings import load_settings

CALLERS = 32
SECONDS = 5.0


class HangingBroker(PaperBroker):
    """Takes every call and answers none, until its adapter gives up."""

    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> NoReturn:
        del session, terms, tag
        await asyncio.sleep(SECONDS)
        raise OutcomeUnknown("no answer in time")

    async def funds(self, session: Session) -> NoReturn:
        del session
        await _silence()

    async def positions(self, session: Session) -> NoReturn:
        del session
        await _silence()

    async def holdings(self, session: Session) -> NoReturn:
        del session
        await _silence()

    async def orders(self, session: Session) -> NoReturn:
        del session
        await _silence()


async def _silence() -> NoReturn:
    await asyncio.sleep(SECONDS)
    raise Unavailable(ErrorCode.BROKER_TIMEOUT, "no answer in time")


def application() -> Any:  # noqa: ANN401  (an ASGI application)
    """The gateway of the environment, beside a broker `hangs`."""
    container = container_for(load_settings())
    (paper,) = container.brokers().lines
    hanging = HangingBroker(
        adapter_id="hangs",
        journal=container.journal(),
        prices=SeededMarket(load_listings(), seed="hangs"),
        instruments=container.instruments(),
        clock=container.clock(),
    )
    line = BrokerLine(adapter_id="hangs", kind="paper", broker=hanging, login=paper.login, obeys_hours=False)
    container.brokers.override(providers.Object(Brokers((paper, line))))
    return create_app(container, own_process=True)


@contextlib.contextmanager
def callers(port: int, token: str, body: bytes) -> Iterator[None]:
    """Many who ask the hanging broker for portfolios and orders, again and again, until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_ask(port, token, body, stop)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def _ask(port: int, token: str, body: bytes, stop: threading.Event) -> None:
    async def one(number: int) -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(_request(number, token, body))
                await reader.readuntil(b"\r\n\r\n")
            finally:
                writer.close()
            await asyncio.sleep(1)

    asking = [asyncio.ensure_future(one(number)) for number in range(CALLERS)]
    while not stop.is_set():  # noqa: ASYNC110  (an event of threads)
        await asyncio.sleep(0.05)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


def _request(number: int, token: str, body: bytes) -> bytes:
    authorization = f"Bearer {token}"
    if number % 2:
        key = f"hangs-{os.urandom(8).hex()}"
        return post(
            "/api/v1/accounts/hangs/DEMO/orders", body, {"Authorization": authorization, "Idempotency-Key": key}
        )
    head = f"GET /api/v1/accounts/hangs/DEMO/portfolio HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}"
    return f"{head}\r\n\r\n".encode()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    uvicorn.run(
        application(),
        host="127.0.0.1",
        port=arguments.parse_args().port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
    )
