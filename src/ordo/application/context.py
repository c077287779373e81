"""Who asks, and under which name the request can be found again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.tokens import Grant

OWNER = "owner"
"""The account holder: the principal of the single bearer token and of direct use alike, so that they share
their keys.
"""


_DIGITS: Final = 32
_AT_ONCE: Final = 4096

# The system is asked for many at once: a call for each would cost more than all else that a name costs. A forked
# process begins anew, for it must not give out what its parent does.
_spare: Final[list[str]] = []
if hasattr(os, "register_at_fork"):  # Windows knows no fork.
    os.register_at_fork(after_in_child=_spare.clear)


def new_correlation_id() -> str:
    """32 hexadecimal digits that no other request has, and that nobody can guess."""
    while True:
        try:
            return _spare.pop()
        except IndexError:
            text = os.urandom(_AT_ONCE).hex()
            _spare.extend(text[at : at + _DIGITS] for at in range(0, len(text), _DIGITS))


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
