"""What the tests of the documents share."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def warm() -> Iterator[str]:
    """The socket of a process that has loaded the program."""
    with tempfile.TemporaryDirectory(prefix="ordo-test-") as folder:
        place = f"{folder}/warm"
        with subprocess.Popen(  # noqa: S603
            [sys.executable, Path(__file__).with_name("warm.py"), place], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            try:
                assert process.stdout.readline()
                yield place
            finally:
                process.terminate()
