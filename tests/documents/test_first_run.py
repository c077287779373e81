"""The README's first commands, timed. `make first-run` does it in a copy that has nothing yet; otherwise what they need
is there already. How long it took is printed, and never judged.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tests.documents.blocks import ROOT, Block, blocks
from tests.documents.reader import Reader

README = ROOT / "README.md"
# What is in the repository, and no more: nothing that somebody's work has left there.
_LEFT_OUT = shutil.ignore_patterns(
    ".*", "build", "dist", "htmlcov", "__pycache__", "audit", "*.db*", "sbom.json", "tests"
)
IS_FRESH = "ORDO_TEST_FIRST_RUN" in os.environ


def copy_of_the_repository(home: Path) -> Path:
    """Nothing is set up there, and nothing of this environment is found from there."""
    shutil.copytree(ROOT, home / "ordo", ignore=_LEFT_OUT)
    return home


def timed(home: Path, run: list[Block], warm: str) -> float:
    folder, variables = (copy_of_the_repository(home), {}) if IS_FRESH else (home, {"ORDO_TEST_WARM": warm})
    with closing(Reader(folder, variables, {}, is_fresh=IS_FRESH)) as reader:
        began = time.perf_counter()
        for block in run:
            reader.follow(block)
        return time.perf_counter() - began


def test_the_first_run_is_what_the_readme_says(tmp_path: Path, warm: str) -> None:
    demo, order, serve, export, lines, shown = (block for block in blocks(README) if block.not_run is None)
    commands = [[line for line in block.text.splitlines() if line.startswith("$ ")] for block in (demo, order)]
    assert len(commands[0]) == 1
    assert len(commands[0]) + len(commands[1]) <= 3
    assert len([line for line in lines.text.splitlines() if line]) == 3

    lines = replace(lines, language="sh", text=f".venv/bin/python - <<'END'\n{lines.text}END\n")  # Of the copy.
    state = "from nothing" if IS_FRESH else "with everything set up"
    for name, run in {
        "the demo has finished": [demo],
        "an order is filled": [demo, order],
        "an order is filled from Python": [serve, export, lines, shown],
    }.items():
        home = tmp_path / name.replace(" ", "-")
        home.mkdir()
        print(f"\n{name}, {state}: {timed(home, run, warm):.1f} s", end="")  # noqa: T201  (for people)
