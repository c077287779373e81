"""Tokens of Ordo's own API: who holds one may do what its scopes say, for the accounts that it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid

ANY = "*"
"""In place of an account id: every account of an adapter."""

_ID = re.compile(r"[0-9a-f]{12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_NAMED = 64


class Scope(StrEnum):
    """What a token allows. None holds another: who shall place and cancel needs both.

    `READ`: look at anything. `TRADE`: place and modify orders. `CANCEL`: cancel them. `ADMIN`: log in and out at
    brokers, set the kill switch, load masters.
    """

    READ = "read"
    TRADE = "trade"
    CANCEL = "cancel"
    ADMIN = "admin"


class Realm(StrEnum):
    """Invented money or real money. A token is for one of the two, and begins with its name."""

    PAPER = "paper"
    LIVE = "live"

    @property
    def prefix(self) -> str:
        """How every token of the realm begins."""
        return f"ordo_{self}_"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """What is kept of a token: never the token, but its SHA-256 in hexadecimal.

    `accounts` are written `adapter_id/account_id` or `adapter_id/*`. Times are aware; without `expires_at` it holds
    until it is revoked.
    """

    token_id: str
    digest: str
    realm: Realm
    scopes: frozenset[Scope]
    accounts: tuple[str, ...]
    name: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.token_id) or not _DIGEST.fullmatch(self.digest):
            raise _invalid("token", "has an id of 12 and a digest of 64 hexadecimal digits")
        if not self.scopes:
            raise _invalid("scope", f"must name at least one of {', '.join(Scope)}")
        if not 0 < len(self.accounts) <= _MOST_NAMED:
            raise _invalid("account", f"must name 1 to {_MOST_NAMED} accounts, such as paper/DEMO or paper/*")
        for text in self.accounts:
            adapter_of(text)
        if len(self.name) > _MOST_NAMED or not self.name.isprintable():
            raise _invalid("name", f"must be at most {_MOST_NAMED} printable characters")
        if self.expires_at is not None and self.expires_at <= self.created_at:
            raise _invalid("expires", "must lie ahead")

    def is_over(self, now: datetime) -> bool:
        """Whether it is revoked, or no longer holds at `now`."""
        return self.revoked_at is not None or (self.expires_at is not None and now >= self.expires_at)


def adapter_of(account: str) -> str:
    """The adapter id of `adapter_id/account_id` or `adapter_id/*`; raises `Invalid` (`UNKNOWN_ACCOUNT`)."""
    adapter, slash, rest = account.partition("/")
    return Account.parse(f"{adapter}{slash}A" if rest == ANY else account).adapter_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the holder of a token may do. `adapters` are those of the token's realm."""

    scopes: frozenset[Scope]
    accounts: frozenset[str]
    adapters: frozenset[str]

    def covers(self, account: Account) -> bool:
        """Whether it is for this account."""
        named = str(account) in self.accounts or f"{account.adapter_id}/{ANY}" in self.accounts
        return named and account.adapter_id in self.adapters

    def covers_all(self, adapter_id: str) -> bool:
        """Whether it is for every account of this adapter."""
        return f"{adapter_id}/{ANY}" in self.accounts and adapter_id in self.adapters


def _invalid(field: str, message: str) -> Invalid:
    return Invalid.field(field, message, code=ErrorCode.VALIDATION_ERROR)
