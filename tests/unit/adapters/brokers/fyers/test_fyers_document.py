"""The page about FYERS tells what the code declares."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from ordo.adapters.brokers.fyers.adapter import CAPABILITIES
from ordo.adapters.brokers.fyers.symbols import UNITS
from ordo.schemas.config.brokers import FyersConfig

PAGE = (Path(__file__).parents[5] / "docs/brokers/fyers.md").read_text("utf-8")


def table(head: str) -> dict[str, str]:
    """The first two columns of the table with this heading."""
    _, found, rest = PAGE.partition(f"\n| {head} |")
    assert found, head
    rows = (line.split("|")[1:3] for line in rest.split("\n\n")[0].splitlines()[2:])
    return {first.strip().strip("`"): second.strip().strip("`") for first, second in rows}


def _shown(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def test_the_capability_matrix_is_the_declared_one() -> None:
    assert table("Trait") == {name: _shown(getattr(CAPABILITIES, name)) for name in CAPABILITIES.__slots__}


def test_the_units_are_the_declared_ones() -> None:
    assert table("Venue") == {venue.value: unit.value for venue, unit in UNITS.items()}


def test_the_settings_are_those_that_exist() -> None:
    told = table("Variable")
    named = {f"ORDO_BROKERS__FYERS__{name.upper()}": name for name in FyersConfig.model_fields if name != "kind"}
    assert told.keys() == named.keys()
    config = FyersConfig(client_id="AB12-100", secret_key=SecretStr("x"))
    for variable, name in named.items():
        if told[variable] != "unset":
            assert told[variable] == str(getattr(config, name)).replace("True", "true"), variable
