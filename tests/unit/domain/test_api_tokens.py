from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ordo.application.context import Context
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.tokens import ApiToken, Grant, Realm, Scope, adapter_of

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "token_id": "0" * 12,
    "digest": "0" * 64,
    "realm": Realm.PAPER,
    "scopes": frozenset({Scope.READ}),
    "accounts": ("paper/DEMO",),
    "name": "my bot",
    "created_at": NOW,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"token_id": "0" * 11},
        {"token_id": "G" * 12},
        {"digest": "0" * 63},
        {"scopes": frozenset()},
        {"accounts": ()},
        {"accounts": ("paper/DEMO",) * 65},
        {"accounts": ("paper",)},
        {"accounts": ("*/*",)},
        {"accounts": ("paper/**",)},
        {"accounts": ("paper/",)},
        {"name": "x" * 65},
        {"name": "two\nlines"},
        {"expires_at": NOW},
    ],
)
def test_what_is_no_token_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        ApiToken(**GOOD | wrong)


def test_a_token_is_over_when_it_is_revoked_or_at_its_end() -> None:
    assert not ApiToken(**GOOD).is_over(NOW + timedelta(days=9999))
    ends = ApiToken(**GOOD, expires_at=NOW + timedelta(hours=1))
    assert not ends.is_over(NOW + timedelta(minutes=59))
    assert ends.is_over(NOW + timedelta(hours=1))
    assert ApiToken(**GOOD, revoked_at=NOW).is_over(NOW)


def test_a_grant_covers_what_it_names_in_its_own_realm() -> None:
    grant = Grant(
        scopes=frozenset(Scope),
        accounts=frozenset({"paper/DEMO", "other/*", "fyers/*"}),
        adapters=frozenset({"paper", "other"}),
    )
    for text, covered in (
        ("paper/DEMO", True),
        ("paper/DEMO2", False),
        ("other/ANY", True),
        ("fyers/XY1", False),
    ):
        assert grant.covers(Account.parse(text)) is covered
        assert Context(grant=grant).covers(Account.parse(text)) is covered
    Context().permit(Account.parse("any/ONE"))
    Context(grant=grant).permit(Account.parse("paper/DEMO"))
    with pytest.raises(Invalid) as refusal:
        Context(grant=grant).permit(Account.parse("fyers/XY1"))
    assert refusal.value.code is ErrorCode.PERMISSION_DENIED


def test_an_adapter_is_read_from_both_forms() -> None:
    assert (adapter_of("paper/*"), adapter_of("paper/DEMO")) == ("paper", "paper")
    assert (Realm.PAPER.prefix, Realm.LIVE.prefix) == ("ordo_paper_", "ordo_live_")
