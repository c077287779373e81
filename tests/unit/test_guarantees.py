"""Every promise names tests, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/guarantees.md").read_text(encoding="utf-8")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_test_that_a_promise_names_exists() -> None:
    named = _TEST.findall(PAGE)
    assert len(named) > 20
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in functions, f"{path}::{name}"


def test_every_promise_says_what_it_rests_on_what_breaks_it_and_what_shows_it() -> None:
    promises = re.split(r"\n(?=\*\*)", PAGE.partition("## That these tests")[0])[1:]
    assert len(promises) > 8
    for promise in promises:
        for part in ("- Rests on: ", "- Breaks it: ", "- Shown by: `tests/"):
            assert part in promise, promise
