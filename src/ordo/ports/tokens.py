"""Where the API's tokens are kept, as digests."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from ordo.domain.tokens import ApiToken


class TokenStore(Protocol):
    """The tokens by their ids. Revoked and expired ones are kept: the trail names them.

    Failure: `Unavailable` (`STORE_UNAVAILABLE`); then nobody may be let in. Concurrency: after `revoke` returns, every
    later `find` in every process that shares the store sees it.
    """

    @abstractmethod
    async def add(self, token: ApiToken) -> bool:
        """Keep a new token; `False`, and nothing is changed, where its id is taken."""

    @abstractmethod
    async def find(self, token_id: str) -> ApiToken | None:
        """The token of an id, or `None` where there never was one."""

    @abstractmethod
    async def all(self) -> tuple[ApiToken, ...]:
        """Every token, the oldest first."""

    @abstractmethod
    async def revoke(self, token_id: str, *, at: datetime) -> ApiToken | None:
        """End a token for ever, and give it as it then is; `None` where there is none. The first time counts."""
