"""What is remembered, and where. What Redis needs is loaded where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from ordo.adapters.paper.catalogue import load_catalogue, load_reports
from ordo.adapters.sealing import Sealer
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.idempotency import SqlIdempotencyStore
from ordo.adapters.sql.instruments import SqlInstruments
from ordo.adapters.sql.journal import SqlJournal
from ordo.adapters.sql.safety import SqlSafetyStore
from ordo.adapters.sql.sealed import SqlSealedRows
from ordo.adapters.sql.sessions import SqlSessionStore
from ordo.adapters.sql.tokens import SqlTokenStore
from ordo.domain.calendar import trading_day
from ordo.domain.instruments import Instrument
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.ports.safety import SafetyStore
from ordo.ports.sealed import SealedRows
from ordo.ports.sessions import SessionStore
from ordo.ports.tokens import TokenStore
from ordo.schemas.config.settings import Settings

if TYPE_CHECKING:
    from ordo.adapters.redis.server import RedisServer


def _catalogue(clock: Clock) -> tuple[Instrument, ...]:
    return load_catalogue(trading_day(clock.now()))


def _sessions(settings: Settings, database: Database, redis: RedisServer | None, sealer: Sealer) -> SessionStore:
    if redis is None or settings.stores.sessions == "database":
        return SqlSessionStore(database, sealer)
    from ordo.adapters.redis.sessions import RedisSessionStore

    return RedisSessionStore(redis, sealer)


def _idempotency(settings: Settings, database: Database, redis: RedisServer | None) -> IdempotencyStore:
    if redis is None or settings.stores.idempotency == "database":
        return SqlIdempotencyStore(database)
    from ordo.adapters.redis.idempotency import RedisIdempotencyStore

    return RedisIdempotencyStore(redis)


def _sealed(settings: Settings, database: Database, redis: RedisServer | None, sealer: Sealer) -> SealedRows:
    if redis is None or settings.stores.sessions == "database":
        return SqlSealedRows(database, sealer)
    from ordo.adapters.redis.sealed import RedisSealedRows

    return RedisSealedRows(redis, sealer)


class Stores(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    sealer: providers.Dependency[Sealer] = providers.Dependency(instance_of=Sealer)
    database: providers.Dependency[Database] = providers.Dependency(instance_of=Database)
    redis: providers.Dependency[RedisServer | None] = providers.Dependency()
    sessions: providers.Provider[SessionStore] = providers.Singleton(_sessions, settings, database, redis, sealer)
    idempotency: providers.Provider[IdempotencyStore] = providers.Singleton(_idempotency, settings, database, redis)
    safety: providers.Provider[SafetyStore] = providers.Singleton(SqlSafetyStore, database)
    sealed: providers.Provider[SealedRows] = providers.Singleton(_sealed, settings, database, redis, sealer)
    tokens: providers.Provider[TokenStore] = providers.Singleton(SqlTokenStore, database)
    journal: providers.Provider[Journal] = providers.Singleton(SqlJournal, database)
    clock: providers.Dependency[Clock] = providers.Dependency()
    instruments: providers.Provider[InstrumentStore] = providers.Singleton(
        SqlInstruments, database, providers.Callable(_catalogue, clock), providers.Callable(load_reports)
    )
