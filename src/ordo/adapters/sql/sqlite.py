"""What is particular to SQLite: how a file is opened, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ordo.domain.errors import ErrorCode, Unavailable

_BUSY_SECONDS = 5.0
_OLDEST = (3, 35, 0)
_TRIES = 50

# A write transaction takes its lock at once: one that began by reading would be refused the lock without any
# waiting (SQLITE_BUSY_SNAPSHOT).
BEGIN_WRITE = "BEGIN IMMEDIATE"
BEGIN_READ = "BEGIN"

# FULL because a reservation must outlive a power cut, not only this process: NORMAL syncs a WAL only at checkpoints.
LASTING = "PRAGMA synchronous = FULL"
EASED = "PRAGMA synchronous = NORMAL"
_READ_ONLY = "PRAGMA query_only = ON"
_SETTINGS = (LASTING, "PRAGMA foreign_keys = ON")

_CONDITIONS = {
    "SQLITE_FULL": ("the disk is full", "Free disk space"),
    "SQLITE_READONLY": ("it is read-only", "Make the file and its folder writable for the user that Ordo runs as"),
    "SQLITE_PERM": ("access to it is denied", "Make the file and its folder writable for the user that Ordo runs as"),
    "SQLITE_CANTOPEN": ("it can't be opened", "Check that its folder exists and that Ordo's user may write there"),
    "SQLITE_BUSY": (
        f"it stayed locked by another program for {_BUSY_SECONDS:.0f} seconds",
        "End the other program; SQLite has one writer at a time",
    ),
    "SQLITE_NOTADB": ("the file is not a database", "Name another file, or restore this one from a backup"),
    "SQLITE_CORRUPT": ("the file is damaged", "Restore it from a backup"),
    "SQLITE_IOERR": ("the disk reported an error", "Check the disk and the system's log"),
}


def connect_for_writing(path: Path) -> Connection:
    """Open the file, creating it for its owner alone (mode 0600) where there is none."""
    _create(path)
    return _engine(path).connect()


def connect_for_reading(path: Path) -> Connection:
    """Open a file that `connect_for_writing` has opened before; what would write is refused."""
    connection = _engine(path).connect()
    connection.exec_driver_sql(_READ_ONLY)
    connection.commit()
    return connection


def connect_for_glancing(path: Path) -> sqlite3.Connection:
    """Like `connect_for_reading`, past SQLAlchemy; and it waits for no lock of another program."""
    connection = _open(path, patience=0)
    connection.execute(_READ_ONLY)
    return connection


def sync(path: Path) -> None:
    """Have on the disk what was committed without waiting for it. What a checkpoint has taken out of the WAL is there
    already. Raises `OSError`.
    """
    try:
        wal = os.open(path.with_name(path.name + "-wal"), os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(wal)
    finally:
        os.close(wal)


def explain(error: Exception, path: Path) -> Exception:
    """A condition of the database as `Unavailable` (`STORE_UNAVAILABLE`); any other error as it is."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError):
        return unavailable(path, os.strerror(cause.errno or 0), "Check the path and its permissions")
    if not isinstance(cause, sqlite3.DatabaseError):
        return error
    name = "_".join((getattr(cause, "sqlite_errorname", None) or "").split("_")[:2])
    if name not in _CONDITIONS and not isinstance(cause, sqlite3.OperationalError):
        return error
    explained = unavailable(path, *_CONDITIONS.get(name, (f"SQLite reports {cause}", "Check the file")))
    explained.__cause__ = error
    return explained


def unavailable(path: Path, condition: str, remedy: str) -> Unavailable:
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"The database {path.name} can't be used: {condition}. This call wrote nothing, and no order is"
        f" ever sent before it is written down. {remedy}. The same idempotency key may be used again: it never places a"
        " second order.",
    )


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return


def _engine(path: Path) -> Engine:
    # One connection an engine, owned by one thread. Parameters stay out of error messages: they hold orders.
    return create_engine(
        "sqlite://", creator=lambda: _open(path, _BUSY_SECONDS), poolclass=NullPool, hide_parameters=True
    )


def _open(path: Path, patience: float) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < _OLDEST:
        raise unavailable(
            path, f"SQLite {sqlite3.sqlite_version} is too old", "Use a Python that is built with SQLite 3.35 or newer"
        )
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None)
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
        mode = _write_ahead(connection)
    except BaseException:
        connection.close()
        raise
    if mode != "wal":
        connection.close()
        raise unavailable(path, f"its journal mode is {mode}, not WAL", "Put it on a local disk")
    return connection


def _write_ahead(connection: sqlite3.Connection) -> str:
    # Of several that open a new file at once SQLite refuses all but one, without its usual waiting. Who is refused
    # waits for a write lock instead, and by then it is done.
    for _ in range(_TRIES):
        with suppress(sqlite3.OperationalError):
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        connection.execute(BEGIN_WRITE)
        connection.execute("ROLLBACK")
    return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
