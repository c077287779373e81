"""A room without a suite is a fault: every adapter has its harness, and every harness its adapter."""

from __future__ import annotations

from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

from ordo.ports.broker import Broker
from tests.contract.discovery import harnesses

ADAPTERS = Path(import_module("ordo.adapters").__path__[0])


def _broker_packages() -> set[str]:
    found = set()
    for path in ADAPTERS.rglob("*.py"):
        module = ".".join(("ordo.adapters", *path.relative_to(ADAPTERS).with_suffix("").parts))
        if path.name in {"broker.py", "adapter.py"}:
            classes = getmembers(import_module(module), isclass)
            if any(Broker in one.__mro__ and one.__module__ == module for _, one in classes):
                found.add(module.rpartition(".")[0])
    return found


def test_every_broker_adapter_has_a_harness() -> None:
    assert _broker_packages() == {module.PACKAGE for module in harnesses("brokers").values()}
