"""The client's types, as a user's own checker sees them: of the installed package, without this house's settings."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_typical_use_the_examples_and_typical_mistakes(tmp_path: Path) -> None:
    examples = ("moving_average_bot.py", "portfolio_over_time.py", "rebalance_two_brokers.py")
    for path in (Path(__file__).with_name("typed_use.py"), *(ROOT / "examples" / name for name in examples)):
        shutil.copy(path, tmp_path)
    # What was found of the libraries is kept beside the house's own, which no user's check could be made of.
    kept = ROOT / ".mypy_cache/as-a-user"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", kept, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("Success: no issues found"), done.stdout + done.stderr
