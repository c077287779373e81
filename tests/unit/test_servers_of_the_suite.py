"""The suite clears away what its own killed processes have left, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support import servers


def test_folders_of_dead_processes_are_removed_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stale, living = tmp_path / f"ordo-test-{gone.pid}-abc", tmp_path / f"ordo-test-{os.getpid()}-abc"
    other, former = tmp_path / f"else-{gone.pid}-abc", tmp_path / "ordo-test-abc-def"
    for folder in (stale, living, other, former):
        (folder / "data").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    servers._sweep.__wrapped__()
    assert {path for path in tmp_path.iterdir() if path.is_dir()} == {living, other, former}
