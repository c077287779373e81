from __future__ import annotations

from pathlib import Path

import pytest

from ordo.adapters.masters.hdfc import HdfcMaster
from ordo.container.root import container_for
from ordo.schemas.config.brokers import HDFCConfig
from ordo.schemas.config.settings import ConfigurationError, Settings, load_settings

_APP = {"ORDO_BROKERS__HDFC__API_KEY": "key-canary", "ORDO_BROKERS__HDFC__API_SECRET": "secret-canary"}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def hdfc(settings: Settings, adapter_id: str = "hdfc") -> HDFCConfig:
    config = settings.brokers[adapter_id]
    assert isinstance(config, HDFCConfig)
    return config


def masters(settings: Settings) -> list[str]:
    sources = container_for(settings).master_sources()
    return [source._place for source in sources if isinstance(source, HdfcMaster)]


def test_an_app_trades_at_the_brokers_own_host() -> None:
    settings = load_settings(_APP)
    assert hdfc(settings).base_url == "https://developer.hdfcsec.com"
    assert masters(settings) == ["https://developer.hdfcsec.com/oapi/v1/security-master"]
    assert "canary" not in repr(settings)


def test_the_address_of_an_emulator_is_enough() -> None:
    settings = load_settings({"ORDO_BROKERS__HDFC__BASE_URL": "http://127.0.0.1:9001/"})
    config = hdfc(settings)
    assert config.base_url == "http://127.0.0.1:9001"
    assert config.api_key.get_secret_value() == "EMULATED"
    assert masters(settings) == ["http://127.0.0.1:9001/oapi/v1/security-master"]


def test_who_names_an_app_must_name_it_wholly() -> None:
    with pytest.raises(ConfigurationError, match="api_secret must be set"):
        load_settings({"ORDO_BROKERS__HDFC__BASE_URL": "http://127.0.0.1:9001", "ORDO_BROKERS__HDFC__API_KEY": "x"})


def test_the_master_may_be_elsewhere() -> None:
    settings = load_settings(_APP | {"ORDO_BROKERS__HDFC__MASTER_URL": "https://elsewhere/master.csv"})
    assert masters(settings) == ["https://elsewhere/master.csv"]
    settings = load_settings(_APP | {"ORDO_INSTRUMENTS__HDFC_URL": "here.csv"})
    assert masters(settings) == ["here.csv"]


def test_a_second_app_has_a_name_of_its_own() -> None:
    second = {name.replace("__HDFC__", "__MINE__"): value for name, value in _APP.items()}
    settings = load_settings({**_APP, **second, "ORDO_BROKERS__MINE__KIND": "hdfc"})
    assert hdfc(settings, "mine") == hdfc(settings)


def test_a_broker_that_is_left_out_needs_nothing() -> None:
    settings = load_settings({"ORDO_BROKERS__HDFC__ENABLED": "false"})
    assert masters(settings) == []
    assert [line.adapter_id for line in container_for(settings).brokers().lines] == ["paper"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("API_SECRET", "", "api_secret must be set"),
        ("BASE_URL", "ftp://host", "base_url"),
        ("BASE_URL", "https://host/?x=1", "base_url"),
        ("USER_AGENT", "Mozillä", "user_agent"),
        ("USER_AGENT", "two\nlines", "user_agent"),
        ("LOGIN", "totp", "login"),
        ("SIDE_STYLE", "lower", "side_style"),
        ("MARKET_ORDERS", "market", "market_orders"),
        ("PROTECTION_PERCENT", "0", "protection_percent"),
        ("QUOTE_BATCH", "11", "quote_batch"),
        ("ORDERS_PER_SECOND", "11", "orders_per_second"),
        ("READS_PER_SECOND", "0", "reads_per_second"),
        ("CLIENT_ID", "x", "client_id"),
    ],
)
def test_what_can_not_be_is_told_by_name_and_without_the_secret(name: str, value: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_settings(_APP | {f"ORDO_BROKERS__HDFC__{name}": value})
    assert told in str(error.value)
    assert "canary" not in str(error.value)
