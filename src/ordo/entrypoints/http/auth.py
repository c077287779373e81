"""Who may come in, to do what, and how often."""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import Final, NoReturn, cast

from litestar.types import HTTPScope, Scope

from ordo.application.context import OWNER, Context
from ordo.application.pace import Pace
from ordo.application.tokens import Holder, TokenService
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.tokens import Scope as Right
from ordo.entrypoints.http.correlation import correlation_id
from ordo.entrypoints.http.heads import Heads, heads_of
from ordo.ports.clock import Clock

_HOLDER: Final = "holder"
_MS: Final = 1000
_MOST_KNOWN: Final = 1024

# So many refusals at once are written into the trail for each source and in all, and then so many a second.
_TOLD: Final = (20, 1 / 3)
_MINUTE: Final = 60

_RIGHTS: Final = {
    "placeOrder": Right.TRADE,
    "modifyOrder": Right.TRADE,
    "placeBasket": Right.TRADE,
    "cancelOrder": Right.CANCEL,
    "previewOrder": Right.READ,
}


def right_for(operation: str | None, method: str) -> Right:
    """The scope that an operation asks for: reading for what only looks, and administration for whatever is not known
    to ask for less.
    """
    return _RIGHTS.get(operation or "", Right.READ if method == "GET" else Right.ADMIN)


class Admission:
    """Lets a request through whose `Authorization: Bearer <token>` allows it.

    `owner` is the token that may do everything (`ORDO_TOKEN`). A source that has failed often must wait, unless it
    brings a token that this source was let in with before: who mistypes in the next room shall not keep anybody from
    cancelling an order. Made tokens have a rate of their own, which cancellations don't count towards.
    """

    def __init__(
        self, owner: str, tokens: TokenService, trail: Trail, clock: Clock, *, requests: float, failures: float
    ) -> None:
        """`requests` of each made token a second; `failures` of each source a minute."""
        self._owner = sha256(owner.encode()).digest()
        self._tokens = tokens
        self._trail = trail
        self._failures = Pace(clock, most=failures, per_second=failures / _MINUTE)
        self._told = Pace(clock, most=_TOLD[0], per_second=_TOLD[1])
        self._rate = Pace(clock, most=requests, per_second=requests)
        self._known: dict[tuple[str, bytes], None] = {}

    async def admit(self, scope: Scope) -> None:
        """Return if the request may go on; raises `Invalid`. `holder_of` tells afterwards who asks."""
        text = _bearer(heads_of(scope))
        if text is None:
            raise Invalid(
                ErrorCode.UNAUTHENTICATED,
                "Nothing was done: this needs one header Authorization: Bearer <token>, with a token of this gateway"
                " (ORDO_TOKEN, or one that `ordo tokens new` made).",
            )
        source, digest = _source(scope), sha256(text).digest()
        is_known = (source, digest) in self._known
        if not is_known:
            self._refuse_in_haste(self._failures.wait(source), "failed to bring a token that opens this gateway")
        # Digests are compared, and in constant time, so that neither length nor content can be timed.
        if hmac.compare_digest(digest, self._owner):
            if not is_known:
                self._remember(source, digest)
            return
        try:
            holder = await self._tokens.holder(text.decode("latin-1"))
        except Invalid as error:
            self._known.pop((source, digest), None)
            self._failures.count(source)
            self._tell(scope, Context(correlation_id=correlation_id(scope), principal="nobody"), error)
            raise
        if not is_known:
            self._remember(source, digest)
        self._allow(holder, scope)
        scope["state"][_HOLDER] = holder

    def _allow(self, holder: Holder, scope: Scope) -> None:
        handler = scope.get("route_handler")
        right = right_for(getattr(handler, "operation_id", None), _method(scope))
        caller = Context(correlation_id=correlation_id(scope), principal=holder.principal, grant=holder.grant)
        try:
            _require(right, caller, scope)
        except Invalid as error:
            self._tell(scope, caller, error)
            raise
        if right is not Right.CANCEL:
            self._refuse_in_haste(self._rate.wait(holder.principal), "asked as often as this token may")
            self._rate.count(holder.principal)

    def _remember(self, source: str, digest: bytes) -> None:
        self._known[source, digest] = None
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def _tell(self, scope: Scope, caller: Context, error: Invalid) -> None:
        """Into the trail, though not so often that a stranger could fill the disk."""
        source = _source(scope)
        if self._told.wait(source) == 0 and self._told.wait("") == 0:
            self._told.count(source)
            self._told.count("")
            facts = {
                "source": source,
                "error_code": error.code,
                "method": _method(scope),
                "operation": str(getattr(scope.get("route_handler"), "operation_id", None)),
            }
            self._trail.write(AuditKind.TOKEN_REFUSED, caller, facts=facts)

    @staticmethod
    def _refuse_in_haste(wait: float, why: str) -> None:
        if wait > 0:
            _too_many(wait, why)


def holder_of(scope: Scope) -> tuple[str, Holder | None]:
    """The principal of a request that came through `Admission`, and what it is granted; the owner where there is no
    token of its own.
    """
    holder: Holder | None = scope["state"].get(_HOLDER)
    return (OWNER if holder is None else holder.principal), holder


def _too_many(wait: float, why: str) -> NoReturn:
    raise Invalid(
        ErrorCode.TOO_MANY_REQUESTS,
        f"Nothing was done: you have {why}, too often in too short a time. Try again in {wait:.0f} s.",
        retry_after_ms=int(wait * _MS) + 1,
    )


def _require(right: Right, caller: Context, scope: Scope) -> None:
    if caller.grant is not None and right not in caller.grant.scopes:
        raise Invalid(
            ErrorCode.PERMISSION_DENIED,
            f"Nothing was done: this token has no scope {right}. `ordo tokens new --scope {right}` makes one that has.",
        )
    account = _account(scope)
    if account is not None:
        caller.permit(account)


def _bearer(heads: Heads) -> bytes | None:
    scheme, _, token = (heads.only(b"authorization") or b"").partition(b" ")
    return token.strip() or None if scheme.lower() == b"bearer" else None


def _source(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


def _method(scope: Scope) -> str:
    return cast("HTTPScope", scope)["method"]


def _account(scope: Scope) -> Account | None:
    """The account in the path, if there is one; a path that holds none that could be is the handler's to refuse."""
    path = scope.get("path_params", {})
    if "adapter_id" not in path or "account_id" not in path:
        return None
    return account_named(path["adapter_id"], path["account_id"])


@lru_cache(maxsize=_MOST_KNOWN)
def account_named(adapter_id: str, account_id: str) -> Account:
    """The account of a path, made once for all requests; raises `Invalid` (`UNKNOWN_ACCOUNT`) for what can't be one."""
    return Account(adapter_id=adapter_id, account_id=account_id)
