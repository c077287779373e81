"""Ordo as `ordo serve` runs it, but at a broker that bears any pace: no setting lifts the limit of FYERS' reads.

`--memory` keeps sessions, intents, switches and journals in memory, to show what the durable ones add.
"""

from __future__ import annotations

import argparse
import sys
from types import SimpleNamespace

from ordo.container import guards
from ordo.domain.budget import Pace, Window

_ANY_NUMBER = (Window(seconds=1, limit=10_000_000),)
_ANY_PACE = Pace(orders=_ANY_NUMBER, reads=_ANY_NUMBER)


def _of_any_pace(_: str) -> SimpleNamespace:
    return SimpleNamespace(pace=lambda _: _ANY_PACE)


def _serve_in_memory(port: int) -> None:
    import uvicorn
    from dependency_injector import providers

    from ordo.adapters.memory.idempotency import MemoryIdempotencyStore
    from ordo.adapters.memory.journal import MemoryJournal
    from ordo.adapters.memory.safety import MemorySafetyStore
    from ordo.adapters.memory.sessions import MemorySessionStore
    from ordo.container.root import container_for
    from ordo.entrypoints.http.app import create_app
    from ordo.schemas.config.settings import load_settings

    container = container_for(load_settings())
    container.idempotency_store.override(providers.Object(MemoryIdempotencyStore()))
    container.journal.override(providers.Object(MemoryJournal()))
    container.safety_store.override(providers.Object(MemorySafetyStore()))
    container.session_store.override(providers.Object(MemorySessionStore()))
    uvicorn.run(
        create_app(container, own_process=True),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--memory", action="store_true")
    options = arguments.parse_args()
    vars(guards)["plugin_of"] = _of_any_pace
    if options.memory:
        _serve_in_memory(options.port)
    else:
        from ordo.entrypoints.cli import main

        sys.argv = ["ordo", "serve", "--port", str(options.port)]
        main()
