from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ordo.schemas.config.brokers import PaperConfig
from ordo.schemas.config.secret_files import secret_files
from ordo.schemas.config.settings import ConfigurationError, Settings, load_settings


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_set_gives_the_small_defaults() -> None:
    settings = load_settings({})
    assert settings.token is None
    assert settings.database_url == "sqlite+aiosqlite:///ordo.db"
    assert settings.database_path == Path("ordo.db")
    assert list(settings.brokers) == ["paper"]
    assert settings.brokers["paper"] == PaperConfig(accounts=("DEMO",))


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    (tmp_path / "ordo.toml").write_text(
        'database_url = "sqlite:///file.db"\n[audit]\ndir = "file"\n'
        '[brokers.paper]\nseed = "file"\nopening_cash = "5"\n'
    )
    settings = load_settings({"ORDO_AUDIT__DIR": "env", "ORDO_BROKERS__PAPER__SEED": "env"})
    assert settings.database_url == "sqlite:///file.db"
    assert settings.audit.dir == Path("env")
    assert settings.brokers["paper"] == PaperConfig(seed="env", opening_cash=Decimal(5))


def test_the_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('token = "from the other file"')
    settings = load_settings({"ORDO_CONFIG": str(tmp_path / "other.toml")})
    assert settings.token is not None
    assert settings.token.get_secret_value() == "from the other file"


def test_a_second_paper_broker_under_a_name_of_its_own() -> None:
    settings = load_settings({"ORDO_BROKERS__LAB__KIND": "paper", "ORDO_BROKERS__LAB__ACCOUNTS": "A, B"})
    assert settings.brokers["lab"] == PaperConfig(accounts=("A", "B"))
    assert "paper" in settings.brokers


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret of a file\n")
    settings = load_settings({"ORDO_TOKEN_FILE": str(tmp_path / "token")})
    assert settings.token is not None
    assert settings.token.get_secret_value() == "secret of a file"
    with pytest.raises(ConfigurationError, match="ORDO_TOKEN_FILE"):
        load_settings({"ORDO_TOKEN_FILE": str(tmp_path / "missing")})


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ORDO_TOKN": "x"}, "tokn"),
        ({"ORDO_AUDIT__DIRECTORY": "x"}, "audit.directory"),
        ({"ORDO_BROKERS__PAPER__SPEED": "1"}, "speed"),
        ({"ORDO_BROKERS__ZERODHA__CLIENT_ID": "x"}, "zerodha"),
        ({"ORDO_BROKERS__PAPER__OPENING_CASH": "-1"}, "opening_cash"),
        ({"ORDO_IDEMPOTENCY__KEEP_DAYS": "1"}, "idempotency.keep_days"),
        ({"ORDO_LOG": "x", "ORDO_LOG__LEVEL": "INFO"}, "ORDO_LOG__LEVEL"),
    ],
)
def test_what_is_wrong_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        load_settings(environment)


@pytest.mark.parametrize("text", ["not toml", 'token = "x'])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "ordo.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"ordo\.toml"):
        load_settings({})


def test_a_named_file_must_be_there() -> None:
    with pytest.raises(ConfigurationError, match="ORDO_CONFIG"):
        load_settings({"ORDO_CONFIG": "nowhere.toml"})


def test_no_secret_shows() -> None:
    settings = load_settings({"ORDO_TOKEN": "canary", "ORDO_MASTER_KEYS": "canary"})
    assert "canary" not in repr(settings)
    with pytest.raises(ConfigurationError) as error:
        load_settings({"ORDO_TOKEN": "canary", "ORDO_NOPE": "canary"})
    assert "canary" not in str(error.value)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().token = None  # type: ignore[misc]


def test_a_file_of_settings_names_the_files_of_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef\n", encoding="utf-8")
    config = tmp_path / "ordo.toml"
    config.write_text(f'token_file = "{tmp_path}/token"\n[log]\nlevel = "DEBUG"\n', encoding="utf-8")
    settings = load_settings({"ORDO_CONFIG": str(config)})
    assert settings.token is not None
    assert (settings.token.get_secret_value(), settings.log.level) == ("0123456789abcdef", "DEBUG")
    assert secret_files({"ORDO_CONFIG": str(config)}) == (tmp_path / "token",)
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigurationError, match="token_file"):
        load_settings({"ORDO_CONFIG": str(config)})


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ('token = "t"', True),
        ('[brokers.mine]\nkind = "fyers"\nsecret_key = "s"', True),
        ('database_url = "postgresql+asyncpg://ordo:hush@db/ordo"', True),
        ('database_url = "sqlite:///ordo.db"', False),
        ('redis_url = "redis://127.0.0.1:6379/0"', False),
        ('token = ""', False),
        ("not TOML", False),
    ],
)
def test_a_file_of_settings_is_secret_where_a_secret_stands_in_it(
    tmp_path: Path, text: str, *, is_secret: bool
) -> None:
    config = tmp_path / "ordo.toml"
    config.write_text(text, encoding="utf-8")
    assert secret_files({"ORDO_CONFIG": str(config)}) == ((config,) if is_secret else ())
    (tmp_path / "elsewhere").write_text("x", encoding="utf-8")
    named = {"ORDO_TOKEN_FILE": str(tmp_path / "elsewhere"), "ORDO_CONFIG": str(tmp_path / "no.toml")}
    assert secret_files(named) == (tmp_path / "elsewhere",)


def test_an_unknown_key_of_a_broker_is_named_with_its_broker() -> None:
    with pytest.raises(ConfigurationError, match=r"brokers\.paper\.bogus: "):
        load_settings({"ORDO_BROKERS__PAPER__BOGUS": "1"})
