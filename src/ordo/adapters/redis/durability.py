"""Whether a server may be trusted with durable facts."""

from __future__ import annotations

import logging

from ordo.adapters.redis.server import RedisServer
from ordo.domain.errors import ErrorCode, Unavailable

_log = logging.getLogger(__name__)

_WANTED = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


async def require_durable(server: RedisServer, *, may_lose: bool) -> None:
    """Raise `Unavailable` unless the server keeps every write that it has acknowledged, or may lose some."""
    try:
        told = await server.settings(*_WANTED)
    except Unavailable:
        told = {}
    faults = [f"{name} is {told.get(name, 'not told')}" for name, value in _WANTED.items() if told.get(name) != value]
    if not faults:
        return
    if may_lose:
        _log.warning(
            "Redis may lose idempotency records or sessions (%s); after a loss a key that was used may place a second"
            " order. This is accepted by ORDO_STORES__REDIS_MAY_LOSE",
            ", ".join(faults),
        )
        return
    wanted = ", ".join(f"{name} {value}" for name, value in _WANTED.items())
    raise Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"Redis is not to be trusted with what must not be lost: {', '.join(faults)}. No order can be sent. Set"
        f" {wanted}; or leave ORDO_STORES__IDEMPOTENCY and ORDO_STORES__SESSIONS at database; or, if a key that was"
        " used may place a second order after a loss, set ORDO_STORES__REDIS_MAY_LOSE=true.",
    )
