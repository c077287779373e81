"""The settings of a gateway, and where they come from."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails

from ordo.schemas.config.brokers import BrokerConfig
from ordo.schemas.config.kinds import kind_named
from ordo.schemas.config.limits import LimitsConfig, PortfolioCacheConfig, ResilienceConfig

PREFIX = "ORDO_"
NOT_SETTINGS: Final = {
    "ORDO_CONFIG": "The settings file. Unset: `ordo.toml` in the current folder, if it is there.",
    "ORDO_URL": "The address of a gateway, for the commands and the Python client.",
}
_TEST_PREFIX = "ORDO_TEST_"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class AuditConfig(_Part):
    """Where the audit trail is written, and how long it is kept. A file of it holds a day, or so many megabytes."""

    dir: Path = Field(default=Path("audit"), description="The folder of `audit.jsonl`.")
    keep_days: int = Field(
        default=1827, ge=30, le=36_600, description="Days for which a line of the trail is kept at least."
    )
    file_mb: int = Field(
        default=64, ge=1, le=4_096, description="Megabytes that a file of the trail holds at most; a day at most."
    )


class LogConfig(_Part):
    """What the process tells its operator, on standard error."""

    level: str = Field(
        default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$", description="The least important lines that are told."
    )
    json_lines: bool = Field(default=False, description="One JSON document a line instead of readable text.")


class TracesConfig(_Part):
    """Where OpenTelemetry's spans are sent, as OTLP over HTTP; nowhere unless set."""

    endpoint: str | None = Field(
        default=None, min_length=1, description="Where spans go (OTLP over HTTP). Needs the extra `otel`."
    )


class IdempotencyConfig(_Part):
    """How long keys are kept, how long Ordo looks for an order whose reply was lost, and for how long a second order of
    the same terms, under another key, is taken for a slip (0: never).
    """

    keep_days: int = Field(default=7, ge=7, le=3660, description="Days for which a key is remembered.")
    pursue_seconds: float = Field(
        default=8, ge=0, le=60, description="How long a caller waits while a lost order is looked for."
    )
    absence_seconds: float = Field(
        default=60,
        ge=30,
        le=3600,
        description="How long an order must have been looked for before its absence proves anything.",
    )
    duplicate_seconds: float = Field(
        default=2,
        ge=0,
        le=60,
        description="For how long a second order of the same terms, under another key, is taken for a slip.",
    )


