"""`ordo serve` as a process: what it says, what it refuses, and what it remembers when it is killed."""

from __future__ import annotations

import json
import shlex
import signal
import socket
import stat

import httpx2
import pytest

from ordo.entrypoints.cli import serve
from ordo.entrypoints.cli.outcome import InputError
from tests.unit.entrypoints.cli.shell import Here, Shell

TOKEN = "chosen-by-its-owner-and-long"


def curl(said: str) -> httpx2.Response:
    """Do what the printed command does."""
    command = shlex.split(said[said.index("curl") :].replace("\\\n", ""))
    assert command[:2] == ["curl", "-i"]
    headers = dict(command[at + 1].split(": ", 1) for at, part in enumerate(command) if part == "-H")
    body = command[command.index("-d") + 1]
    return httpx2.post(command[2], content=body, headers=headers, trust_env=False)


def test_the_printed_curl_places_one_order_however_often_and_whatever_happens(shell: Shell, ordo: Here) -> None:
    with shell.serving() as serving:
        told = shell.announcement()
        assert f"docs   {told['url']}/schema" in serving.said
        assert serving.said.count(told["token"]) == 2

        first = curl(serving.said)
        assert (first.status_code, first.json()["status"]) == (201, "FILLED")
        again = curl(serving.said)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        assert serving.end(signal.SIGKILL).code == -signal.SIGKILL

    assert shell.announcement() == told
    alone = ordo("orders", "paper/DEMO", "--json")
    with shell.serving() as risen:
        assert shell.announcement()["token"] != told["token"]
        replay = curl(risen.said)
        assert (replay.status_code, replay.content) == (201, first.content)
        assert replay.headers["idempotency-replayed"] == "true"

        served = ordo("orders", "paper/DEMO", "--json")
        assert [order["order_id"] for order in served.document] == [first.json()["order_id"]]
        assert served == alone
        ended = risen.end(signal.SIGTERM)
    assert (ended.code, ended.out) == (0, "")
    assert list(shell.place.glob("ordo.db.serve*")) == []


def test_a_program_is_told_everything_in_one_document(shell: Shell) -> None:
    with shell.serving("--json") as serving:
        told = json.loads(serving.said)
        file = shell.place / "ordo.db.serve.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert shell.announcement() == {"url": told["url"], "pid": serving.process.pid, "token": told["token"]}
        assert told["docs"] == f"{told['url']}/schema"
        health = httpx2.get(f"{told['url']}/health", trust_env=False)
        assert health.status_code == 200
        assert "server" not in health.headers
        ended = serving.end(signal.SIGINT)
    assert (ended.code, ended.out) == (0, "")
    assert not file.exists()


def test_a_token_of_ones_own_is_neither_shown_nor_written_down(
    shell: Shell, ordo: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shell.serving(ORDO_TOKEN=TOKEN) as serving:
        assert shell.announcement()["token"] is None
        assert "$ORDO_TOKEN" in serving.said

        stranger = ordo("status", "--json")
        assert stranger.code == 4
        assert "ORDO_TOKEN" in stranger.document["message"]
        assert ordo("status", "--token", "wrong", "--json").document["error_code"] == "UNAUTHENTICATED"
        monkeypatch.setenv("ORDO_TOKEN", TOKEN)
        assert ordo("status", "--json").document["kill_switch"]["state"] == "ACTIVE"

        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            taken = shell.ordo("serve", "--port", port, "--json")
        assert taken.code == 5
        assert f"Port {port} on 127.0.0.1 is in use" in taken.err
        assert taken.document["error_code"] == "UNAVAILABLE"
        assert shell.announcement()["pid"] == serving.process.pid
        ended = serving.end(signal.SIGTERM)
    assert TOKEN not in serving.said + ended.out + ended.err


def test_a_gateway_that_can_not_announce_itself_serves_all_the_same(shell: Shell) -> None:
    (shell.place / "ordo.db.serve.json").mkdir()
    with shell.serving("--json") as serving:
        url = json.loads(serving.said)["url"]
        assert httpx2.get(f"{url}/health", trust_env=False).status_code == 200
        ended = serving.end(signal.SIGTERM)
    assert ended.code == 0
    assert f"give the other commands --url {url}" in ended.err


def test_nobody_else_gets_in_without_a_token(shell: Shell) -> None:
    ended = shell.ordo("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104  (it must refuse)
    assert (ended.code, ended.out) == (4, "")
    assert "does not listen on 0.0.0.0 without a token" in ended.err
    assert "ORDO_TOKEN" in ended.err
    assert list(shell.place.iterdir()) == []


def test_a_start_that_fails_leaves_the_garbage_collector_as_it_was(shell: Shell) -> None:
    (shell.place / "ordo.db").write_text("these are no tables" * 100, encoding="utf-8")
    ended = shell.python(
        "import gc\n"
        "from ordo.entrypoints.cli.serve import serve\n"
        "print(int(serve(host='127.0.0.1', port=0, workers=1, as_json=False)), gc.isenabled())"
    )
    assert ended.out == "5 True\n"


def test_a_database_that_can_not_be_used_is_told_without_a_traceback(shell: Shell) -> None:
    (shell.place / "ordo.db").write_text("these are no tables" * 100, encoding="utf-8")
    ended = shell.ordo("serve", "--port", "0", "--json")
    assert ended.code == 5
    assert ended.document["error_code"] == "STORE_UNAVAILABLE"
    assert "Traceback" not in ended.err
    assert not (shell.place / "ordo.db.serve.json").exists()


@pytest.mark.usefixtures("ordo")
@pytest.mark.parametrize("host", ["::", "192.0.2.1", "no-such-host.invalid"])
def test_only_loopback_is_listened_on_without_a_token(host: str) -> None:
    with pytest.raises(InputError, match="without a token"):
        serve._serve(host, 0, 1, as_json=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_has_many_names(host: str) -> None:
    assert serve._is_loopback(host)


@pytest.mark.usefixtures("ordo")
def test_an_address_of_somebody_else_can_not_be_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDO_TOKEN", TOKEN)
    with pytest.raises(InputError, match=r"can't listen on 192\.0\.2\.1 port 0"):
        serve._serve("192.0.2.1", 0, 1, as_json=True)


@pytest.mark.usefixtures("ordo")
def test_several_workers_are_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match="PostgreSQL and Redis"):
        serve._serve("127.0.0.1", 0, 2, as_json=True)


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:"), ("localhost", "http://")]
)
def test_the_address_told_is_one_that_can_be_called(host: str, url: str) -> None:
    try:
        listener = serve._listen(host, 0)
    except InputError:
        assert host == "::1"  # A machine may have no IPv6.
        return
    with listener, socket.create_connection(listener.getsockname()[:2]):
        assert serve._url(listener, secure=False).startswith(url)


def test_the_log_is_written_as_the_settings_say(shell: Shell) -> None:
    with shell.serving(ORDO_LOG__JSON_LINES="true") as serving:
        ended = serving.end(signal.SIGTERM)
    lines = [json.loads(line) for line in ended.err.splitlines()]
    told = [line["event"] for line in lines]
    assert told[0].startswith("made a master key in ")
    assert [text.partition(" line ")[0] for text in told[1:]] == [
        "the audit chain audit goes on after",
        "the audit chain audit ends for now with",
    ]
    with shell.serving(ORDO_LOG__LEVEL="ERROR", ORDO_DATABASE_URL="sqlite:///other.db") as serving:
        assert serving.end(signal.SIGTERM).err == ""
