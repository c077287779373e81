"""A gateway on a socket whose brokers want real logins, and a browser that does what a person would."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import uvicorn
from dependency_injector import providers

from ordo.adapters.clock import SystemClock
from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.adapters.memory.sessions import MemorySessionStore
from ordo.adapters.paper.login import PaperLogin
from ordo.application.brokers import BrokerLine, Brokers
from ordo.container.root import container_for
from ordo.entrypoints.http.app import create_app
from ordo.schemas.config.settings import Settings
from tests.support.broker import ScriptedBroker
from tests.support.logins import OtpLogin, RedirectLogin, sent_back
from tests.unit.entrypoints.http.gateway_door import MASTER_KEY, TOKEN

AT_GATEWAY = ("--token", TOKEN)


@dataclass(frozen=True, kw_only=True)
class LoginDesk:
    url: str
    store: MemorySessionStore
    audit: MemoryAuditLog
    redirects: RedirectLogin
    asks: OtpLogin

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("--url", self.url, "--token", TOKEN)

    def secrets_kept(self) -> list[str]:
        """The tokens of all sessions that were opened."""
        return [session.access_token.reveal() for session in asyncio.run(self.store.all())]


@contextmanager
def serving(folder: Path) -> Iterator[LoginDesk]:
    """The gateway, in a thread. Its redirect login comes back to its own callback until told otherwise."""
    settings = {
        "token": TOKEN,
        "master_keys": MASTER_KEY,
        "database_url": f"sqlite+aiosqlite:///{folder / 'gateway.db'}",
    }
    container = container_for(Settings.model_validate(settings))
    clock, store, audit = SystemClock(), MemorySessionStore(), MemoryAuditLog()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        redirects, asks = RedirectLogin(clock, redirect_uri=f"{url}/callback/redirects"), OtpLogin(clock)
        broker = ScriptedBroker(clock)
        logins = {"redirects": redirects, "asks": asks, "paper": PaperLogin(clock=clock)}
        lines = tuple(
            BrokerLine(adapter_id=name, kind="scripted", broker=broker, login=login) for name, login in logins.items()
        )
        container.brokers.override(providers.Object(Brokers(lines)))
        container.session_store.override(providers.Object(store))
        container.audit.override(providers.Object(audit))
        server = uvicorn.Server(uvicorn.Config(create_app(container), log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield LoginDesk(url=url, store=store, audit=audit, redirects=redirects, asks=asks)
        finally:
            server.should_exit = True
            thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass(slots=True)
class Browser(webbrowser.BaseBrowser):
    """Goes to the login page, logs in, and follows the redirect, after whatever `first` it looks at."""

    back: Callable[[str], str] = sent_back
    first: tuple[str, ...] = ()
    pages: list[tuple[int, str]] = field(default_factory=list)

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002
        address = self.back(url)
        origin = "/".join(address.split("/")[:3])
        for path in (*(f"{origin}{path}" for path in self.first), address):
            self.pages.append(visited(path))
        return True

    @property
    def last(self) -> tuple[int, str]:
        return self.pages[-1]


def visited(address: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def typed(text: str) -> Iterator[TextIO]:
    """Standard input with these lines in it, and then its end."""
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as stream:
        os.write(writing, text.encode())
        os.close(writing)
        yield stream
