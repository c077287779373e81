from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordo.domain.sessions import LoginAnswer, Secret, Session, SessionState
from tests.support.clock import MONDAY_MORNING
from tests.support.orders import ACCOUNT

_CANARY = "canary-8f2e"
_EVENING = MONDAY_MORNING + timedelta(hours=8)


def _session() -> Session:
    return Session(
        account=ACCOUNT,
        access_token=Secret(_CANARY),
        refresh_token=Secret(f"refresh-{_CANARY}"),
        issued_at=MONDAY_MORNING,
        expires_at=_EVENING,
    )


def test_a_secret_does_not_show_where_it_is_printed_or_formatted() -> None:
    secret = Secret(_CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{secret!s}", "%s" % secret, "%r" % [secret]]  # noqa: UP031
    shown += ["{}".format(secret), format(secret), repr({"token": secret}), ascii(secret)]  # noqa: UP032
    assert not any(_CANARY in text for text in shown)
    assert str(secret) == "***"
    for spec in (">10", "s", "10"):
        with pytest.raises(TypeError) as failure:
            format(secret, spec)
        assert _CANARY not in str(failure.value)


def test_a_secret_does_not_show_in_what_holds_it() -> None:
    answer = LoginAnswer(challenge_id="c", redirect_url=Secret(_CANARY), answers={"otp": Secret(_CANARY)})
    for holder in (_session(), answer):
        assert _CANARY not in repr(holder)
        assert _CANARY not in str(holder)


def test_a_secret_does_not_show_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("x").warning("session %s, token %r", _session(), Secret(_CANARY))
    assert "***" in caplog.text
    assert _CANARY not in caplog.text


def test_a_secret_can_not_be_serialised_or_copied_in_a_way_that_shows_it() -> None:
    attempts = (
        lambda: pickle.dumps(Secret(_CANARY)),
        lambda: pickle.dumps(_session(), protocol=0),
        lambda: copy.copy(Secret(_CANARY)),
        lambda: copy.deepcopy(_session()),
        lambda: asdict(_session()),
        lambda: json.dumps({"token": Secret(_CANARY)}),
        lambda: vars(Secret(_CANARY)),
    )
    for attempt in attempts:
        with pytest.raises(TypeError) as failure:
            attempt()
        assert _CANARY not in str(failure.value)


def test_a_secret_does_not_show_in_an_error_or_its_traceback() -> None:
    def fail(token: Secret) -> None:
        raise RuntimeError("login failed", token)

    with pytest.raises(RuntimeError) as failure:
        fail(Secret(_CANARY))
    shown = traceback.TracebackException.from_exception(failure.value, capture_locals=True)
    assert _CANARY not in str(failure.value)
    assert _CANARY not in "".join(line for frame in shown.stack for line in (frame.locals or {}).values())


@given(one=st.text(st.characters(codec=None)), other=st.text())
@example(one="\ud800", other="no text that can be encoded")
def test_secrets_compare_by_their_text(one: str, other: str) -> None:
    assert Secret(one).reveal() == one
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(one))
    assert (Secret(one) == Secret(other)) == (one == other)
    assert Secret(one) != one


@pytest.mark.parametrize(
    ("moment", "suspect", "state"),
    [
        (MONDAY_MORNING, False, SessionState.ACTIVE),
        (_EVENING - timedelta(microseconds=1), False, SessionState.ACTIVE),
        (_EVENING - timedelta(microseconds=1), True, SessionState.SUSPECT),
        (_EVENING, False, SessionState.EXPIRED),
        (_EVENING, True, SessionState.EXPIRED),
        (_EVENING + timedelta(days=1), False, SessionState.EXPIRED),
    ],
)
def test_a_session_ends_at_its_very_instant(moment: datetime, state: SessionState, *, suspect: bool) -> None:
    assert replace(_session(), suspect=suspect).state(moment) is state
