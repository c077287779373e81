"""What the settings say of limits, paces and patience, in the words of the inside."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ordo.adapters.circuits import PurgatoryCircuits
from ordo.application.care import ReadRules
from ordo.application.screening import Rules
from ordo.container.plugged import plugin_of
from ordo.domain.accounts import Account
from ordo.domain.budget import UNLIMITED, Pace, Window
from ordo.domain.instruments import InstrumentKey
from ordo.domain.limits import LimitBook, Limits, SoftMode
from ordo.ports.circuits import Circuits, CircuitStates
from ordo.ports.clock import Clock
from ordo.schemas.config.brokers import BrokerConfig
from ordo.schemas.config.limits import BoundsConfig, LimitsConfig
from ordo.schemas.config.settings import Settings

_MINUTE = 60


def paces(settings: Settings) -> dict[str, Pace]:
    """The pace of every broker that is enabled. The paper broker has none of its own."""
    brokers = {adapter_id: config for adapter_id, config in settings.brokers.items() if config.enabled}
    found = {adapter_id: _pace(config, settings.limits) for adapter_id, config in brokers.items()}
    return {adapter_id: pace for adapter_id, pace in found.items() if pace != UNLIMITED}


def _pace(config: BrokerConfig, limits: LimitsConfig) -> Pace:
    own: Pace = plugin_of(config.kind).pace(config)
    second, minute = limits.orders_per_second, limits.orders_per_minute
    kept = [one for one in own.orders if (minute if one.seconds >= _MINUTE else second) is None]
    wanted = [Window(seconds=length, limit=limit) for length, limit in ((1, second), (_MINUTE, minute)) if limit]
    return replace(own, orders=tuple(sorted((*kept, *wanted), key=lambda one: one.seconds)))


def max_wait(settings: Settings) -> timedelta:
    return timedelta(milliseconds=settings.limits.order_max_wait_ms)


def rules(settings: Settings) -> Rules:
    """The bounds and the soft checks."""
    limits = settings.limits
    return Rules(
        limits=LimitBook(
            gateway=_limits(limits),
            accounts={Account.parse(name): _limits(config) for name, config in limits.accounts.items()},
            instruments={InstrumentKey.parse(name): _limits(config) for name, config in limits.instruments.items()},
        ),
        soft={name: SoftMode(mode) for name, mode in limits.soft.model_dump().items()},
        allow_stale=settings.instruments.allow_stale,
    )


def _limits(config: BoundsConfig) -> Limits:
    return Limits(**{name: getattr(config, name) for name in BoundsConfig.model_fields})


def read_rules(settings: Settings) -> ReadRules:
    kept = settings.resilience
    return ReadRules(
        timeout=kept.read_timeout_seconds,
        total=kept.read_total_seconds,
        tries=kept.read_tries,
        at_once=kept.reads_at_once,
    )


def circuits(states: CircuitStates, clock: Clock, settings: Settings) -> Circuits:
    kept = settings.resilience
    cool = timedelta(seconds=kept.circuit_cool_seconds)
    return PurgatoryCircuits(states, clock, threshold=kept.circuit_failures, cool=cool)


def ttl(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.portfolio_cache.ttl_seconds)
