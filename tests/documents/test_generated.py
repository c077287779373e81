"""The pages that are made from the code are of today. `make pages` writes them anew."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ordo.domain.advice import ADVICE
from ordo.domain.errors import ErrorCode
from ordo.entrypoints.cli.outcome import ENDINGS
from ordo.entrypoints.http.errors import ROWS
from ordo.schemas.config.settings import load_settings
from tests.documents.generated import commands, decisions, errors, http, settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES: dict[str, Callable[[], str]] = {
    "reference/http.md": http.page,
    "reference/settings.md": settings.page,
    "reference/errors.md": errors.page,
    "reference/commands.md": commands.page,
    "adr/index.md": decisions.page,
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    made = PAGES[name]().rstrip() + "\n"
    if os.environ.get("ORDO_TEST_WRITE_SNAPSHOTS"):
        (DOCS / name).write_text(made, encoding="utf-8")
    assert (DOCS / name).read_text("utf-8") == made, "run `make pages`"


def test_no_code_is_without_its_row() -> None:
    assert ADVICE.keys() == ROWS.keys() == set(ErrorCode)
    assert errors.all_rows().keys() >= ENDINGS.keys()
    text = "".join(path.read_text("utf-8") for path in (ROOT / "src/ordo/client").glob("*.py"))
    found = {code for code in re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', text) if not code.startswith("ORDO_")}
    assert {"GATEWAY_UNREACHABLE", "WAIT_TIMED_OUT"} <= found
    assert found - errors.all_rows().keys() == set()
    of_commands = re.findall(r'(?:code, ending = |_failed\(\S+ )"([A-Z_]+)"', sources("outcome.py", "program.py"))
    assert set(of_commands) == {*errors.OF_THE_COMMANDS, "INTERNAL_ERROR"}


def sources(*names: str) -> str:
    return "".join((ROOT / "src/ordo/entrypoints/cli" / name).read_text("utf-8") for name in names)


@pytest.mark.parametrize("code", errors.all_rows())
def test_every_row_says_all_three(code: str) -> None:
    advice = errors.all_rows()[code]
    assert advice.happened[0].islower() or advice.happened.startswith(("Ordo", "`"))
    assert not advice.happened.endswith(".")
    assert advice.order.endswith(".")
    assert advice.do.endswith(".")


def test_every_setting_has_its_row() -> None:
    shown = (DOCS / "reference/settings.md").read_text("utf-8")
    assert len(set(settings.names())) > 60
    assert [name for name in settings.names() if f"| `{name}` |" not in shown] == []


def test_the_defaults_that_are_shown_are_those(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = settings.defaults()
    assert len(told) > 30
    for name, default in told.items():
        assert load_settings({name: default}) == load_settings({}), name


def test_the_defaults_of_the_paper_broker_are_those(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings({"ORDO_BROKERS__OTHER__KIND": "paper"}).brokers.keys() == {"paper", "other"}