class HttpConfig(_Part):
    """The HTTP door: its limits, its certificate, and the web pages that may read its answers."""

    max_body_bytes: int = Field(
        default=65_536, ge=1_024, le=16_777_216, description="A request with a larger body is refused."
    )
    requests_per_second: int = Field(
        default=100,
        ge=1,
        le=100_000,
        description="For each token that `ordo tokens new` made, in each process. Cancellations don't count.",
    )
    failures_per_minute: int = Field(
        default=120, ge=1, le=100_000, description="How often an address may bring a token that opens nothing."
    )
    max_head_bytes: int = Field(
        default=32_768, ge=4_096, le=262_144, description="The address and the headers of a request together."
    )
    max_connections: int = Field(default=1_000, ge=8, le=65_536, description="Open at once; more are cut off.")
    head_seconds: float = Field(
        default=10, gt=0, le=300, description="Who has not sent the head of a request by then is cut off."
    )
    body_seconds: float = Field(default=30, gt=0, le=300, description="Likewise for its body.")
    cors_origins: tuple[str, ...] = Field(
        default=(), description="Origins of web pages that may read answers. No wildcard."
    )
    tls_certificate: Path | None = Field(
        default=None, description="A PEM file with the certificate and its chain: the gateway then speaks TLS."
    )
    tls_key: Path | None = Field(default=None, description="Its key, where the certificate's file does not hold it.")
    tls_client_ca: Path | None = Field(
        default=None, description="A PEM file: only clients with a certificate of this authority come in."
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, origins: Any) -> Any:  # noqa: ANN401  (pydantic hands over whatever it was given)
        return (
            tuple(part.strip() for part in origins.split(",") if part.strip()) if isinstance(origins, str) else origins
        )

    @field_validator("cors_origins")
    @classmethod
    def _named(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin such as https://desk.example; a wildcard is not possible")
        return origins

    @model_validator(mode="after")
    def _whole(self) -> HttpConfig:
        if self.tls_certificate is None and (self.tls_key is not None or self.tls_client_ca is not None):
            raise ValueError("tls_key and tls_client_ca need tls_certificate")
        return self


class InstrumentsConfig(_Part):
    """Where the brokers' instrument masters are, as the base of their addresses or as a local path, and when they are
    loaded each day, in India.
    """

    fyers_url: str | None = Field(
        default=None,
        min_length=1,
        description="Where the FYERS symbol masters are: the base of their address, or a folder.",
    )
    hdfc_url: str | None = Field(
        default=None, min_length=1, description="Where the HDFC security master is: its address, or a file."
    )
    allow_stale: bool = Field(default=False, description="Trade derivatives on a master of another day, at your risk.")
    sync_at: time = Field(
        default=time(8, 30), le=time(8, 45), description="Indian time, at most 08:45, at which the masters are loaded."
    )


class CalendarConfig(_Part):
    """A file of the operator's that stands above the market calendar that comes with Ordo. It is read again when it
    changes.
    """

    override: Path | None = Field(default=None, description="Your file above the market calendar.")


class RedisConfig(_Part):
    """How Ordo's keys are called in a Redis that others use too."""

    prefix: str = Field(
        default="ordo", pattern=r"^[A-Za-z0-9._-]{1,64}$", description="What the names of Ordo's keys begin with there."
    )


class StoresConfig(_Part):
    """Where the durable facts are that may be in either place. What is in one is not moved to the other.

    In Redis they need a server that keeps every write (`appendonly yes`, `appendfsync always`, no eviction), or
    `redis_may_lose`: after a loss, a key that was used may place a second order.
    """

    sessions: Literal["database", "redis"] = Field(default="database", description="Where broker sessions are kept.")
    idempotency: Literal["database", "redis"] = Field(
        default="database", description="Where idempotency records are kept."
    )
    redis_may_lose: bool = Field(
        default=False,
        description="Keep them in a Redis that may lose writes: a used key may then place a second order.",
    )


class Settings(_Part):
    """Everything that can be set. Frozen: a gateway keeps the settings that it started with."""

    token: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="The bearer token of the API. Unset: made at each start, and only loopback is served.",
    )
    master_keys: SecretStr | None = Field(
        default=None,
        description="Comma-separated, 32 bytes in base64url each; the first seals, all open. Unset: one key, kept"
        " beside the database.",
    )
    database_url: str = Field(
        default="sqlite+aiosqlite:///ordo.db",
        repr=False,  # It may hold a password.
        description="The SQLite file, or a PostgreSQL database: `postgresql+asyncpg://…`.",
    )
    redis_url: str | None = Field(
        default=None,
        repr=False,  # Likewise.
        description="The Redis that several workers and machines share: `redis://…`, or `rediss://…` for TLS.",
    )
    redis: RedisConfig = RedisConfig()
    stores: StoresConfig = StoresConfig()
    audit: AuditConfig = AuditConfig()
    log: LogConfig = LogConfig()
    traces: TracesConfig = TracesConfig()
    idempotency: IdempotencyConfig = IdempotencyConfig()
    http: HttpConfig = HttpConfig()
    instruments: InstrumentsConfig = InstrumentsConfig()
    calendar: CalendarConfig = CalendarConfig()
    limits: LimitsConfig = LimitsConfig()
    portfolio_cache: PortfolioCacheConfig = PortfolioCacheConfig()
    resilience: ResilienceConfig = ResilienceConfig()
    brokers: dict[str, BrokerConfig] = Field(default_factory=dict)

    @property
    def shares_state(self) -> bool:
        """Whether several processes and machines may run with these settings at the same time."""
        return self.is_on_a_server and self.redis_url is not None

    @property
    def is_on_a_server(self) -> bool:
        """Whether the database is one that several machines may share."""
        return self.database_url.partition("://")[0] in ("postgresql", "postgresql+asyncpg")

    @property
    def database_path(self) -> Path:
        """The SQLite file; for a database on a server, the name in the working folder by which this machine's own files
        about it are called. Raises `ConfigurationError` where the address names neither.
        """
        if self.is_on_a_server:
            return Path("ordo-postgresql")
        driver, _, path = self.database_url.partition(":///")
        if driver not in ("sqlite", "sqlite+aiosqlite") or not path:
            raise ConfigurationError(
                "ORDO_DATABASE_URL must name a SQLite file, such as sqlite:///ordo.db, or a PostgreSQL database, such"
                " as postgresql+asyncpg://user:password@host:5432/ordo: this version of Ordo speaks to no other."
            )
        return Path(path)

    @model_validator(mode="after")
    def _redis_where_it_is_named(self) -> Settings:
        if self.redis_url is None and "redis" in (self.stores.sessions, self.stores.idempotency):
            raise ValueError("stores: redis is named there, and redis_url is not set")
        return self

    @model_validator(mode="before")
    @classmethod
    def _with_paper(cls, values: Any) -> Any:  # noqa: ANN401  (pydantic hands over whatever it was given)
        if isinstance(values, dict):
            brokers = values.get("brokers", {})
            if isinstance(brokers, dict):
                return values | {"brokers": {"paper": {}} | brokers}
        return values

    @field_validator("brokers", mode="before")
    @classmethod
    def _kinds(cls, brokers: Any) -> Any:  # noqa: ANN401
        if not isinstance(brokers, dict):
            return brokers
        return {adapter_id: _broker(adapter_id, config) for adapter_id, config in brokers.items()}


