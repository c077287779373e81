"""The measure of comparison: one Litestar handler that forwards an order and its answer. It checks nothing, keeps
nothing and promises nothing. It speaks to the broker through Ordo's own HTTP client, so that the client is no
difference.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from litestar import Litestar, get, post

from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpRequest

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Authorization": "bench:token"}
_URL = f"{os.environ.get('BENCH_BROKER', '')}/orders/sync"
client = HttpClient()


@post("/orders", status_code=201)
async def place(data: dict[str, Any]) -> dict[str, Any]:
    reply = await client.send(HttpRequest(method="POST", url=_URL, headers=_HEADERS, body=json.dumps(data).encode()))
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


@get("/ready")
async def ready() -> str:
    return "ok"


@asynccontextmanager
async def _closing(_: Litestar) -> AsyncIterator[None]:
    yield
    await client.aclose()


app = Litestar([place, ready], logging_config=None, openapi_config=None, lifespan=[_closing])

if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=arguments.parse_args().port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
    )
