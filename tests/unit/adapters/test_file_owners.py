"""What only lock files can be asked: other processes, killed, stopped and gone."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ordo.adapters.owners import FileOwners
from ordo.domain.errors import ErrorCode, Unavailable

_HOLDER = """
import sys
from pathlib import Path
from ordo.adapters.owners import FileOwners
owners = FileOwners(Path(sys.argv[1]))
owners.join(sys.argv[2])
print("joined", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path, owner: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603  (our own interpreter)
        [sys.executable, "-c", _HOLDER, str(folder), owner], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    with process:
        try:
            assert process.stdout.readline() == "joined\n"
            yield process
        finally:
            process.kill()


async def test_a_killed_process_is_gone_and_a_stopped_one_is_not(tmp_path: Path) -> None:
    with another_process(tmp_path, "other") as process:
        owners = FileOwners(tmp_path)
        assert await owners.is_alive("other")
        os.kill(process.pid, signal.SIGSTOP)
        assert await owners.is_alive("other")
        os.kill(process.pid, signal.SIGCONT)
        process.kill()
        process.wait()
        assert not await owners.is_alive("other")


async def test_joining_sweeps_up_after_the_dead_and_leaves_the_living(tmp_path: Path) -> None:
    with another_process(tmp_path, "dead") as process:
        process.kill()
        process.wait()
    with another_process(tmp_path, "living"):
        owners = FileOwners(tmp_path)
        owners.join("mine")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["living.lock", "mine.lock"]  # noqa: ASYNC240
        assert await owners.is_alive("living")
        owners.leave("mine")


def test_only_the_owner_may_see_them(tmp_path: Path) -> None:
    owners = FileOwners(tmp_path / "owners")
    owners.join("mine")
    assert stat.S_IMODE((tmp_path / "owners").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "owners" / "mine.lock").stat().st_mode) == 0o600
    owners.leave("mine")


async def test_a_folder_that_can_not_be_used_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    owners = FileOwners(tmp_path / "file")
    with pytest.raises(Unavailable, match="can't be used") as failure:
        owners.join("mine")
    assert failure.value.code is ErrorCode.STORE_UNAVAILABLE
    with pytest.raises(Unavailable, match="can't be used"):
        await owners.is_alive("mine")
