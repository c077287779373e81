"""What is particular to PostgreSQL: its settings, what its errors mean, and how it compares text."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ordo.domain.errors import ErrorCode, Unavailable

STATEMENT_SECONDS = 5
_IDLE_SECONDS = 10
_SILENT_AFTER_SECONDS, _ASKED_EVERY_SECONDS, _ASKED_TIMES = 10, 5, 3
GIVEN_UP_SECONDS = _SILENT_AFTER_SECONDS + _ASKED_EVERY_SECONDS * _ASKED_TIMES
"""For how long the server keeps the connection, and with it the locks, of a machine that fell silent."""

# A write that returned outlives the server, whatever its default is; and nothing waits, or holds others up, for ever.
SETTINGS = {
    "application_name": "ordo",
    "synchronous_commit": "on",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
    "timezone": "UTC",
    # For the server's end of the connection. Over a socket of the same machine they mean nothing.
    "tcp_keepalives_idle": f"{_SILENT_AFTER_SECONDS}s",
    "tcp_keepalives_interval": f"{_ASKED_EVERY_SECONDS}s",
    "tcp_keepalives_count": str(_ASKED_TIMES),
    "tcp_user_timeout": f"{GIVEN_UP_SECONDS}s",
}

_REMEDY_SERVER = "It is asked again with the next call; look at the server if it stays away"
_LOST = ("the connection to it was lost", _REMEDY_SERVER)
_DENIED = ("it refuses this user", "Check the user, the password and the grants in ORDO_DATABASE_URL")

# By SQLSTATE, or its first two characters (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_CONDITIONS = {
    "08": _LOST,
    "25006": ("it is read-only", "Name the server that takes writes in ORDO_DATABASE_URL"),
    "28": _DENIED,
    "3D": ("there is no such database on the server", "Create it, then run `ordo db upgrade`"),
    "3F": ("its schema is not there", "Check the search path of the user"),
    "40": ("it was too busy with the same records", "Try again"),
    "42501": _DENIED,
    "42P01": ("a table is missing", "Run `ordo db upgrade`"),
    "42703": ("a column is missing", "Run `ordo db upgrade`"),
    "53100": ("its disk is full", "Free disk space"),
    "53200": ("it is out of memory", _REMEDY_SERVER),
    "53300": ("it has no connection left", "Raise max_connections, or start fewer workers"),
    "53": ("it is out of resources", _REMEDY_SERVER),
    "55P03": ("a record stayed locked by another program", "End the other program"),
    "57014": (f"it did not answer within {STATEMENT_SECONDS} seconds", _REMEDY_SERVER),
    "57": ("it is starting or stopping", _REMEDY_SERVER),
    "58": ("its disk or system reported an error", "Check its disk and its log"),
    "XX": ("its data is damaged", "Check its log; restore it from a backup"),
}
_NONE_WRITES = "TargetServerAttributeNotMatched"
_RETRIED = ("40001", "40P01")


def explain(error: BaseException) -> Unavailable | None:
    """A condition of the server as `Unavailable` (`STORE_UNAVAILABLE`); `None` for a job's own error."""
    condition = _condition(error)
    if condition is None:
        return None
    what, remedy = condition
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"The database can't be used: {what}. This call wrote nothing, and no order is ever sent before it is written"
        f" down. {remedy}. The same idempotency key may be used again: it never places a second order.",
    )


def may_be_repeated(error: BaseException) -> bool:
    """Whether a job that had not come to its commit may do better at once: on another connection, or after another
    job that was in its way.
    """
    return state_of(error) in _RETRIED or is_lost(error)


def is_lost(error: BaseException) -> bool:
    """Whether the connection that raised this is gone."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def state_of(error: BaseException) -> str | None:
    """The five characters by which PostgreSQL names a condition, where it named one."""
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)


def _condition(error: BaseException) -> tuple[str, str] | None:
    state = state_of(error)
    if state is not None:
        return _CONDITIONS.get(state) or _CONDITIONS.get(state[:2])
    if isinstance(error, DBAPIError) and type(getattr(error.orig, "__cause__", None)).__name__ == _NONE_WRITES:
        return _CONDITIONS["25006"]
    if is_lost(error) or type(error).__module__.startswith("asyncpg."):
        return _LOST
    # The order matters: a timeout is an error of the system too.
    return next((condition for kind, condition in _KINDS.items() if isinstance(error, kind)), None)


_KINDS = {
    PoolTimeout: ("all of this worker's connections were busy", "Try again, or start more workers"),
    TimeoutError: _CONDITIONS["57014"],
    OSError: ("it can't be reached", _REMEDY_SERVER),
}


_TEXT_COLUMNS = text(
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    " ORDER BY table_name, column_name"
)


def compare_by_code_point(connection: Connection) -> None:
    """Have text compared and put in order as everywhere else in Ordo, whatever language the database was made for."""
    quote = connection.dialect.identifier_preparer.quote
    for table, column in connection.execute(_TEXT_COLUMNS).all():
        connection.execute(text(f'ALTER TABLE {quote(table)} ALTER COLUMN {quote(column)} TYPE text COLLATE "C"'))


def require_fit(connection: Connection) -> None:
    """Raise `Unavailable` where the server could not keep what is given to it."""
    if (connection.dialect.server_version_info or ()) < _OLDEST:
        raise _unfit("it is older than PostgreSQL 13", "Upgrade the server")
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise _unfit(f"its encoding is {encoding}, not UTF8", "Create it with ENCODING 'UTF8'")


_OLDEST = (13,)


def _unfit(what: str, remedy: str) -> Unavailable:
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE, f"The database can't be used: {what}. {remedy}. Nothing was written."
    )
