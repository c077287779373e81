"""The page about HDFC tells what the code declares."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from ordo.adapters.brokers.hdfc.adapter import CAPABILITIES, CONVERTING
from ordo.adapters.brokers.hdfc.mapping.words import STATUSES
from ordo.schemas.config.brokers import HDFCConfig

PAGE = (Path(__file__).parents[5] / "docs/brokers/hdfc.md").read_text("utf-8")


def table(head: str) -> list[list[str]]:
    """The cells of the table with this heading, without their quotes."""
    _, found, rest = PAGE.partition(f"\n| {head} |")
    assert found, head
    lines = (line.strip("|").split(" | ") for line in rest.split("\n\n")[0].splitlines()[2:])
    return [[cell.strip().strip("`") for cell in line] for line in lines]


def shown(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def test_the_capability_matrix_is_the_declared_one() -> None:
    assert table("Trait") == [
        [name, shown(getattr(CAPABILITIES, name)), shown(getattr(CONVERTING, name))] for name in CAPABILITIES.__slots__
    ]


def test_the_settings_are_those_that_exist() -> None:
    told = {row[0]: row[1] for row in table("Variable")}
    named = {f"ORDO_BROKERS__HDFC__{name.upper()}": name for name in HDFCConfig.model_fields if name != "kind"}
    assert told.keys() == named.keys()
    config = HDFCConfig(api_key=SecretStr("x"), api_secret=SecretStr("x"))
    for variable, name in named.items():
        value = getattr(config, name)
        if isinstance(value, SecretStr) or value is None:
            assert told[variable] == "unset", variable
        else:
            told_as = f"{value:g}" if isinstance(value, float) else str(value)
            assert told[variable] == told_as.replace("True", "true"), variable


def test_every_guess_names_a_setting_or_says_that_there_is_none() -> None:
    variables = {row[0] for row in table("Variable")}
    for guess, setting, settles in table("Guess"):
        assert guess
        assert settles
        assert setting == "none" or f"ORDO_BROKERS__HDFC__{setting}" in variables, setting


def test_every_status_word_is_told() -> None:
    told = {word.strip(" `") for row in table("Word of the broker") for word in row[0].split(",")}
    assert set(STATUSES) <= told
