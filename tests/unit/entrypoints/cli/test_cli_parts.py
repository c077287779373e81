"""The small parts of the program, each by itself."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ordo.client import OrdoApiError
from ordo.client.announcement import Announcement, announce, beside, read, withdraw
from ordo.client.transport import AsgiApp, Message
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.entrypoints.cli.in_process import opened
from ordo.entrypoints.cli.outcome import ENDINGS, ExitCode, end


def test_every_error_code_has_an_ending() -> None:
    assert set(ErrorCode) == set(ENDINGS) - {"GATEWAY_UNREACHABLE", "NOT_ORDO"}


def test_a_code_of_a_later_version_ends_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert end(OrdoApiError("SOMETHING_NEW", "so it is"), as_json=True) is ExitCode.UNAVAILABLE
    told = capsys.readouterr()
    assert json.loads(told.out)["error_code"] == "SOMETHING_NEW"
    assert told.err == "SOMETHING_NEW: so it is\n"


def test_what_keeps_a_gateway_from_opening_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    error = Unavailable(ErrorCode.STORE_UNAVAILABLE, "the disk is full")
    assert end(error, as_json=False) is ExitCode.UNAVAILABLE
    assert capsys.readouterr() == ("", "STORE_UNAVAILABLE: the disk is full\n")


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        end(ZeroDivisionError(), as_json=True)


def test_an_announcement_is_for_its_owner_only(tmp_path: Path) -> None:
    path = beside(tmp_path / "ordo.db")
    path.write_text("what an earlier one left", encoding="utf-8")
    path.chmod(0o644)
    told = Announcement(url="http://127.0.0.1:1", pid=os.getpid(), token="hush")
    announce(path, told)
    assert read(path) == told
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "hush" not in repr(told)
    assert list(tmp_path.iterdir()) == [path]
    withdraw(path)
    assert not path.exists()
    withdraw(path)


def test_another_gateways_announcement_stays(tmp_path: Path) -> None:
    path = beside(tmp_path / "ordo.db")
    announce(path, Announcement(url="http://127.0.0.1:1", pid=os.getpid() + 1, token=None))
    withdraw(path)
    assert path.exists()


def test_an_announcement_that_can_not_be_written_leaves_no_draft(tmp_path: Path) -> None:
    path = beside(tmp_path / "ordo.db")
    path.mkdir()
    with pytest.raises(OSError, match=r"ordo\.db\.serve\.json"):
        announce(path, Announcement(url="http://127.0.0.1:1", pid=1, token="hush"))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"url": "http://127.0.0.1:1", "pid": "x", "token": null}'])
def test_an_announcement_without_sense_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.serve.json"
    path.write_text(text, encoding="utf-8")
    assert read(path) is None
    assert read(tmp_path / "nowhere") is None


Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def ending(*, at: str, error: Exception | None) -> AsgiApp:
    """An application that ends with `error`, or without a word, at its startup or its shutdown."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"
        for step in ("startup", "shutdown"):
            assert await receive() == {"type": f"lifespan.{step}"}
            if step == at:
                if error is None:
                    return
                await send({"type": f"lifespan.{step}.failed"})
                raise error
            await send({"type": f"lifespan.{step}.complete"})

    return app


async def lived(app: AsgiApp) -> None:
    async with opened(app):
        pass


WHY = ValueError("why")


@pytest.mark.parametrize("at", ["startup", "shutdown"])
@pytest.mark.parametrize(
    ("error", "told"),
    [(WHY, WHY), (ExceptionGroup("a task", [ExceptionGroup("within", [WHY])]), WHY), (None, None)],
)
def test_what_ends_an_application_is_told(at: str, error: Exception | None, told: Exception | None) -> None:
    with pytest.raises(ValueError if told else RuntimeError) as raised:
        asyncio.run(lived(ending(at=at, error=error)))
    if told is not None:
        assert raised.value is told


def test_several_errors_stay_a_group() -> None:
    both = ExceptionGroup("two", [WHY, KeyError("x")])
    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(lived(ending(at="startup", error=both)))
    assert raised.value is both


def test_an_application_lives_in_between() -> None:
    asyncio.run(lived(ending(at="never", error=None)))
