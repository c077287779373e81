"""Keeps the tables at the revision that this version of Ordo works with."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, inspect, text

from ordo.domain.errors import ErrorCode, Unavailable

HEAD = "0020"

_SCRIPTS = Path(__file__).parent / "migrations"
# Alembic keeps the migration that runs in module globals.
_one_at_a_time = Lock()


def bring_up_to_date(connection: Connection) -> None:
    """Create or upgrade the tables where needed; costs one look when they are as they should be.

    Runs within the caller's transaction, so that of several processes that start at once one does the work.
    Raises `Unavailable` for a database that is newer than this version, or not Ordo's.
    """
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        if revision == HEAD:
            return
    elif tables:
        raise _foreign("it holds the tables of another program")
    _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    # Imported only when there is work: it doubles the time of an ordinary start.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    try:
        with _one_at_a_time:
            command.upgrade(config, HEAD)
    except CommandError:
        raise _foreign("a newer version of Ordo, or another program, has written it") from None


def _foreign(reason: str) -> Unavailable:
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"The database is not changed and not used: {reason}. No order can be sent. Start the version that wrote it,"
        " or name another database in ORDO_DATABASE_URL.",
    )
