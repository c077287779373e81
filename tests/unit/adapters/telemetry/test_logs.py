from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from ordo.adapters.telemetry.logs import configure_logs


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


def test_json_lines_are_redacted_and_complete(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="INFO", json_lines=True)
    logging.getLogger("somewhere").warning("called https://x.example/?api_key=%s", "canary", extra={"pin": "canary"})
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert "canary" not in line
    assert entry["logger"] == "somewhere"
    assert entry["level"] == "warning"


def test_exceptions_are_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="INFO", json_lines=True)
    logging.getLogger("somewhere").error("it broke", exc_info=RuntimeError("password=canary"))
    assert "canary" not in capsys.readouterr().err


def test_readable_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="INFO", json_lines=False)
    logging.getLogger("somewhere").info("hello token=canary")
    logging.getLogger("somewhere").debug("unseen")
    text = capsys.readouterr().err
    assert "hello" in text
    assert "canary" not in text
    assert "unseen" not in text


@pytest.mark.parametrize("name", ["httpx", "httpx2", "httpcore"])
def test_clients_that_log_addresses_are_quiet(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="INFO", json_lines=True)
    logging.getLogger(name).info("HTTP Request: GET https://x.example/?code=canary")
    assert capsys.readouterr().err == ""
