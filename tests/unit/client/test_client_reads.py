"""Reads, and what else a client does: paths, what is asked twice and what is not, and what it never shows."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ordo.client import AsyncOrdoClient, GatewayUnreachable, OrdoApiError, OrdoClient
from ordo.client.announcement import Announcement, announce, beside
from ordo.client.conversation import Call, Lost, Unsent, Wait, conversation
from ordo.client.requests import nothing
from ordo.client.transport import Place
from ordo.domain.orders import OrderStatus
from ordo.schemas.v1.orders import Order
from ordo.schemas.v1.sessions import LoginChallenge, Session
from tests.support.orders import order_of
from tests.unit.client.conftest import Ask
from tests.unit.client.hostile_gateway import LOST, HostileGateway, answer

ORDER = Order.of(replace(order_of(), status=OrderStatus.OPEN, broker_order_id="B1"))
QUOTE = {
    "instrument_token": "NSE:M&M",
    "last_price": "3000.10",
    "timestamp": "2026-11-23T10:00:00+05:30",
    "extended_fields_json": {},
    "new_in_a_later_version": 1,
}


def test_a_read_is_repeated_when_its_answer_is_lost(ask: Ask) -> None:
    with HostileGateway.serving(LOST, answer(200, f"[{ORDER.model_dump_json()}]")) as gateway:
        assert ask(gateway.url, lambda ordo: ordo.orders.list("paper/DEMO")) == (ORDER,)
    assert [(seen.method, seen.target) for seen in gateway.seen] == [("GET", "/api/v1/accounts/paper/DEMO/orders")] * 2
    assert "idempotency-key" not in gateway.seen[0].headers


def test_a_read_that_stays_without_an_answer_is_an_error(ask: Ask) -> None:
    with HostileGateway.serving(LOST) as gateway, pytest.raises(GatewayUnreachable):
        ask(gateway.url, lambda ordo: ordo.portfolio("paper/DEMO"), timeout=0.3)


def test_an_answer_of_another_shape_is_an_error(ask: Ask) -> None:
    with HostileGateway.serving(answer(200, "[]")) as gateway, pytest.raises(OrdoApiError) as raised:
        ask(gateway.url, lambda ordo: ordo.portfolio("paper/DEMO"))
    assert raised.value.error_code == "NOT_ORDO"


def test_an_error_is_told_with_its_correlation_id(ask: Ask) -> None:
    told = json.dumps({"error_code": "FROM_A_LATER_VERSION", "message": "no"})
    with (
        HostileGateway.serving(answer(404, told, "X-Correlation-ID: c3")) as gateway,
        pytest.raises(OrdoApiError) as raised,
    ):
        ask(gateway.url, lambda ordo: ordo.orders.get("paper/DEMO", ORDER.order_id))
    assert str(raised.value) == "FROM_A_LATER_VERSION: no (correlation id c3)"
    assert raised.value.details == {}


def test_keys_survive_the_address(ask: Ask) -> None:
    with HostileGateway.serving(answer(200, json.dumps([QUOTE])), answer(404, '{"error_code": "X"}')) as gateway:
        (quote,) = ask(gateway.url, lambda ordo: ordo.quotes("paper/DEMO", "NSE:M&M", "NSE:SBIN"))
        with pytest.raises(OrdoApiError):
            ask(gateway.url, lambda ordo: ordo.instruments.get("NSE:M&M"))
    assert str(quote.last_price) == "3000.10"
    assert gateway.seen[0].target == "/api/v1/accounts/paper/DEMO/quotes?instrument=NSE%3AM%26M&instrument=NSE%3ASBIN"
    assert gateway.seen[1].target == "/api/v1/instruments/NSE%3AM%26M"


def test_a_search_says_how_many_it_wants(ask: Ask) -> None:
    with HostileGateway.serving(answer(200, "[]"), answer(200, "[]")) as gateway:
        assert ask(gateway.url, lambda ordo: ordo.instruments.search("sbi", limit=5)) == ()
        assert ask(gateway.url, lambda ordo: ordo.instruments.search("sbi")) == ()
    assert [seen.target.partition("?")[2] for seen in gateway.seen] == ["query=sbi&limit=5", "query=sbi"]


def test_a_login_is_tried_once(ask: Ask) -> None:
    with HostileGateway.serving(LOST, LOST) as gateway, pytest.raises(GatewayUnreachable, match="not known"):
        ask(gateway.url, lambda ordo: ordo.sessions.begin("hdfc/7000001"))
    assert [seen.target for seen in gateway.seen] == ["/api/v1/sessions/hdfc/7000001/login"]


def test_a_login_goes_from_challenge_to_session(ask: Ask) -> None:
    challenge = {
        "account": "hdfc/7000001",
        "challenge_id": "c1f0",
        "kind": "otp",
        "login_url": None,
        "fields": ["otp"],
        "message": None,
        "expires_at": "2026-11-23T10:00:00+05:30",
    }
    session = {
        "account": "hdfc/7000001",
        "adapter_id": "hdfc",
        "account_id": "7000001",
        "state": "ACTIVE",
        "issued_at": None,
        "expires_at": None,
        "advice": "nothing to do",
    }
    with HostileGateway.serving(answer(200, json.dumps(challenge)), answer(201, json.dumps(session))) as gateway:
        first = ask(gateway.url, lambda ordo: ordo.sessions.begin("hdfc/7000001"))
        assert isinstance(first, LoginChallenge)
        second = ask(
            gateway.url,
            lambda ordo: ordo.sessions.answer("hdfc/7000001", first.challenge_id, answers={"otp": "123456"}),
        )
    assert first.fields == ("otp",)
    assert isinstance(second, Session)
    assert second.state == "ACTIVE"
    assert json.loads(gateway.seen[1].body) == {"challenge_id": "c1f0", "answers": {"otp": "123456"}}


def test_a_logout_has_no_answer(ask: Ask) -> None:
    with HostileGateway.serving(answer(204)) as gateway:
        assert ask(gateway.url, lambda ordo: ordo.sessions.end("paper/DEMO")) is None
    assert (gateway.seen[0].method, gateway.seen[0].target) == ("DELETE", "/api/v1/sessions/paper/DEMO")


def test_the_kill_switch_is_set_with_a_reason(ask: Ask) -> None:
    switch = {
        "state": "HALTED",
        "changed_by": "owner",
        "changed_at": "2026-11-23T10:00:00+05:30",
        "reason": "a wrong fill",
    }
    with HostileGateway.serving(answer(200, json.dumps(switch))) as gateway:
        assert ask(gateway.url, lambda ordo: ordo.kill_switch.set("HALTED", "a wrong fill")).state == "HALTED"
    assert (gateway.seen[0].method, gateway.seen[0].target) == ("PUT", "/api/v1/kill-switch")
    assert json.loads(gateway.seen[0].body) == {"state": "HALTED", "reason": "a wrong fill"}


def test_url_and_token_come_from_the_environment(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with HostileGateway.serving(answer(200, "[]"), answer(200, "[]")) as gateway:
        monkeypatch.setenv("ORDO_URL", gateway.url)
        monkeypatch.setenv("ORDO_TOKEN", "from-the-environment\n")
        with OrdoClient() as ordo:
            ordo.brokers()
        ask(gateway.url, lambda ordo: ordo.brokers(), token="")
    assert gateway.seen[0].headers["authorization"] == "Bearer from-the-environment"
    assert "authorization" not in gateway.seen[1].headers


def test_where_nothing_is_said_the_gateway_of_this_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ORDO_URL", raising=False)
    monkeypatch.delenv("ORDO_TOKEN", raising=False)
    with HostileGateway.serving(answer(200, "[]")) as gateway:
        announce(beside(Path("ordo.db")), Announcement(url=gateway.url, pid=1, token="made-by-it"))
        with OrdoClient() as ordo:
            ordo.brokers()
    assert gateway.seen[0].headers["authorization"] == "Bearer made-by-it"


@pytest.mark.parametrize("said", ["url", "token", "ORDO_URL", "ORDO_TOKEN"])
def test_a_file_of_this_folder_is_told_no_token_and_gives_none_away(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ORDO_URL", raising=False)
    monkeypatch.delenv("ORDO_TOKEN", raising=False)
    announce(beside(Path("ordo.db")), Announcement(url="http://127.0.0.1:1", pid=1, token="made-by-it"))
    value = "http://127.0.0.1:2" if said.lower().endswith("url") else "mine"
    if said.isupper():
        monkeypatch.setenv(said, value)
        place = Place.of(None, None, 1)
    else:
        place = Place.of(value if said == "url" else None, value if said == "token" else None, 1)
    assert place.url != "http://127.0.0.1:1"
    assert "made-by-it" not in str(place.headers)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_an_address_is_checked_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="the address of a gateway"):
        OrdoClient(url)


def test_a_token_is_checked_at_once_and_never_shown() -> None:
    with pytest.raises(ValueError, match="printable") as raised:
        OrdoClient(token="hush\nhush")
    assert "hush" not in str(raised.value)
    with OrdoClient(token="hush-hush") as ordo:
        assert "hush" not in repr(ordo) + repr(vars(ordo)) + repr(vars(ordo._wire))


def test_a_timeout_is_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        OrdoClient(timeout=0)


def test_both_clients_have_the_same_names_and_signatures() -> None:
    def shape(client: object) -> dict[str, str]:
        found = {}
        for name in [name for name in dir(client) if not name.startswith("_")]:
            part = getattr(client, name)
            if callable(part):
                # What is iterated over is `AsyncIterator` where the other client's is `Iterator`.
                found[name] = str(inspect.signature(part)).replace("AsyncIterator", "Iterator")
            else:
                found |= {f"{name}.{inner}": signature for inner, signature in shape(part).items()}
        return found

    assert OrdoClient.portfolio.build is AsyncOrdoClient.portfolio.build
    with OrdoClient(token="") as ordo:
        names = shape(ordo)
        assert names == {**shape(AsyncOrdoClient(token="")), "close": names["close"]}
        assert {"orders.place", "orders.list", "kill_switch.set", "instruments.search", "quotes"} <= set(names)
        assert "at most once" in (ordo.orders.place.__doc__ or "")


class Watch:
    """Seconds that pass only when a conversation waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def live_through(event: Lost | Unsent, timeout: float, watch: Watch) -> None:
    steps = conversation(Call(method="POST", path="/", read=nothing, key="k"), timeout=timeout, now=watch)
    step = next(steps)
    while True:
        if isinstance(step, Wait):
            watch.seconds += step.seconds
            step = steps.send(None)
        else:
            step = steps.send(event)


@pytest.mark.parametrize("event", [Lost(reason="gone"), Unsent(reason="refused")])
@pytest.mark.parametrize("timeout", [0.05, 1.0, 30.0])
def test_no_conversation_outlives_its_time(event: Lost | Unsent, timeout: float) -> None:
    watch = Watch()
    with pytest.raises(OrdoApiError):
        live_through(event, timeout, watch)
    assert watch.seconds <= timeout
