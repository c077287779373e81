"""Whose orders: one account at one configured broker."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ordo.domain.errors import ErrorCode, Invalid

_ADAPTER = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Account:
    """An account at a broker, written `adapter_id/account_id`, for example `paper/DEMO`.

    `adapter_id` names one configured broker app (lower case, up to 32 characters); two apps of one broker are
    two adapter ids. `account_id` is the broker's own client code (up to 32 letters, digits, `_`, `.` or `-`).
    """

    adapter_id: str
    account_id: str
    text: str = field(init=False, repr=False, compare=False)
    """As it is written, made once: every order is told by its account again and again."""

    def __post_init__(self) -> None:
        if not _ADAPTER.fullmatch(self.adapter_id):
            raise Invalid.field(
                "adapter_id",
                "must be 1 to 32 lower-case letters, digits, '_' or '-', beginning with a letter",
                seen=self.adapter_id,
                code=ErrorCode.UNKNOWN_ACCOUNT,
            )
        if not _ACCOUNT.fullmatch(self.account_id):
            raise Invalid.field(
                "account_id",
                "must be 1 to 32 letters, digits, '_', '.' or '-'",
                seen=self.account_id,
                code=ErrorCode.UNKNOWN_ACCOUNT,
            )
        object.__setattr__(self, "text", f"{self.adapter_id}/{self.account_id}")

    @classmethod
    def parse(cls, text: str) -> Account:
        """Read `adapter_id/account_id`; raises `Invalid` (`UNKNOWN_ACCOUNT`) for anything else."""
        adapter_id, slash, account_id = text.partition("/")
        if not slash:
            raise Invalid.field(
                "account",
                "must be ADAPTER_ID/ACCOUNT_ID, for example paper/DEMO",
                seen=text,
                code=ErrorCode.UNKNOWN_ACCOUNT,
            )
        return cls(adapter_id=adapter_id, account_id=account_id)

    def __str__(self) -> str:
        return self.text
