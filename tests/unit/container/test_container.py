"""The wiring: every provider gives what it is annotated with, and only ports are replaced."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from dependency_injector import providers

from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.adapters.memory.idempotency import MemoryIdempotencyStore
from ordo.application.gateway import Gateway
from ordo.container.lifespan import running
from ordo.container.root import Container, container_for
from ordo.domain.audit import AuditKind
from ordo.domain.errors import Unavailable
from ordo.schemas.config.settings import AuditConfig, ConfigurationError, Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database_url=f"sqlite+aiosqlite:///{tmp_path / 'ordo.db'}", audit=AuditConfig(dir=tmp_path / "audit")
    )


def _all(container: object) -> Iterator[tuple[str, providers.Provider[object]]]:
    for name, provider in container.providers.items():  # type: ignore[attr-defined]
        if isinstance(provider, providers.Container):
            yield from ((f"{name}.{inner}", found) for inner, found in _all(provider))
        else:
            yield name, provider


def test_every_provider_resolves(settings: Settings) -> None:
    names = []
    for name, provider in _all(container_for(settings)):
        assert not asyncio.isfuture(provider()), name
        names.append(name)
    assert "gateway" in names
    assert "stores.database" in names


def test_two_containers_share_nothing(settings: Settings) -> None:
    assert container_for(settings).gateway() is not container_for(settings).gateway()


async def test_a_replaced_port_reaches_every_service(settings: Settings) -> None:
    container = container_for(settings)
    audit, store = MemoryAuditLog(), MemoryIdempotencyStore()
    container.audit.override(providers.Object(audit))
    container.idempotency_store.override(providers.Object(store))
    async with running(container) as gateway:
        assert isinstance(gateway, Gateway)
    assert [event.kind for event in audit.events] == [AuditKind.GATEWAY_STARTED, AuditKind.GATEWAY_STOPPED]


async def test_a_key_is_made_once_and_kept_private(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    def kept() -> str:
        return settings.database_path.with_name("ordo.db.key").read_text()

    async with running(container_for(settings)):
        pass
    first = kept()
    assert first.strip() not in caplog.text
    assert stat.S_IMODE(settings.database_path.with_name("ordo.db.key").stat().st_mode) == 0o600
    async with running(container_for(settings)):
        pass
    assert kept() == first


async def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'nowhere' / 'ordo.db'}", audit=AuditConfig(dir=tmp_path / "audit")
    )
    with pytest.raises((ConfigurationError, Unavailable)):
        async with running(container_for(settings)):
            pass


async def test_what_was_opened_is_closed_when_a_later_part_fails(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file where the folder should be")
    container: Container = container_for(settings)
    with pytest.raises(Unavailable):
        async with running(container):
            pass
    (tmp_path / "audit").unlink()
    async with running(container):
        pass


def test_real_brokers_trade_what_their_own_masters_list_and_the_paper_broker_what_it_has() -> None:
    here = {f"ORDO_BROKERS__{name}__BASE_URL": "http://127.0.0.1:1" for name in ("FYERS", "HDFC")}
    lines = container_for(load_settings(here)).brokers().lines
    assert {line.adapter_id: line.has_master for line in lines} == {"paper": False, "fyers": True, "hdfc": True}
