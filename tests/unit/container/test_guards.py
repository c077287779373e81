from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ordo.adapters.memory.circuits import MemoryCircuitStates
from ordo.adapters.sql.circuits import SqlCircuitStates
from ordo.container import guards
from ordo.container.root import container_for
from ordo.domain.accounts import Account
from ordo.domain.budget import Pace, Window
from ordo.domain.instruments import InstrumentKey
from ordo.domain.limits import Limits, SoftMode
from ordo.schemas.config.limits import LimitsConfig
from ordo.schemas.config.settings import ConfigurationError, Settings, load_settings

SBIN = InstrumentKey.parse("NSE:SBIN")
DEMO = Account.parse("paper/DEMO")


def settings_of(kind: str, **limits: Any) -> Settings:  # noqa: ANN401
    """Settings with one broker of a kind, whether or not this version has an adapter for it."""
    brokers = {"it": SimpleNamespace(kind=kind)}
    return cast("Settings", SimpleNamespace(brokers=brokers, limits=LimitsConfig(**limits)))


def windows(*pairs: tuple[int, int]) -> tuple[Window, ...]:
    return tuple(Window(seconds=seconds, limit=limit) for seconds, limit in pairs)


@pytest.mark.parametrize(
    ("kind", "limits", "pace"),
    [
        ("paper", {}, None),
        ("paper", {"orders_per_second": 2}, Pace(orders=windows((1, 2)))),
        ("paper", {"orders_per_minute": 9}, Pace(orders=windows((60, 9)))),
        ("fyers", {}, Pace(orders=windows((1, 8), (60, 140)), reads=windows((1, 4), (60, 100)), strikes=2)),
        (
            "fyers",
            {"orders_per_second": 4, "orders_per_minute": 100},
            Pace(orders=windows((1, 4), (60, 100)), reads=windows((1, 6), (60, 100)), strikes=2),
        ),
        (
            "fyers",
            {"orders_per_second": 10, "orders_per_minute": 200},
            Pace(orders=windows((1, 10), (60, 200)), reads=windows((1, 4), (60, 100)), strikes=2),
        ),
        ("hdfc", {}, Pace(orders=windows((1, 5)), reads=windows((1, 3)))),
    ],
)
def test_the_pace_of_each_kind_of_broker(kind: str, limits: dict[str, int], pace: Pace | None) -> None:
    assert guards.paces(settings_of(kind, **limits)).get("it") == pace


def test_limits_of_the_gateway_of_accounts_and_of_instruments_and_the_tightest_counts(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(
        '[limits]\nmax_order_value = "100000"\nmax_quantity = 50\n'
        '[limits.accounts."paper/DEMO"]\nmax_quantity = 100\nmax_daily_loss = "500"\n'
        '[limits.instruments."NSE:SBIN"]\nmax_order_value = 2000\n'
    )
    rules = guards.rules(load_settings({"ORDO_CONFIG": str(file), "ORDO_LIMITS__SOFT__COVER": "deny"}))
    assert rules.limits.of(DEMO, SBIN) == Limits(
        max_order_value=Decimal(2000), max_quantity=50, max_daily_loss=Decimal(500)
    )
    other = rules.limits.of(Account.parse("paper/X"), InstrumentKey.parse("NSE:INFY"))
    assert other == Limits(max_order_value=Decimal(100_000), max_quantity=50)
    assert rules.soft["cover"] is SoftMode.DENY
    assert rules.soft["band_now"] is SoftMode.WARN


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ORDO_LIMITS__ORDERS_PER_SECOND": "0"}, "orders_per_second"),
        ({"ORDO_LIMITS__ORDER_MAX_WAIT_MS": "2001"}, "order_max_wait_ms"),
        ({"ORDO_LIMITS__MAX_EXPOSURE": "-1"}, "max_exposure"),
        ({"ORDO_LIMITS__SOFT__COVER": "perhaps"}, "cover"),
        ({"ORDO_LIMITS__SOFT__TICK": "off"}, "tick"),
        ({"ORDO_LIMITS__ACCOUNTS__DEMO__MAX_QUANTITY": "1"}, "accounts"),
        ({"ORDO_LIMITS__INSTRUMENTS__SBIN__MAX_QUANTITY": "1"}, "instruments"),
        ({"ORDO_PORTFOLIO_CACHE__TTL_SECONDS": "0.5"}, "ttl_seconds"),
        ({"ORDO_PORTFOLIO_CACHE__TTL_SECONDS": "6"}, "ttl_seconds"),
        ({"ORDO_RESILIENCE__CIRCUITS": "stone"}, "circuits"),
    ],
)
def test_what_is_wrong_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        load_settings(environment)


def test_patience_and_memory_are_as_they_are_set(tmp_path: Path) -> None:
    settings = load_settings(
        {
            "ORDO_DATABASE_URL": f"sqlite:///{tmp_path / 'ordo.db'}",
            "ORDO_PORTFOLIO_CACHE__TTL_SECONDS": "5",
            "ORDO_LIMITS__ORDER_MAX_WAIT_MS": "0",
            "ORDO_RESILIENCE__READ_TRIES": "2",
            "ORDO_RESILIENCE__CIRCUITS": "database",
        }
    )
    assert guards.ttl(settings) == timedelta(seconds=5)
    assert guards.max_wait(settings) == timedelta()
    assert guards.read_rules(settings).tries == 2
    assert isinstance(container_for(settings).circuit_states(), SqlCircuitStates)
    assert isinstance(container_for(Settings()).circuit_states(), MemoryCircuitStates)
