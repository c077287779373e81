from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest

import ordo.adapters.memory
from ordo.ports.idempotency import IdempotencyStore
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.ports.safety import SafetyStore
from ordo.ports.sessions import SessionStore
from ordo.ports.tokens import TokenStore
from tests.contract.store_harness import store_harnesses

_ADAPTERS = Path(inspect.getfile(ordo.adapters.memory)).parents[1]
_PORTS: dict[str, type] = {
    "sessions": SessionStore,
    "idempotency": IdempotencyStore,
    "safety": SafetyStore,
    "journal": Journal,
    "tokens": TokenStore,
    "instruments": InstrumentStore,
}


def _implementations(name: str) -> set[type]:
    """The classes in `adapters/*/<name>.py` that fulfil the port of that name."""
    modules = [import_module(f"ordo.adapters.{path.parent.name}.{name}") for path in _ADAPTERS.glob(f"*/{name}.py")]
    return {
        found
        for module in modules
        for _, found in inspect.getmembers(module, inspect.isclass)
        if _PORTS[name] in found.__mro__ and found.__module__ == module.__name__
    }


@pytest.mark.parametrize("name", _PORTS)
async def test_every_store_has_a_harness(name: str, tmp_path: Path) -> None:
    opened: set[type] = set()
    for harness in store_harnesses().values():
        async with harness.opened(harness.address(tmp_path)) as stores:
            opened.add(type(getattr(stores, name)))
    assert len(opened) > 1
    assert opened == _implementations(name)
