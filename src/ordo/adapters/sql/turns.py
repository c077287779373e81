"""One after the other, where a job decides by what it has read."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import BigInteger, Connection, bindparam, func, select

_WAIT = select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))


def take_turn(connection: Connection, name: str) -> None:
    """Wait until no other transaction has the turn of that name; it is this one's until it ends. What is read after
    this sees what the others have committed. A SQLite file has one writer, so there is nothing to wait for.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_WAIT, {"number": number_of(name)})


def number_of(name: str) -> int:
    """The number by which PostgreSQL knows a name: 64 bits, signed."""
    return int.from_bytes(sha256(f"ordo {name}".encode()).digest()[:8], "big", signed=True)
