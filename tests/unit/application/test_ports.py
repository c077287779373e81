from __future__ import annotations

import importlib
import pkgutil
from dataclasses import FrozenInstanceError, fields
from inspect import getdoc, isclass
from typing import Protocol

import pytest

import ordo.ports
from ordo.application.gateway import Gateway

_MODULES = [
    importlib.import_module(f"ordo.ports.{module.name}") for module in pkgutil.iter_modules(ordo.ports.__path__)
]
_PORTS = [
    value
    for module in _MODULES
    for value in vars(module).values()
    if isclass(value) and Protocol in value.__bases__ and value.__module__ == module.__name__
]


def test_every_module_has_a_port() -> None:
    assert {port.__module__ for port in _PORTS} == {module.__name__ for module in _MODULES}


@pytest.mark.parametrize("port", _PORTS, ids=lambda port: port.__name__)
def test_a_port_is_abstract_in_every_method_and_tells_each_ones_law(port: type) -> None:
    public = {name for name in vars(port) if not name.startswith("_")}
    assert public == set(getattr(port, "__abstractmethods__", ()))
    assert getdoc(port)
    assert all(getdoc(vars(port)[name]) for name in public)


@pytest.mark.parametrize("port", _PORTS, ids=lambda port: port.__name__)
def test_an_implementation_that_lacks_a_method_can_not_be_made(port: type) -> None:
    for missing in getattr(port, "__abstractmethods__", ()):
        rest = {name: None for name in getattr(port, "__abstractmethods__", ()) if name != missing}
        partial = type("Partial", (port,), rest)
        with pytest.raises(TypeError, match=missing):
            partial()


def test_the_gateway_is_one_frozen_bundle_of_the_use_cases() -> None:
    gateway = object.__new__(Gateway)
    for part in fields(Gateway):
        with pytest.raises(FrozenInstanceError):
            setattr(gateway, part.name, None)
