"""The measure of comparison: one Litestar handler that checks nothing, keeps nothing and places nothing."""

from __future__ import annotations

import argparse
from typing import Any

import uvicorn
from litestar import Litestar, get, post


@post("/orders", status_code=201)
async def place(data: dict[str, Any]) -> dict[str, Any]:
    return data


@get("/ready")
async def ready() -> str:
    return "ok"


app = Litestar([place, ready], logging_config=None, openapi_config=None)

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
