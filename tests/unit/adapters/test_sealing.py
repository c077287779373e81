from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.adapters.sealing import Sealer, generate_master_key
from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from ordo.domain.sessions import Secret

OLD, NEW = generate_master_key(), generate_master_key()
PLACE = "DbSession|fyers|XY1|access_token"
CANARY = Secret("canary-token")


@given(text=st.text(), place=st.text())
def test_what_was_sealed_opens_in_its_place(text: str, place: str) -> None:
    sealer = Sealer((OLD,))
    assert sealer.open(sealer.seal(Secret(text), place=place), place=place) == Secret(text)


def test_the_sealed_form_names_version_and_key_and_shows_nothing() -> None:
    sealed = Sealer((OLD,)).seal(CANARY, place=PLACE)
    version, key_id, body = sealed.split(".")
    assert version == "v1"
    assert len(key_id) == 16
    assert CANARY.reveal().encode() not in base64.urlsafe_b64decode(body)
    assert OLD.reveal() not in sealed


def test_sealing_twice_gives_different_texts() -> None:
    sealer = Sealer((OLD,))
    assert len({sealer.seal(CANARY, place=PLACE) for _ in range(100)}) == 100


def test_the_first_key_seals_and_all_open() -> None:
    before = Sealer((OLD,)).seal(CANARY, place=PLACE)
    both = Sealer((NEW, OLD))
    after = both.seal(CANARY, place=PLACE)
    assert both.open(before, place=PLACE) == CANARY
    assert Sealer((NEW,)).open(after, place=PLACE) == CANARY
    with pytest.raises(Unavailable):
        Sealer((OLD,)).open(after, place=PLACE)


def test_a_missing_key_is_named_by_its_id() -> None:
    sealed = Sealer((OLD,)).seal(CANARY, place=PLACE)
    with pytest.raises(Unavailable, match="not among ORDO_MASTER_KEYS") as caught:
        Sealer((NEW,)).open(sealed, place=PLACE)
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE
    assert sealed.split(".")[1] in caught.value.message
    assert OLD.reveal() not in caught.value.message


@pytest.mark.parametrize(
    "place",
    [
        "DbSession|fyers|XY2|access_token",
        "DbSession|hdfc|XY1|access_token",
        "DbSession|fyers|XY1|refresh_token",
        "",
    ],
)
def test_a_sealed_text_does_not_open_elsewhere(place: str) -> None:
    sealer = Sealer((OLD,))
    with pytest.raises(Unavailable, match="copied here from another place"):
        sealer.open(sealer.seal(CANARY, place=PLACE), place=place)


def test_no_altered_text_opens() -> None:
    sealer = Sealer((OLD,))
    sealed = sealer.seal(CANARY, place=PLACE)
    head, body = sealed.rsplit(".", 1)
    data = base64.urlsafe_b64decode(body)
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1
        with pytest.raises(Unavailable) as caught:
            sealer.open(f"{head}.{base64.urlsafe_b64encode(flipped).decode()}", place=PLACE)
        assert CANARY.reveal() not in str(caught.value)
    for length in range(len(data)):
        with pytest.raises(Unavailable):
            sealer.open(f"{head}.{base64.urlsafe_b64encode(data[:length]).decode()}", place=PLACE)


@pytest.mark.parametrize("text", ["", "canary-token", "v1.canary-token", "v1.canary.token", "v2.{rest}", "v1.{id}.A"])
def test_what_was_never_sealed_is_not_repeated_in_the_error(text: str) -> None:
    sealer = Sealer((OLD,))
    _, key_id, body = sealer.seal(CANARY, place=PLACE).split(".")
    with pytest.raises(Unavailable, match=r"log in again") as caught:
        sealer.open(text.format(rest=f"{key_id}.{body}", id=key_id), place=PLACE)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("bad", ["", "short", "A" * 42, "A" * 44, "*" * 43, "ä" * 43, f"{'A' * 42}=="])
def test_a_bad_master_key_is_refused_by_its_number_and_not_shown(bad: str) -> None:
    with pytest.raises(Invalid, match="key number 2") as caught:
        Sealer((OLD, Secret(bad)))
    assert not bad or bad not in str(caught.value)
    assert caught.value.fields[0].seen is None


def test_a_padded_key_is_the_same_key() -> None:
    sealed = Sealer((OLD,)).seal(CANARY, place=PLACE)
    assert Sealer((Secret(OLD.reveal() + "="),)).open(sealed, place=PLACE) == CANARY


def test_no_key_at_all_is_refused() -> None:
    with pytest.raises(Invalid, match="at least one key"):
        Sealer(())


def test_generated_keys_differ_and_do_not_show() -> None:
    assert OLD != NEW
    assert len(OLD.reveal()) == 43
    assert OLD.reveal() not in repr(OLD) + repr(Sealer((OLD,)))
