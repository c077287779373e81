from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid

_adapters = st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True)
_accounts = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", fullmatch=True)


@given(adapter_id=_adapters, account_id=_accounts)
def test_an_account_is_read_back_from_its_text(adapter_id: str, account_id: str) -> None:
    account = Account(adapter_id=adapter_id, account_id=account_id)
    assert str(account) == f"{adapter_id}/{account_id}"
    assert Account.parse(str(account)) == account


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("paper", "account"),
        ("", "account"),
        ("/DEMO", "adapter_id"),
        ("Paper/DEMO", "adapter_id"),
        ("1paper/DEMO", "adapter_id"),
        ("paper\n/DEMO", "adapter_id"),
        ("p" * 33 + "/DEMO", "adapter_id"),
        ("paper/", "account_id"),
        ("paper/DEMO/X", "account_id"),
        ("paper/.DEMO", "account_id"),
        ("paper/DE MO", "account_id"),
        ("paper/DEMO\n", "account_id"),
        ("paper/٣", "account_id"),
        ("paper/" + "D" * 33, "account_id"),
    ],
)
def test_no_other_text_is_an_account(text: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Account.parse(text)
    assert refusal.value.code is ErrorCode.UNKNOWN_ACCOUNT
    assert [fault.field for fault in refusal.value.fields] == [field]


def test_accounts_sort_by_adapter_and_then_by_account() -> None:
    texts = ["b/1", "a/2", "a/10"]
    assert [str(account) for account in sorted(map(Account.parse, texts))] == ["a/10", "a/2", "b/1"]
