"""The API's tokens for as long as this process runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ordo.domain.tokens import ApiToken
from ordo.ports.tokens import TokenStore


class MemoryTokenStore(TokenStore):
    def __init__(self) -> None:
        self._tokens: dict[str, ApiToken] = {}

    async def add(self, token: ApiToken) -> bool:
        return self._tokens.setdefault(token.token_id, token) is token

    async def find(self, token_id: str) -> ApiToken | None:
        return self._tokens.get(token_id)

    async def all(self) -> tuple[ApiToken, ...]:
        return tuple(sorted(self._tokens.values(), key=lambda token: (token.created_at, token.token_id)))

    async def revoke(self, token_id: str, *, at: datetime) -> ApiToken | None:
        token = self._tokens.get(token_id)
        if token is not None and token.revoked_at is None:
            token = self._tokens[token_id] = replace(token, revoked_at=at)
        return token
