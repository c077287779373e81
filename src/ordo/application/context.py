"""Who asks, and under which name the request can be found again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.tokens import Grant

OWNER = "owner"
"""The account holder: the principal of the single bearer token and of direct use alike, so that they share
their keys.
"""


def new_correlation_id() -> str:
    """32 hexadecimal digits that no other request has."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The caller of a use case. Without one, the use case runs for the owner under a new correlation id. Without a
    grant, the caller may do everything.
    """

    principal: str = OWNER
    correlation_id: str = field(default_factory=new_correlation_id)
    grant: Grant | None = None

    def covers(self, account: Account) -> bool:
        """Whether the caller may act for an account."""
        return self.grant is None or self.grant.covers(account)

    def permit(self, account: Account) -> None:
        """Raise `Invalid` (`PERMISSION_DENIED`) unless the caller may act for an account, whether or not there is
        one.
        """
        if not self.covers(account):
            raise Invalid(
                ErrorCode.PERMISSION_DENIED,
                f"Nothing was done: this token is not for {account}. `ordo tokens list` shows what it is for.",
            )

    def permit_all(self, adapters: Iterable[str]) -> None:
        """Raise `Invalid` (`PERMISSION_DENIED`) unless the caller may act for every account of these adapters, which
        whoever acts for the whole gateway must.
        """
        missing = [] if self.grant is None else [name for name in adapters if not self.grant.covers_all(name)]
        if missing:
            raise Invalid(
                ErrorCode.PERMISSION_DENIED,
                "Nothing was done: this concerns every account of the gateway, and this token is not for all of"
                f" {', '.join(missing)}. Name one account that it is for, or use the gateway's own token (ORDO_TOKEN).",
            )
