"""Every call of API v1, each written once: what is sent, and how the answer is read."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import TypeAdapter

from ordo.client.conversation import Call
from ordo.client.requests import (
    Price,
    account_parts,
    account_path,
    body,
    checked_key,
    nothing,
    path,
    price_text,
    reading,
)
from ordo.schemas.v1.baskets import BasketResult
from ordo.schemas.v1.market import Instrument, Quote
from ordo.schemas.v1.orders import Order, PlaceOrder
from ordo.schemas.v1.portfolio import Funds, Holding, Portfolio, PortfolioLeg, Position, Trade
from ordo.schemas.v1.preview import Preview
from ordo.schemas.v1.safety import KillSwitch
from ordo.schemas.v1.sessions import LoginChallenge, Session
from ordo.schemas.v1.status import Broker, Health, Master, Status

_login: TypeAdapter[LoginChallenge | Session] = TypeAdapter(LoginChallenge | Session)


def place(  # noqa: PLR0913  (an order has that many terms, and each is checked by its name)
    account: str,
    instrument: str,
    side: str,
    quantity: int,
    *,
    limit: Price | None = None,
    trigger: Price | None = None,
    product: str | None = None,
    validity: str | None = None,
    disclosed_quantity: int | None = None,
    after_market: bool | None = None,
    protection: str | None = None,
    allow_duplicate: bool | None = None,
    key: str | None = None,
    allow_unknown: bool = False,
) -> Call[Order]:
    """Place one order, at most once, and return it as it then stands.

    `limit` and `trigger` make the order type: a limit alone LIMIT, a trigger alone SL-M, both SL, none MARKET. Without
    `product` it is CNC on NSE and BSE, NRML elsewhere. Prices are rupees, as text or `Decimal`; a float is
    a `TypeError`.

    `allow_duplicate`: it is meant, though it looks like one that was placed a moment ago.
    Without `key` the call makes one, and its own retries reuse it. Raises `OutcomeUnknown`, with the order, where the
    broker's answer was lost; with `allow_unknown` that order is returned. Raises `GatewayUnreachable` where certainly
    nothing was sent, `OrdoApiError` for every refusal.
    """
    return Call(
        method="POST",
        path=account_path(account, "orders"),
        read=reading(Order),
        body=_terms(
            instrument,
            side,
            quantity,
            limit,
            trigger,
            product,
            validity=validity,
            disclosed_quantity=disclosed_quantity,
            after_market=after_market,
            protection=protection,
            allow_duplicate=allow_duplicate,
        ),
        key=checked_key(key),
        allow_unknown=allow_unknown,
    )


def preview(  # noqa: PLR0913  (as above)
    account: str,
    instrument: str,
    side: str,
    quantity: int,
    *,
    limit: Price | None = None,
    trigger: Price | None = None,
    product: str | None = None,
    validity: str | None = None,
    disclosed_quantity: int | None = None,
    after_market: bool | None = None,
    protection: str | None = None,
) -> Call[Preview]:
    """Run every check that `place` would run. Nothing is sent to the broker."""
    return Call(
        method="POST",
        path=account_path(account, "orders", "preview"),
        read=reading(Preview),
        body=_terms(
            instrument,
            side,
            quantity,
            limit,
            trigger,
            product,
            validity=validity,
            disclosed_quantity=disclosed_quantity,
            after_market=after_market,
            protection=protection,
        ),
    )


def modify(  # noqa: PLR0913  (as above)
    account: str,
    order_id: str,
    *,
    quantity: int | None = None,
    order_type: str | None = None,
    limit: Price | None = None,
    trigger: Price | None = None,
    validity: str | None = None,
    key: str | None = None,
    allow_unknown: bool = False,
) -> Call[Order]:
    """Change a live order; what is not given stays. `quantity` is the new total. Raises like `place`."""
    return Call(
        method="PATCH",
        path=account_path(account, "orders", order_id),
        read=reading(Order),
        body=body(
            quantity=quantity,
            order_type=order_type,
            price=price_text("limit", limit),
            trigger_price=price_text("trigger", trigger),
            validity=validity,
        ),
        key=checked_key(key),
        allow_unknown=allow_unknown,
    )


def cancel(
    account: str, order_id: str, *, force: bool = False, key: str | None = None, allow_unknown: bool = False
) -> Call[Order]:
    """Cancel a live order; `force` also one that protects an open position while trading is halted. Raises like
    `place`.
    """
    return Call(
        method="DELETE",
        path=account_path(account, "orders", order_id),
        read=reading(Order),
        params=(("force", "true"),) if force else (),
        key=checked_key(key),
        allow_unknown=allow_unknown,
    )


def resolve_order(
    account: str, order_id: str, finding: str, why: str, *, broker_order_id: str | None = None
) -> Call[Order]:
    """Settle by hand an order whose outcome nobody can find out: `finding` is PLACED or NOT_PLACED, `why` goes to the
    audit trail. What the broker's book shows counts more.
    """
    return Call(
        method="POST",
        path=account_path(account, "orders", order_id, "resolve"),
        read=reading(Order),
        body=body(finding=finding, why=why, broker_order_id=broker_order_id),
        repeatable=False,
    )


def leg(  # noqa: PLR0913  (as above)
    account: str,
    instrument: str,
    side: str,
    quantity: int,
    *,
    limit: Price | None = None,
    trigger: Price | None = None,
    product: str | None = None,
    validity: str | None = None,
    allow_duplicate: bool | None = None,
) -> tuple[str, PlaceOrder]:
    """A leg of a basket, said as `orders.place` says it. Raises `ValueError` for an order that can't be one."""
    terms = _terms(
        instrument,
        side,
        quantity,
        limit,
        trigger,
        product,
        validity=validity,
        allow_duplicate=allow_duplicate,
    )
    return account, PlaceOrder.model_validate_json(terms)


