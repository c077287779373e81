"""`docs/checks.md` says what is checked. `ORDO_TEST_WRITE_SNAPSHOTS=1` writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from ordo.application.checks import CHECKS, ELSEWHERE
from ordo.application.checks_page import page

PAGE = Path(__file__).parents[2] / "docs/checks.md"


def test_the_page_is_that_of_the_table() -> None:
    if os.environ.get("ORDO_TEST_WRITE_SNAPSHOTS"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text("utf-8") == page()


def test_every_row_of_the_domain_facts_has_a_check() -> None:
    rows = {check.row for check in CHECKS} | {rule.row for rule in ELSEWHERE}
    assert rows - {"1.4"} == {str(number) for number in range(1, 24)}
