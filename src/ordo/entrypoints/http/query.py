"""A parameter that nobody reads is a mistake that nobody would notice."""

from __future__ import annotations

from urllib.parse import parse_qsl

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.entrypoints.http.contract import PUBLIC_OPTION, contract_of


class NoUnreadQuery(ASGIMiddleware):
    """Refuses query parameters where the route takes none; a route that takes some refuses the others itself."""

    scopes: tuple[ScopeType, ...] = (ScopeType.HTTP,)
    exclude_opt_key: str | None = PUBLIC_OPTION

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["query_string"]:
            contract = contract_of(scope.get("route_handler"))
            if contract is not None and contract.query is None:
                pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
                names = sorted({name for name, _ in pairs}) or ["query"]
                told = ", ".join(names)[:100]
                raise Invalid(
                    ErrorCode.VALIDATION_ERROR,
                    f"Nothing was done: this address takes no query parameters, and {told} was given.",
                    fields=tuple(FieldFault(field=name, message="is not a parameter here") for name in names),
                )
        await next_app(scope, receive, send)
