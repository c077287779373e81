"""How long a call may take, and how large its answer may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Seconds: `connect` to have a connection, a wait for a free one included; `handshake` for that of TLS; `write`
    until the request has left; `first` then until a byte of the answer; `silence` between two bytes; `total` for the
    whole call. `size`: the most bytes an answer's body may have, as sent and unpacked. `connections`: at once to one
    host, at most. A connection is kept for `idle` seconds after its last answer, and is not used once it is `age`
    seconds old.

    The stock transport knows no difference between `first` and `silence` and takes the longer, bounds TLS by `connect`,
    and keeps no connection; `connections` are then those to all hosts.
    """

    connect: float = 3.0
    handshake: float = 3.0
    write: float = 10.0
    first: float = 10.0
    silence: float = 10.0
    total: float = 15.0
    size: int = 32 * 1024 * 1024
    connections: int = 64
    idle: float = 15.0
    age: float = 600.0
