"""What the settings say of limits, paces and patience, in the words of the inside."""

from __future__ import annotations

from datetime import timedelta

from ordo.adapters.circuits import PurgatoryCircuits
from ordo.application.care import ReadRules
from ordo.application.screening import Rules
from ordo.container.plugged import plugin_of
from ordo.domain.accounts import Account
from ordo.domain.budget import Pace, Window
from ordo.domain.instruments import InstrumentKey
from ordo.domain.limits import LimitBook, Limits, SoftMode
from ordo.ports.circuits import Circuits, CircuitStates
from ordo.ports.clock import Clock
from ordo.schemas.config.limits import BoundsConfig
from ordo.schemas.config.settings import Settings

_MINUTE = 60


_ORDERS_A_MINUTE, _READS_A_MINUTE = 140, 100


def paces(settings: Settings) -> dict[str, Pace]:
    """The pace of every configured broker. The paper broker has none of its own."""
    found = {adapter_id: _pace(config.kind, settings) for adapter_id, config in settings.brokers.items()}
    return {adapter_id: pace for adapter_id, pace in found.items() if pace is not None}


def _pace(kind: str, settings: Settings) -> Pace | None:
    own, second, minute = plugin_of(kind).calls, settings.limits.orders_per_second, settings.limits.orders_per_minute
    if own is None:
        return Pace(orders=_windows(second, minute)) if second or minute else None
    second = second or own.orders
    reads, reads_minute = own.reads, None
    if own.pooled is not None and own.pooled_minute is not None:
        minute = minute or _ORDERS_A_MINUTE
        reads = max(reads, own.pooled - second)
        reads_minute = max(_READS_A_MINUTE, own.pooled_minute - minute)
    return Pace(orders=_windows(second, minute), reads=_windows(reads, reads_minute), strikes=own.strikes)


def _windows(second: int | None, minute: int | None) -> tuple[Window, ...]:
    return tuple(
        Window(seconds=seconds, limit=limit) for seconds, limit in ((1, second), (_MINUTE, minute)) if limit is not None
    )


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
