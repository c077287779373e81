"""What passes, and is shared by all workers where there is a Redis, or else by this process alone. What Redis needs is
loaded where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from ordo.adapters.memory.budget import MemoryOrderBudget
from ordo.adapters.memory.cache import MemoryPortfolioCache
from ordo.adapters.memory.circuits import MemoryCircuitStates
from ordo.adapters.memory.leases import MemoryLeases
from ordo.adapters.memory.logins import MemoryLoginNotes
from ordo.adapters.sealing import Sealer
from ordo.adapters.sql.circuits import SqlCircuitStates
from ordo.adapters.sql.database import Database
from ordo.ports.budget import OrderBudget
from ordo.ports.cache import PortfolioCache
from ordo.ports.circuits import CircuitStates
from ordo.ports.clock import Clock
from ordo.ports.leases import Leases
from ordo.ports.logins import LoginNotes
from ordo.schemas.config.settings import Settings

if TYPE_CHECKING:
    from ordo.adapters.redis.server import RedisServer


def redis_server(settings: Settings) -> RedisServer | None:
    """The configured server, not opened yet."""
    if settings.redis_url is None:
        return None
    from ordo.adapters.redis.server import RedisServer

    return RedisServer(settings.redis_url, prefix=settings.redis.prefix)


def _leases(redis: RedisServer | None, clock: Clock) -> Leases:
    if redis is None:
        return MemoryLeases(clock)
    from ordo.adapters.redis.leases import RedisLeases

    return RedisLeases(redis)


def _budget(redis: RedisServer | None, clock: Clock) -> OrderBudget:
    if redis is None:
        return MemoryOrderBudget(clock)
    from ordo.adapters.redis.budget import RedisOrderBudget

    return RedisOrderBudget(redis)


def _spare_budget(redis: RedisServer | None, clock: Clock) -> OrderBudget | None:
    return None if redis is None else MemoryOrderBudget(clock)


def _circuit_states(settings: Settings, database: Database, redis: RedisServer | None) -> CircuitStates:
    if settings.resilience.circuits == "database":
        return SqlCircuitStates(database)
    if redis is None:
        return MemoryCircuitStates()
    from ordo.adapters.redis.circuits import RedisCircuitStates

    return RedisCircuitStates(redis)


def _cache(redis: RedisServer | None, clock: Clock) -> PortfolioCache:
    if redis is None:
        return MemoryPortfolioCache(clock)
    from ordo.adapters.redis.cache import RedisPortfolioCache

    return RedisPortfolioCache(redis)


def _logins(redis: RedisServer | None, sealer: Sealer) -> LoginNotes:
    if redis is None:
        return MemoryLoginNotes()
    from ordo.adapters.redis.logins import RedisLoginNotes

    return RedisLoginNotes(redis, sealer)


class Shared(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    database: providers.Dependency[Database] = providers.Dependency(instance_of=Database)
    sealer: providers.Dependency[Sealer] = providers.Dependency(instance_of=Sealer)
    clock: providers.Dependency[Clock] = providers.Dependency()
    redis: providers.Provider[RedisServer | None] = providers.Singleton(redis_server, settings)
    leases: providers.Provider[Leases] = providers.Singleton(_leases, redis, clock)
    budget: providers.Provider[OrderBudget] = providers.Singleton(_budget, redis, clock)
    spare_budget: providers.Provider[OrderBudget | None] = providers.Singleton(_spare_budget, redis, clock)
    circuit_states: providers.Provider[CircuitStates] = providers.Singleton(_circuit_states, settings, database, redis)
    cache: providers.Provider[PortfolioCache] = providers.Singleton(_cache, redis, clock)
    logins: providers.Provider[LoginNotes] = providers.Singleton(_logins, redis, sealer)
