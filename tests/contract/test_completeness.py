"""A room without a suite is a fault: every adapter has its harness, and every harness its adapter."""

from __future__ import annotations

import re
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

from ordo.ports.broker import Broker
from ordo.schemas.config.kinds import kinds
from tests.contract.discovery import harnesses

ADAPTERS = Path(import_module("ordo.adapters").__path__[0])
LAWS = sorted(Path(import_module("ordo.testing.contract").__path__[0]).glob("test_*.py"))
HERE = Path(__file__).parent


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


def test_every_law_of_the_package_is_tried_here() -> None:
    assert LAWS
    for path in LAWS:
        taken = (HERE / path.name).read_text("utf-8")
        assert f"from ordo.testing.contract.{path.stem} import *" in taken


def test_no_law_knows_an_adapter() -> None:
    for path in LAWS:
        words = set(re.findall(r"[a-z]+", path.read_text("utf-8").lower()))
        assert not words & {*kinds(), "emulator", "emulated"}, path.name
        assert "ordo.adapters" not in path.read_text("utf-8")
