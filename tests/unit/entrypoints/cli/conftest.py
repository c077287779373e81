from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from ordo.entrypoints.cli.program import run
from tests.unit.entrypoints.cli.shell import Ended, Here, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def ordo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """A command line in the test's own process, in the directory of `shell`, without settings."""
    monkeypatch.chdir(tmp_path)
    # A server that ran in this process before has left its handler, over a stream that is closed by now.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    for name in [name for name in os.environ if name.startswith("ORDO_")]:
        monkeypatch.delenv(name)

    def carry_out(*arguments: str) -> Ended:
        capsys.readouterr()
        code = run(list(arguments))
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return carry_out