def place_basket(
    legs: Iterable[tuple[str, PlaceOrder]], *, mode: str | None = None, key: str | None = None
) -> Call[BasketResult]:
    """Place several orders under one key, each at most once, and return what became of each.

    A leg is an account and its order; `mode` is IN_ORDER or AT_ONCE, which it is unless said. What befalls a leg is
    told in its result and raises nothing. The same basket with the same key tries again what was not sent, and nothing
    else.
    """
    return Call(
        method="POST",
        path=path("baskets"),
        read=reading(BasketResult),
        body=body(
            mode=mode,
            legs=[{"account": account} | order.model_dump(mode="json") for account, order in legs],
        ),
        key=checked_key(key),
    )


def get_order(account: str, order_id: str) -> Call[Order]:
    """One order with its history. Asking for one whose outcome is unknown looks for it at the broker."""
    return Call(method="GET", path=account_path(account, "orders", order_id), read=reading(Order))


def list_orders(account: str) -> Call[tuple[Order, ...]]:
    """The trading day's orders, oldest first, those of other programs included."""
    return Call(method="GET", path=account_path(account, "orders"), read=reading(tuple[Order, ...]))


def portfolio(account: str) -> Call[Portfolio]:
    """Cash, positions and holdings of one account."""
    return Call(method="GET", path=account_path(account, "portfolio"), read=reading(Portfolio))


def portfolios(*accounts: str) -> Call[tuple[PortfolioLeg, ...]]:
    """The portfolios of several accounts at once; what failed for one says why, and costs the others nothing."""
    return Call(
        method="GET",
        path=path("portfolios"),
        read=reading(tuple[PortfolioLeg, ...]),
        params=tuple(("account", account) for account in accounts),
    )


def funds(account: str) -> Call[Funds]:
    """What the account can spend."""
    return Call(method="GET", path=account_path(account, "funds"), read=reading(Funds))


def positions(account: str) -> Call[tuple[Position, ...]]:
    """The day's positions."""
    return Call(method="GET", path=account_path(account, "positions"), read=reading(tuple[Position, ...]))


def holdings(account: str) -> Call[tuple[Holding, ...]]:
    """What is held for delivery."""
    return Call(method="GET", path=account_path(account, "holdings"), read=reading(tuple[Holding, ...]))


def trades(account: str) -> Call[tuple[Trade, ...]]:
    """The trading day's executions, oldest first."""
    return Call(method="GET", path=account_path(account, "trades"), read=reading(tuple[Trade, ...]))


