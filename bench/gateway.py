"""Ordo with sessions, intents, switches and journals in memory, to show what the durable ones add."""

from __future__ import annotations

import argparse


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
    _serve_in_memory(arguments.parse_args().port)
