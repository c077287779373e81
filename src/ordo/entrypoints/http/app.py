"""The HTTP application: routes over the gateway's services, wrapped in authentication and correlation."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import partial
from typing import Final

from litestar import Litestar, Router
from litestar.types import ASGIApp

from ordo.application.gateway import Gateway
from ordo.container.lifespan import running
from ordo.container.root import Container, container_for
from ordo.entrypoints.http import callback, health, metering, pages
from ordo.entrypoints.http.auth import Admission
from ordo.entrypoints.http.failures import HANDLERS
from ordo.entrypoints.http.front import Front
from ordo.entrypoints.http.openapi import document
from ordo.entrypoints.http.serving import Serving
from ordo.entrypoints.http.shelter import Shelter
from ordo.entrypoints.http.v1 import accounts, baskets, instruments, orders, sessions, switchboard
from ordo.schemas.config.settings import ConfigurationError, load_settings

_VERSION_1: Final = (orders, baskets, accounts, sessions, instruments, switchboard)
_THRESHOLDS: Final = (100_000, 50, 100)


def create_app(container: Container, *, own_process: bool = False) -> ASGIApp:
    """The application over a container; its lifespan opens the container and closes it.

    `own_process` says that the process does nothing else, so that its garbage collector may be tuned to it. Raises
    `ConfigurationError` where no token is configured: a gateway that anybody can use does not start.
    """
    settings, services = container.settings(), container.gateway()
    if settings.token is None:
        raise ConfigurationError(
            "Ordo can't serve without a token: set ORDO_TOKEN, for example to the output of `openssl rand -hex 32`."
        )
    described = routes(services)
    admission = Admission(
        settings.token.get_secret_value(),
        container.tokens(),
        container.trail(),
        container.clock(),
        requests=settings.http.requests_per_second,
        failures=settings.http.failures_per_minute,
    )

    serving = Serving(admission, most=settings.http.max_body_bytes)

    @asynccontextmanager
    async def open_house(_: Litestar) -> AsyncIterator[None]:
        async with running(container):
            with _settled() if own_process else nullcontext():
                yield

    app = Litestar(
        [*described, metering.routes(container.measures()), pages.routes(partial(document, described))],
        lifespan=[open_house],
        middleware=[serving],
        exception_handlers=HANDLERS,
        openapi_config=None,
        # Its default would make every library log at INFO, and HTTP clients log addresses with what is in them.
        logging_config=None,
    )
    return Front(serving.before(app), container.meter(), Shelter(origins=settings.http.cors_origins))


def routes(gateway: Gateway) -> tuple[Router, ...]:
    """Every route of the contract."""
    return (
        health.routes(gateway),
        callback.routes(gateway),
        Router("/api/v1", route_handlers=[module.routes(gateway) for module in _VERSION_1]),
    )


def app_from_environment() -> ASGIApp:
    """The application of the settings in the environment, for `uvicorn --factory`."""
    return create_app(container_for(load_settings()), own_process=True)


@contextmanager
def _settled() -> Iterator[None]:
    """What is alive now stays alive: the garbage collector leaves it alone, and looks at the rest less often."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
