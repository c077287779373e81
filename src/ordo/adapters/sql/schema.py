"""Keeps the tables at the revision that this version of Ordo works with."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from ordo.adapters.sql import postgres
from ordo.adapters.sql.turns import take_turn
from ordo.domain.errors import ErrorCode, Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0006"

_SCRIPTS = Path(__file__).parent / "migrations"
# Alembic keeps the migration that runs in module globals.
_one_at_a_time = Lock()


def bring_up_to_date(connection: Connection) -> tuple[str | None, str]:
    """Create or upgrade the tables where needed; costs one look when they are as they should be. Returns the revision
    that was found, `None` where there were no tables, and the one that is there now.

    Runs within the caller's transaction, so that of several processes that start at once one does the work.
    Raises `Unavailable` for a database that is newer than this version, or not Ordo's. It may take long, and
    blocks: never on an event loop that has other work.
    """
    take_turn(connection, "upgrade")
    found = _revision(connection)
    if found != HEAD:
        _upgrade(connection)
    return found, HEAD


def require_up_to_date(connection: Connection) -> None:
    """Raise `Unavailable` unless the tables are at the revision that this version works with."""
    found = _revision(connection)
    if found == HEAD:
        return
    if found is not None and found not in _known_revisions():
        raise _foreign(_NEWER)
    standing = "has no tables yet" if found is None else f"is of revision {found}, and this version works with {HEAD}"
    raise Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"The database {standing}. Nothing was changed, and no order can be sent. Make a back-up, then run"
        " `ordo db upgrade` once, while no gateway runs.",
    )


def _revision(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if tables:
        raise _foreign("it holds the tables of another program")
    return None


def _upgrade(connection: Connection) -> None:
    # Imported only when there is work: it doubles the time of an ordinary start.
    from alembic import command
    from alembic.util import CommandError

    config = _config()
    config.attributes["connection"] = connection
    try:
        with _one_at_a_time:
            command.upgrade(config, HEAD)
    except CommandError:
        raise _foreign(_NEWER) from None
    if connection.dialect.name == "postgresql":
        postgres.compare_by_code_point(connection)


def _known_revisions() -> set[str]:
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


_NEWER = "a newer version of Ordo, or another program, has written it"


def _foreign(reason: str) -> Unavailable:
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"The database is not changed and not used: {reason}. No order can be sent. Start the version that wrote it,"
        " or name another database in ORDO_DATABASE_URL.",
    )
