from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.adapters.telemetry.redaction import redact
from ordo.domain.secrecy import MASK, SECRET_NAMES, redact_text, without
from ordo.domain.sessions import Secret

CANARY = "canary7Q2x9Zk4Lm"


@pytest.mark.parametrize("name", sorted(SECRET_NAMES))
@pytest.mark.parametrize(
    "template",
    [
        "{name}={value}",
        "GET https://broker.example/x?a=1&{name}={value}&b=2",
        '{{"{name}": "{value}", "kept": 1}}',
        "{name}: {value}",
        "{name}:{value}",
        "{{'{name}': '{value}'}}",
        "{NAME}={value}",
        "{name}%3D{value}",
        "GET https://broker.example/x?next=https%3a%2f%2fy.example%3f{name}%3d{value}%26b%3d2",
        '{{"sent": "{{\\"{name}\\": \\"{value}\\"}}"}}',
    ],
)
def test_a_secret_written_in_a_text_is_masked(name: str, template: str) -> None:
    text = template.format(name=name, NAME=name.upper(), value=CANARY)
    assert CANARY not in redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"sent with bearer {CANARY}=",
        f"Basic {CANARY}",
        f"Bearer\t{CANARY}",
        f"Authorization:\tBearer\n{CANARY}",
        f"bearer\N{NO-BREAK SPACE}{CANARY}",
        f"eyJhbGciOi.{CANARY}.sig",
        f"ordo_live_0123456789ab_{CANARY}",
        f"the token was eyJhbGciOi.{CANARY}.sig",
    ],
)
def test_credentials_are_masked_by_their_shape(text: str) -> None:
    assert CANARY not in redact_text(text)


def test_what_is_no_secret_stays() -> None:
    text = "order 373000000000001 NSE:SBIN at 800.05, status=FILLED, correlation_id=abc"
    assert redact_text(text) == text


nested = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(nested, st.sampled_from(sorted(SECRET_NAMES)))
def test_a_secret_name_is_masked_at_any_depth(value: object, name: str) -> None:
    wrapped = {"a": [{"b": value}, {name.title(): {"inner": CANARY}}]}
    assert CANARY not in str(redact(wrapped))


def test_secret_objects_and_bytes_are_masked() -> None:
    assert CANARY not in str(redact({"x": Secret(CANARY), "y": f"password={CANARY}".encode()}))
    assert redact({"password": "p"}) == {"password": MASK}


@pytest.mark.parametrize("realm", ["paper", "live"])
def test_of_a_token_of_our_own_only_its_id_stays(realm: str) -> None:
    text = f"who brings ordo_{realm}_0123456789ab_{CANARY}-_x here"
    assert redact_text(text) == f"who brings ordo_{realm}_0123456789ab_{MASK} here"


_UNSTARRED = st.characters(exclude_characters="*")


@given(
    before=st.text(max_size=20),
    secret=st.text(_UNSTARRED, min_size=1, max_size=40),
    after=st.text(max_size=20),
)
def test_what_was_sent_is_masked_wherever_it_is_repeated(before: str, secret: str, after: str) -> None:
    assert secret not in without(f"{before}{secret}{after}", [secret, "", secret[:3]])


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert without("you sent abc-100 and abc", ["abc", "abc-100"]) == f"you sent {MASK} and {MASK}"
