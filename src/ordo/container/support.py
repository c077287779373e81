"""What everything stands on: time, chance, keys, and the audit trail."""

from __future__ import annotations

import logging
import os
import secrets
from datetime import timedelta
from pathlib import Path
from random import Random

from dependency_injector import containers, providers

from ordo.adapters.clock import SystemClock
from ordo.adapters.owners import FileOwners
from ordo.adapters.sealing import Sealer, generate_master_key
from ordo.adapters.sql.database import Database
from ordo.adapters.telemetry.audit import FileAuditLog
from ordo.adapters.telemetry.metrics import PrometheusMeter
from ordo.adapters.telemetry.tracing import OpenTelemetryTraces, Traces
from ordo.domain.sessions import Secret
from ordo.ports.audit import AuditLog
from ordo.ports.clock import Clock
from ordo.ports.meter import Meter
from ordo.ports.owners import Owners
from ordo.schemas.config.settings import ConfigurationError, Settings

_log = logging.getLogger(__name__)


def sealer(settings: Settings) -> Sealer:
    """The sealer of the configured master keys, or of one that is kept beside the database."""
    if settings.master_keys is not None:
        texts = [text.strip() for text in settings.master_keys.get_secret_value().split(",")]
    elif settings.is_on_a_server:
        raise ConfigurationError(
            "A database on a server needs ORDO_MASTER_KEYS: a key that one machine keeps in a file would be unknown to"
            " the others, and lost with it. Make one with"
            " `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`, and give the same to every machine."
        )
    else:
        texts = [_kept_key(settings.database_path.with_name(settings.database_path.name + ".key"))]
    return Sealer(tuple(Secret(text) for text in texts))


def _kept_key(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return _read_key(path)
    except OSError as error:
        raise ConfigurationError(
            f"No ORDO_MASTER_KEYS are set and a key can't be kept in {path}: {error.strerror}. Set ORDO_MASTER_KEYS, or"
            " choose a database in a directory that can be written."
        ) from None
    key = generate_master_key().reveal()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key + "\n")
    _log.warning(
        "made a master key in %s; keep it as safe as the database, and apart from its back-ups: whoever has both can"
        " read the broker tokens. ORDO_MASTER_KEYS takes its place",
        path,
    )
    return key


def _read_key(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        # What stands in it is not repeated: it may be the greater part of a key.
        raise ConfigurationError(
            f"The file of the master key {path} can't be read, or holds no key. Nothing was changed. Restore it from"
            " where you keep keys, or set ORDO_MASTER_KEYS to the key; without it, stored sessions can't be opened."
        ) from None


def owner() -> str:
    """A name that no other running gateway has."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def owners(settings: Settings, database: Database) -> Owners:
    """The gateways that share the configured database."""
    if settings.is_on_a_server:
        from ordo.adapters.sql.owners import PostgresOwners

        return PostgresOwners(database, settings.database_url)
    return FileOwners(settings.database_path.with_name(settings.database_path.name + ".owners"))


def audit(settings: Settings) -> FileAuditLog:
    """The trail in the configured directory."""
    told = settings.audit
    return FileAuditLog(told.dir, max_bytes=told.file_mb << 20, keep=timedelta(days=told.keep_days))


def traces(settings: Settings) -> Traces:
    """Traces to the configured endpoint, or none. Raises `ConfigurationError` where the extra is not installed."""
    if settings.traces.endpoint is None:
        return Traces()
    try:
        return OpenTelemetryTraces(settings.traces.endpoint)
    except ImportError:
        raise ConfigurationError(
            "ORDO_TRACES__ENDPOINT is set, and OpenTelemetry is not installed: pip install 'ordo-gateway[otel]', or"
            " unset it."
        ) from None


class Support(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    # Slots of order ids and pauses: no secrets, for which the system would be asked each time.
    random: providers.Provider[Random] = providers.Singleton(Random)
    owner: providers.Provider[str] = providers.Singleton(owner)
    sealer: providers.Provider[Sealer] = providers.Singleton(sealer, settings)
    database: providers.Provider[Database] = providers.Singleton(Database, settings.provided.database_url)
    owners: providers.Provider[Owners] = providers.Singleton(owners, settings, database)
    traces: providers.Provider[Traces] = providers.Singleton(traces, settings)
    meter: providers.Provider[Meter] = providers.Singleton(PrometheusMeter, traces)
    audit: providers.Provider[AuditLog] = providers.Singleton(audit, settings)
