"""The one door to Redis: scripts, each of which is carried out as a whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import TimeoutError as RedisTimeout

from ordo.domain.errors import ErrorCode, Invalid, Unavailable

_log = logging.getLogger(__name__)

_SECONDS: Final = 2.0
_CONNECTIONS: Final = 32
_REST_SECONDS: Final = 1.0
"""For how long a server that has just let a call wait for nothing is not asked again."""

SERVER_TIME: Final = """
local function server_now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
"""
"""How a script tells the time, in microseconds: by the server's clock, which is the same for all who share it."""


class RedisServer:
    """A server, given as `redis://`, `rediss://` or `unix://`; every key begins with the prefix.

    The prefix stands in braces, so that a cluster keeps all keys in one place, as scripts need them.

    Failure: `Unavailable` (`STORE_UNAVAILABLE`). A script whose answer was lost may have been carried out, and is never
    repeated here.
    """

    def __init__(self, url: str, *, prefix: str = "ordo", time: str = SERVER_TIME) -> None:
        if urlsplit(url).scheme not in ("redis", "rediss", "unix"):
            raise Invalid.field(
                "ORDO_REDIS_URL",
                "must begin with redis://, rediss:// or unix://, such as redis://127.0.0.1:6379/0",
                code=ErrorCode.VALIDATION_ERROR,
            )
        self._url = url
        self.prefix = "{" + prefix + "}:"
        self._time = time
        self._client: Redis | None = None
        self._rests_until = 0.0

    async def open(self) -> None:
        """Make ready to serve, and see that the server does."""
        pool = BlockingConnectionPool.from_url(
            self._url,
            decode_responses=True,
            max_connections=_CONNECTIONS,
            timeout=_SECONDS,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            # A script that is repeated may count twice; who calls decides whether that does harm.
            retry=Retry(NoBackoff(), 0),
        )
        self._client = Redis(connection_pool=pool)
        try:
            await self.ping()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the server. Closing what is closed is success."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
            await client.connection_pool.disconnect()

    async def ping(self) -> None:
        """Raise `Unavailable` unless the server answers."""
        await self._asked("PING")

    async def run(self, script: Script, *arguments: str | int) -> Any:  # noqa: ANN401  (whatever the script returns)
        """Carry out a script: its first argument is the prefix, and what follows are these."""
        client = self._opened()
        given = [self.prefix, *arguments]
        if monotonic() < self._rests_until:
            raise unavailable(RedisTimeout())
        try:
            return await script.on(client, self._time)(args=given)
        except (RedisError, OSError) as error:
            if _is_silence(error):
                # One call may need several scripts, each of which would wait in vain.
                self._rests_until = monotonic() + _REST_SECONDS
            raise unavailable(error) from error

    async def settings(self, *names: str) -> dict[str, str]:
        """The server's own settings; one that it does not tell is missing."""
        told: dict[str, str] = {}
        for name in names:
            answer = await self._asked("CONFIG", "GET", name)
            told |= answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
        return told

    async def _asked(self, *words: str) -> Any:  # noqa: ANN401
        try:
            return await self._opened().execute_command(*words)  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            raise unavailable(error) from error

    def _opened(self) -> Redis:
        if self._client is None:
            raise Unavailable(ErrorCode.STORE_UNAVAILABLE, "Redis is not open: nothing was written.")
        return self._client


class Script:
    """One script in Lua. It may use `P`, the prefix, and `server_now()`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._made: dict[str, Any] = {}

    def on(self, client: Redis, time: str) -> Any:  # noqa: ANN401  (redis-py's own type says less than it does)
        """The script as it is called; it is sent in full only to a server that does not know it yet."""
        made = self._made.get(time)
        if made is None:
            made = self._made[time] = client.register_script(f"{time}\nlocal P = ARGV[1]\n{self._text}")
        return _Bound(made, client)


class _Bound:
    def __init__(self, made: Any, client: Redis) -> None:  # noqa: ANN401
        self._made = made
        self._client = client

    async def __call__(self, args: Sequence[str | int]) -> Any:  # noqa: ANN401
        return await self._made(keys=[], args=args, client=self._client)


def unavailable(error: Exception) -> Unavailable:
    """A failure of the server in words that hold no key and no value."""
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"Redis can't be used: {_condition(error)}. No order is ever sent before what it needs is written down and"
        " counted, so this call sent none. It is asked again with the next call; the same idempotency key may be used"
        " again, and never places a second order.",
    )


def _is_silence(error: Exception) -> bool:
    """Whether the server said nothing, on a connection or while one was made."""
    return any(isinstance(one, RedisTimeout | TimeoutError) for one in (error, error.__cause__, error.__context__))


def _condition(error: Exception) -> str:
    for kind, words in _KINDS.items():
        # What was refused while connecting comes as the reason of a failed connection.
        if isinstance(error, kind) or isinstance(error.__cause__, kind):
            return words
    if isinstance(error, ResponseError):
        word = str(error).partition(" ")[0]
        return _SAID.get(word, "it refused a command") + (f" ({word})" if word.isupper() else "")
    return "it can't be reached"


_KINDS: Final[dict[type[Exception], str]] = {
    AuthenticationError: "it refuses this user or password",
    BusyLoadingError: "it is loading its data",
    OutOfMemoryError: "its memory is full",
    ReadOnlyError: "it is a replica that takes no writes",
    NoPermissionError: "it denies this user a command",
    RedisTimeout: f"it did not answer within {_SECONDS:.0f} seconds",
}
_SAID: Final = {
    "MISCONF": "it can't write to its disk",
    "NOREPLICAS": "it has too few replicas",
    "MASTERDOWN": "its master is away",
}