def _broker(adapter_id: str, config: object) -> object:
    if not isinstance(config, dict):
        return config
    kind = str(config.get("kind", adapter_id))
    try:
        found = kind_named(kind)
    except ValueError as error:
        raise ValueError(f"brokers.{adapter_id}.kind {error}") from error
    try:
        return found.config.model_validate({"kind": kind, **config})
    except ValidationError as error:
        raise ValidationError.from_exception_data(error.title, _under(adapter_id, error)) from None


def _under(adapter_id: str, error: ValidationError) -> list[InitErrorDetails]:
    """The faults of one broker, each with the whole name of its key."""
    return [
        InitErrorDetails(type=one["type"], loc=(adapter_id, *one["loc"]), input=one["input"], ctx=one.get("ctx", {}))
        for one in error.errors(include_url=False)
    ]


class ConfigurationError(Exception):
    """The settings can't be used. The message names each key and what is wrong with it, and shows no secret."""


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment, then the TOML file that `ORDO_CONFIG` names (default `ordo.toml`, if it is there).

    Raises `ConfigurationError` for a file that can't be read, an unknown key, or a value out of range.
    """
    environment = os.environ if environment is None else environment
    try:
        return Settings.model_validate(_merged(_from_file(environment), _from_environment(environment)))
    except ValidationError as error:
        faults = (
            f"{'.'.join(str(part) for part in fault['loc']) or 'settings'}: {fault['msg']}" for fault in error.errors()
        )
        raise ConfigurationError("Ordo can't start with these settings: " + "; ".join(faults)) from None


def _from_file(environment: Mapping[str, str]) -> dict[str, Any]:
    named = environment.get("ORDO_CONFIG")
    path = Path(named or "ordo.toml")
    try:
        return _with_files(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        if named is None:
            return {}
        raise ConfigurationError(f"The settings file named by ORDO_CONFIG does not exist: {path}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"The settings file {path} can't be read: {error}") from None


def _with_files(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a file, with what its `..._file` keys name read; a path is seen from the working folder."""
    read: dict[str, Any] = {}
    for key, value in settings.items():
        if key.endswith("_file") and isinstance(value, str):
            read[key.removesuffix("_file")] = _secret_file(key, value)
        else:
            read[key] = _with_files(value) if isinstance(value, dict) else value
    return read


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name in NOT_SETTINGS or name.startswith(_TEST_PREFIX):
            continue
        *groups, key = name.removeprefix(PREFIX).lower().split("__")
        if key.endswith("_file"):
            key, value = key.removesuffix("_file"), _secret_file(name, value)  # noqa: PLW2901
        place = settings
        for group in groups:
            place = place.setdefault(group, {})
            if not isinstance(place, dict):
                raise ConfigurationError(f"{name} is set beside a plain value of the same name")
        place[key] = value
    return settings


def _secret_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{name} names a file that can't be read: {error}") from None


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
