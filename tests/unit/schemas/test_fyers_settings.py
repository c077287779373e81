from __future__ import annotations

from pathlib import Path

import pytest

from ordo.adapters.masters.fyers import FyersMaster
from ordo.container.root import container_for
from ordo.schemas.config.brokers import FyersConfig
from ordo.schemas.config.settings import ConfigurationError, Settings, load_settings

_APP = {"ORDO_BROKERS__FYERS__CLIENT_ID": "AB12-100", "ORDO_BROKERS__FYERS__SECRET_KEY": "canary"}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def fyers(settings: Settings, adapter_id: str = "fyers") -> FyersConfig:
    config = settings.brokers[adapter_id]
    assert isinstance(config, FyersConfig)
    return config


def masters(settings: Settings) -> list[str]:
    sources = container_for(settings).master_sources()
    return [source._place for source in sources if isinstance(source, FyersMaster)]


def test_an_app_trades_at_the_brokers_own_hosts() -> None:
    settings = load_settings(_APP)
    config = fyers(settings)
    assert config.base_url == "https://api-t1.fyers.in/api/v3"
    assert config.data == "https://api-t1.fyers.in/data"
    assert config.masters == "https://public.fyers.in/sym_details"
    assert masters(settings) == [config.masters]
    assert "canary" not in repr(settings)


def test_the_address_of_an_emulator_is_enough() -> None:
    settings = load_settings({"ORDO_BROKERS__FYERS__BASE_URL": "http://127.0.0.1:9001/api/v3/"})
    config = fyers(settings)
    assert (config.base_url, config.data) == ("http://127.0.0.1:9001/api/v3", "http://127.0.0.1:9001/data")
    assert masters(settings) == ["http://127.0.0.1:9001/sym_details"]
    assert (config.client_id, config.secret_key.get_secret_value()) == ("EMULATED-100", "EMULATED-SECRET")


def test_every_host_can_be_set() -> None:
    settings = load_settings(
        _APP
        | {
            "ORDO_BROKERS__MINE__KIND": "fyers",
            "ORDO_BROKERS__MINE__CLIENT_ID": "CD34-200",
            "ORDO_BROKERS__MINE__SECRET_KEY": "canary",
            "ORDO_BROKERS__FYERS__ENABLED": "false",
            "ORDO_BROKERS__MINE__BASE_URL": "https://one.example.com/v3",
            "ORDO_BROKERS__MINE__DATA_URL": "https://two.example.com",
            "ORDO_BROKERS__MINE__MASTER_URL": "https://three.example.com/masters",
        }
    )
    config = fyers(settings, "mine")
    assert (config.client_id, config.data) == ("CD34-200", "https://two.example.com")
    assert masters(settings) == ["https://three.example.com/masters"]


def test_the_setting_of_the_instruments_stands_above_the_brokers() -> None:
    settings = load_settings({**_APP, "ORDO_INSTRUMENTS__FYERS_URL": "masters"})
    assert masters(settings) == ["masters"]


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ORDO_BROKERS__FYERS__CLIENT_ID": "AB12-100"}, "secret_key must be set"),
        ({"ORDO_BROKERS__FYERS__SECRET_KEY": "canary"}, "client_id must be set"),
        (
            {"ORDO_BROKERS__FYERS__CLIENT_ID": "AB12-100", "ORDO_BROKERS__FYERS__BASE_URL": "http://127.0.0.1:9001"},
            "secret_key must be set",
        ),
        ({"ORDO_BROKERS__FYERS__BASE_URL": "https://api-t1.fyers.in/api/v3/"}, "client_id and secret_key must be set"),
        ({"ORDO_BROKERS__FYERS__ENABLED": "true"}, "client_id and secret_key must be set"),
        ({**_APP, "ORDO_BROKERS__FYERS__BASE_URL": "api.example.com"}, "base_url"),
        ({**_APP, "ORDO_BROKERS__FYERS__BASE_URL": "ftp://api.example.com"}, "base_url"),
        ({**_APP, "ORDO_BROKERS__FYERS__DATA_URL": "http://[bad"}, "data_url"),
        ({**_APP, "ORDO_BROKERS__FYERS__DATA_URL": "http://x/?q=1"}, "data_url"),
        ({**_APP, "ORDO_BROKERS__FYERS__PIN": "1234"}, "pin"),
    ],
)
def test_what_is_wrong_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as error:
        load_settings(environment)
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("base_url", "said", "keeps"),
    [
        (None, None, True),
        ("http://127.0.0.1:8123/api/v3", None, False),
        ("http://localhost:8123/api/v3", None, False),
        ("http://[::1]:8123/api/v3", None, False),
        ("https://fyers.example.com/api/v3", None, True),
        ("http://127.0.0.1:8123/api/v3", "true", True),
        (None, "false", False),
    ],
)
def test_hours_are_kept_but_by_an_emulator_on_this_machine(
    base_url: str | None, said: str | None, *, keeps: bool
) -> None:
    values = {"client_id": "X-100", "secret_key": "S", "base_url": base_url, "obeys_hours": said}
    config = FyersConfig.model_validate({name: value for name, value in values.items() if value is not None})
    assert config.keeps_hours is keeps
