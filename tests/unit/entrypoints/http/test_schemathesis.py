"""The contract tried by a stranger: schemathesis, all checks, against a real server on a real socket."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import uvicorn

from ordo.container.root import container_for
from ordo.entrypoints.http.app import create_app
from ordo.schemas.config.settings import Settings
from tests.unit.entrypoints.cli.shell import Shell
from tests.unit.entrypoints.http.gateway_door import TOKEN

HERE = Path(__file__).parent
WRITTEN = ("idempotency_record", "kill_switch", "account_kill_switch")
METHODS = {"get", "put", "post", "patch", "delete"}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    settings = Settings.model_validate(
        {
            "token": TOKEN,
            "database_url": f"sqlite+aiosqlite:///{tmp_path / 'ordo.db'}",
            "audit": {"dir": tmp_path / "audit"},
        }
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(create_app(container_for(settings)), log_level="warning", server_header=False)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def tried(address: str, folder: Path, hooks: str, *options: str) -> None:
    """Try every operation of the contract. More is tried by hand: the same
    command, another seed, more examples.
    """
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(HERE / "schemathesis.toml"),
        "run",
        f"{address}/schema/openapi.json",
        "--wait-for-schema=30",
        "--seed=20261123",
        # Several workers meet a fault of CPython 3.11's own parser (AST constructor recursion depth mismatch).
        "--workers=1",
        "--continue-on-failure",
        *options,
    ]
    # None of Ordo runs in that process, so its coverage would only cost time.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    kept["SCHEMATHESIS_HOOKS"] = str(HERE / hooks)
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    paths = json.loads((HERE / "openapi-v1.json").read_text())["paths"]
    every = sum(len(METHODS & set(path)) for path in paths.values())
    assert f"Selected: {every}/{every}" in done.stdout
    assert f"Tested: {every}" in done.stdout


def test_schemathesis_finds_nothing(address: str, tmp_path: Path) -> None:
    owner = f"--header=Authorization: Bearer {TOKEN}"
    tried(address, tmp_path, "schemathesis_hooks.py", "--checks=all", owner, "--max-examples=12")


def test_schemathesis_without_a_token_is_let_in_nowhere(address: str, tmp_path: Path) -> None:
    checks = ("--checks=not_a_server_error,lets_in_nobody", "--phases=fuzzing", "--max-examples=2")
    tried(address, tmp_path, "schemathesis_strangers.py", *checks)


def test_schemathesis_with_a_token_that_reads_writes_nothing(address: str, tmp_path: Path) -> None:
    settings = {"ORDO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'ordo.db'}", "ORDO_TOKEN": TOKEN}
    new = ("tokens", "new", "--scope", "read", "--account", "paper/*", "--json")
    made = Shell(tmp_path).ordo(*new, **settings, ORDO_AUDIT__DIR=str(tmp_path / "audit"))
    checks = ("--checks=not_a_server_error,writes_nothing", "--phases=fuzzing", "--max-examples=2")
    reader = f"--header=Authorization: Bearer {made.document['token']}"
    tried(address, tmp_path, "schemathesis_strangers.py", *checks, reader)
    with closing(sqlite3.connect(tmp_path / "ordo.db")) as database:
        for table in WRITTEN:
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # noqa: S608