def quotes(account: str, *instruments: str) -> Call[tuple[Quote, ...]]:
    """The last price of each instrument, in the order asked, through the account's broker."""
    return Call(
        method="GET",
        path=account_path(account, "quotes"),
        read=reading(tuple[Quote, ...]),
        params=tuple(("instrument", instrument) for instrument in instruments),
    )


def search_instruments(query: str, *, limit: int | None = None) -> Call[tuple[Instrument, ...]]:
    """Instruments whose key or name fits, best first."""
    return Call(
        method="GET",
        path=path("instruments"),
        read=reading(tuple[Instrument, ...]),
        params=(("query", query), *((("limit", str(limit)),) if limit is not None else ())),
    )


def get_instrument(key: str) -> Call[Instrument]:
    """The instrument of exactly this key, or of another house's spelling that only one is meant by."""
    return Call(method="GET", path=path("instruments", key), read=reading(Instrument))


def sync_instruments() -> Call[tuple[Master, ...]]:
    """Begin a load of the instrument masters, unless one is under way; the status tells what becomes of it."""
    return Call(method="POST", path=path("instruments", "sync"), read=reading(tuple[Master, ...]))


def list_sessions() -> Call[tuple[Session, ...]]:
    """Every session that the gateway knows."""
    return Call(method="GET", path=path("sessions"), read=reading(tuple[Session, ...]))


def get_session(account: str) -> Call[Session]:
    """Where the account's session stands, and what to do."""
    return Call(method="GET", path=path("sessions", *account_parts(account)), read=reading(Session))


def begin_login(account: str) -> Call[LoginChallenge]:
    """Start a login: the first challenge; with kind `none` the session is open already. Tried only once."""
    return Call(
        method="POST",
        path=path("sessions", *account_parts(account), "login"),
        read=reading(LoginChallenge),
        repeatable=False,
    )


def answer_login(
    account: str, challenge_id: str, *, redirect_url: str | None = None, answers: dict[str, str] | None = None
) -> Call[LoginChallenge | Session]:
    """Answer a challenge with the address that the broker redirected to, or with its fields. Tried only once."""
    return Call(
        method="POST",
        path=path("sessions", *account_parts(account), "login", "answer"),
        read=_login.validate_json,
        body=body(challenge_id=challenge_id, redirect_url=redirect_url, answers=answers),
        repeatable=False,
    )


def end_session(account: str) -> Call[None]:
    """Log out at the broker and forget the session."""
    return Call(method="DELETE", path=path("sessions", *account_parts(account)), read=nothing)


def get_kill_switch(account: str | None = None) -> Call[KillSwitch]:
    """The gateway's switch, or the one in force for an account, with who set it, when and why."""
    params = () if account is None else (("account", account),)
    return Call(method="GET", path=path("kill-switch"), read=reading(KillSwitch), params=params)


def set_kill_switch(state: str, reason: str, *, account: str | None = None) -> Call[KillSwitch]:
    """Set the switch of the gateway, or of one account. When this returns, no order leaves that the state forbids."""
    return Call(
        method="PUT",
        path=path("kill-switch"),
        read=reading(KillSwitch),
        body=body(state=state, reason=reason, account=account),
    )


def status() -> Call[Status]:
    """The state of everything that an order depends on."""
    return Call(method="GET", path=path("status"), read=reading(Status))


def brokers() -> Call[tuple[Broker, ...]]:
    """The configured brokers and what each can do."""
    return Call(method="GET", path=path("brokers"), read=reading(tuple[Broker, ...]))


def health() -> Call[Health]:
    """Whether a gateway is there. Asked once, and needs no token."""
    return Call(method="GET", path="/health", read=reading(Health), repeatable=False)


def _terms(
    instrument: str,
    side: str,
    quantity: int,
    limit: Price | None,
    trigger: Price | None,
    product: str | None,
    **rest: object,
) -> bytes:
    order_type = ("MARKET" if limit is None else "LIMIT") if trigger is None else ("SL-M" if limit is None else "SL")
    venue = instrument.partition(":")[0]
    return body(
        instrument=instrument,
        side=side,
        quantity=quantity,
        order_type=order_type,
        product=product or ("CNC" if venue in ("NSE", "BSE") else "NRML"),
        price=price_text("limit", limit),
        trigger_price=price_text("trigger", trigger),
        **rest,
    )
