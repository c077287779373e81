from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.entrypoints.cli.shell import Here, Shell


def test_a_token_is_made_shown_once_listed_and_revoked(ordo: Here, tmp_path: Path) -> None:
    made = ordo("tokens", "new", "--scope", "read,trade", "--account", "paper/DEMO", "--name", "bot", "--json").document
    text = made["token"]
    assert text.startswith(f"ordo_paper_{made['id']}_")
    assert (made["scopes"], made["accounts"], made["state"]) == (["read", "trade"], ["paper/DEMO"], "open")
    listed = ordo("tokens", "list", "--json").document
    assert [one["id"] for one in listed] == [made["id"]]
    secret = text.rpartition("_")[2] if text.count("_") == 3 else text.split("_", 3)[3]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    people = ordo("tokens", "list")
    assert made["id"] in people.out
    assert secret not in people.out
    ended = ordo("tokens", "revoke", text)
    assert ended.code == 0
    assert "opens nothing" in ended.out
    assert ordo("tokens", "list", "--json").document[0]["state"] == "revoked"
    events = ordo("audit", "verify", "--json")
    assert events.code == 0
    people = ordo("tokens", "new", "--scope", "read", "--account", "paper/*", "--expires", "never")
    assert "not shown again" in people.out


@pytest.mark.parametrize("expires", ["12h", "30d", "2999-03-31", "2999-03-31T10:00", "2999-03-31T10:00+00:00"])
def test_an_end_can_be_said_in_many_ways(ordo: Here, expires: str) -> None:
    made = ordo("tokens", "new", "--scope", "read", "--account", "paper/DEMO", "--expires", expires, "--json")
    assert made.code == 0
    assert made.document["expires_at"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--scope", "read", "--account", "paper/DEMO", "--expires", "soon"), "--expires"),
        (("--scope", "read", "--account", "paper/DEMO", "--expires", "2001-01-01"), "ahead"),
        (("--scope", "everything", "--account", "paper/DEMO"), "--scope"),
        (("--scope", "read", "--account", "nobody/X"), "no broker"),
        (("--scope", "read"), "account"),
    ],
)
def test_what_can_not_be_made_says_why(ordo: Here, arguments: tuple[str, ...], says: str) -> None:
    refused = ordo("tokens", "new", *arguments)
    assert refused.code == 4
    assert says in refused.err


def test_what_is_no_token_can_not_be_revoked(ordo: Here) -> None:
    assert "TOKEN_ID" in ordo("tokens", "revoke", "x").err
    assert ordo("tokens", "revoke", "f" * 12).code == 4


def test_a_running_gateway_knows_a_new_token_and_forgets_a_revoked_one(shell: Shell) -> None:
    with shell.serving("--json"):
        url = shell.announcement()["url"]
        made = shell.ordo("tokens", "new", "--scope", "read", "--account", "paper/DEMO", "--json").document
        target = ("--url", url, "--token", made["token"])
        assert shell.ordo("orders", "paper/DEMO", "--json", *target).code == 0
        assert shell.ordo("tokens", "revoke", made["id"]).code == 0
        assert shell.ordo("orders", "paper/DEMO", "--json", *target).code == 4
