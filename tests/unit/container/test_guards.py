from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ordo.adapters.memory.circuits import MemoryCircuitStates
from ordo.adapters.sql.circuits import SqlCircuitStates
from ordo.container import guards
from ordo.container.root import container_for
from ordo.domain.accounts import Account
from ordo.domain.budget import Pace, Window
from ordo.domain.instruments import InstrumentKey
from ordo.domain.limits import Limits, SoftMode
from ordo.schemas.config.settings import ConfigurationError, Settings, load_settings

SBIN = InstrumentKey.parse("NSE:SBIN")
DEMO = Account.parse("paper/DEMO")


def windows(*pairs: tuple[int, int]) -> tuple[Window, ...]:
    return tuple(Window(seconds=seconds, limit=limit) for seconds, limit in pairs)


def _fyers(
    orders: tuple[Window, ...],
    *,
    reads: tuple[Window, ...] = (),
    pool: tuple[Window, ...] = (),
    strikes: int | None = 2,
) -> Pace:
    return Pace(
        orders=orders,
        reads=reads or windows((1, 4), (60, 100)),
        pool=pool or windows((1, 9), (60, 190)),
        daily=100_000,
        strikes=strikes,
    )


@pytest.mark.parametrize(
    ("broker", "changes", "pace"),
    [
        ("paper", {}, None),
        ("paper", {"LIMITS__ORDERS_PER_SECOND": "2"}, Pace(orders=windows((1, 2)))),
        ("paper", {"LIMITS__ORDERS_PER_MINUTE": "9"}, Pace(orders=windows((60, 9)))),
        ("fyers", {}, _fyers(windows((1, 8), (60, 140)))),
        (
            "fyers",
            {"LIMITS__ORDERS_PER_SECOND": "10", "LIMITS__ORDERS_PER_MINUTE": "200"},
            _fyers(windows((1, 10), (60, 200))),
        ),
        (
            "fyers",
            {"BROKERS__FYERS__CALLS_PER_SECOND": "5", "BROKERS__FYERS__STRIKES_PER_DAY": "0"},
            _fyers(
                windows((1, 4), (60, 140)),
                reads=windows((1, 2), (60, 100)),
                pool=windows((1, 5), (60, 190)),
                strikes=None,
            ),
        ),
        ("hdfc", {}, Pace(orders=windows((1, 5)), reads=windows((1, 3)))),
        (
            "hdfc",
            {"BROKERS__HDFC__READS_PER_SECOND": "0.5", "LIMITS__ORDERS_PER_SECOND": "2"},
            Pace(orders=windows((1, 2)), reads=windows((2, 1))),
        ),
        ("hdfc", {"BROKERS__HDFC__READS_PER_SECOND": "20"}, Pace(orders=windows((1, 5)), reads=windows((1, 20)))),
    ],
)
def test_the_pace_of_each_kind_of_broker(broker: str, changes: dict[str, str], pace: Pace | None) -> None:
    environment = {f"ORDO_{name}": value for name, value in changes.items()}
    if broker != "paper":
        environment[f"ORDO_BROKERS__{broker.upper()}__BASE_URL"] = "http://127.0.0.1:1"
    assert guards.paces(load_settings(environment)).get(broker) == pace


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
