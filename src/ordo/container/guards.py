"""What the settings say of limits, paces and patience, in the words of the inside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ordo.adapters.circuits import PurgatoryCircuits
from ordo.application.care import ReadRules
from ordo.application.screening import Rules
from ordo.domain.accounts import Account
from ordo.domain.budget import UNLIMITED, Pace, Window
from ordo.domain.instruments import InstrumentKey
from ordo.domain.limits import LimitBook, Limits, SoftMode
from ordo.ports.circuits import Circuits, CircuitStates
from ordo.ports.clock import Clock
from ordo.schemas.config.brokers import BrokerConfig, FyersConfig, HDFCConfig
from ordo.schemas.config.limits import BoundsConfig, LimitsConfig
from ordo.schemas.config.settings import Settings

_MINUTE = 60


# Of all calls of an account, as many a second as its orders may be at most, and as its reads; and so many a minute. The
# two together are more than the whole: what one of them leaves, the other may take.
_FYERS_SHARES = {1: (8, 4, 9), _MINUTE: (140, 100, 190)}


def paces(settings: Settings) -> dict[str, Pace]:
    """The pace of every configured broker. The paper broker has none of its own."""
    found = {adapter_id: _pace(config, settings.limits) for adapter_id, config in settings.brokers.items()}
    return {adapter_id: pace for adapter_id, pace in found.items() if pace != UNLIMITED}


def _pace(config: BrokerConfig, limits: LimitsConfig) -> Pace:
    second, minute = limits.orders_per_second, limits.orders_per_minute
    if isinstance(config, FyersConfig):
        return _fyers(config, {1: second, _MINUTE: minute})
    if isinstance(config, HDFCConfig):
        orders = _rate(config.orders_per_second) if second is None else Window(seconds=1, limit=second)
        return Pace(orders=(orders, *_windows({_MINUTE: minute})), reads=(_rate(config.reads_per_second),))
    return Pace(orders=_windows({1: second, _MINUTE: minute}))


def _fyers(config: FyersConfig, wanted: dict[int, int | None]) -> Pace:
    """FYERS counts every call of a user in one pool."""
    pool = {1: config.calls_per_second, _MINUTE: config.calls_per_minute}
    orders, reads = dict(wanted), {}
    for seconds, (most_orders, most_reads, whole) in _FYERS_SHARES.items():
        orders[seconds] = wanted[seconds] or max(1, pool[seconds] * most_orders // whole)
        reads[seconds] = max(1, pool[seconds] * most_reads // whole)
    return Pace(
        orders=_windows(orders),
        reads=_windows(reads),
        pool=_windows(pool),
        daily=config.calls_per_day,
        strikes=config.strikes_per_day or None,
    )


def _windows(limits: Mapping[int, int | None]) -> tuple[Window, ...]:
    return tuple(Window(seconds=seconds, limit=limit) for seconds, limit in limits.items() if limit is not None)


def _rate(per_second: float) -> Window:
    """So many a second, of which one may be a part."""
    return Window(seconds=1, limit=int(per_second)) if per_second >= 1 else Window(seconds=1 / per_second, limit=1)


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
