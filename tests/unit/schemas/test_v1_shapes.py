"""API v1 shows and asks for what the domain has, by declaration alone."""

from __future__ import annotations

import dataclasses
from typing import Any, get_type_hints

import pytest
from pydantic import AliasPath
from pydantic.fields import FieldInfo

from ordo.schemas.v1 import errors, market, orders, portfolio, preview, safety, sessions, status
from ordo.schemas.v1.base import Command, View

MODULES = (errors, market, orders, portfolio, preview, safety, sessions, status)
HIDDEN = {
    "Order": {"replayed"},  # A header tells it, so that a replay has the bytes of the first answer.
    "Instrument": {"facts"},  # What a broker needs said is for its adapter.
}


def _declared(base: type[Any]) -> dict[str, tuple[type[Any], type[Any]]]:
    """Every model of API v1 that is declared over a value of the domain, with that value's type."""
    found = {}
    for module in MODULES:
        for name, model in vars(module).items():
            if isinstance(model, type) and issubclass(model, base) and model.__module__ == module.__name__:
                parent: Any = model.__mro__[1]
                for subject in parent.__pydantic_generic_metadata__["args"]:
                    if isinstance(subject, type) and dataclasses.is_dataclass(subject):
                        found[name] = (model, subject)
    return found


VIEWS, COMMANDS = _declared(View), _declared(Command)


def test_the_models_are_found() -> None:
    assert {"Order", "Position", "Holding", "Quote", "Funds", "KillSwitch", "LoginChallenge"} <= set(VIEWS)
    assert set(COMMANDS) == {"PlaceOrder", "ModifyOrder", "LoginAnswer"}


def _source(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return str(alias.path[0]) if isinstance(alias, AliasPath) else alias if isinstance(alias, str) else name


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_shows_every_field_of_its_value(name: str) -> None:
    view, value = VIEWS[name]
    sources = {_source(field, told) for field, told in view.model_fields.items()}
    fields = {field.name for field in dataclasses.fields(value)}
    derived = {name for name, member in vars(value).items() if isinstance(member, property)}
    assert sources <= fields | derived
    aliases = {"instrument"} if name == "Quote" else set()
    assert fields - sources == HIDDEN.get(name, set()) | aliases


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_fields_types_and_defaults_of_its_domain_type(name: str) -> None:
    command, value = COMMANDS[name]
    wanted = get_type_hints(value)
    fields = {field.name: field for field in dataclasses.fields(value)}
    assert list(command.model_fields) == list(fields)
    hints = get_type_hints(command)
    for field, told in command.model_fields.items():
        assert hints[field] == wanted[field], field
        required = fields[field].default is dataclasses.MISSING and fields[field].default_factory is dataclasses.MISSING
        assert told.is_required() is required, field
        if fields[field].default is not dataclasses.MISSING:
            assert told.default == fields[field].default, field
