"""FYERS on one socket: who may ask, how often, what goes wrong on request, and who answers."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from ordo_emulators.clock import IST, Clock, system_clock
from ordo_emulators.control import Refused, changed, shown
from ordo_emulators.exchange import Exchange, Opening
from ordo_emulators.faults import Fault, Faults, Operation, Taken, disturbed
from ordo_emulators.fyers import placing
from ordo_emulators.fyers.answers import UNKNOWN_CODE, Failure, invalid, loosened, ok, over_the_limit
from ordo_emulators.fyers.desk import Call, Desk
from ordo_emulators.fyers.limits import Limiter
from ordo_emulators.fyers.login import ACCOUNT, DeadToken, Logins, WrongApp
from ordo_emulators.fyers.masters import Masters
from ordo_emulators.fyers.paths import API, DATA, Family, Route, dead_token, routes
from ordo_emulators.fyers.settings import Settings
from ordo_emulators.fyers.symbols import Symbols
from ordo_emulators.instruments import Instrument
from ordo_emulators.listing import LISTED_ON, listing
from ordo_emulators.server import Request, Response, html_response, json_response

MASTERS: Final = "/sym_details"


_HOLDINGS: Final = (
    ("NSE:INFY", 10, 0, Decimal("1500.00")),
    ("NSE:SBIN", 100, 0, Decimal("612.35")),
    ("NSE:TCS", 0, 5, Decimal("3080.00")),
)


@lru_cache(maxsize=2)
def _listed(seed: int, rows: int, listed_on: date) -> tuple[tuple[Instrument, ...], Symbols, Masters]:
    """What never changes, and takes long to make: emulators of the same listing share it."""
    instruments = listing(seed, rows=rows, listed_on=listed_on)
    return instruments, Symbols(instruments), Masters(instruments)


class FyersEmulator:
    """`seed` and `rows` shape the listing; settings are changed later through the control plane."""

    def __init__(
        self,
        *,
        seed: int = 0,
        rows: int = 0,
        listed_on: date = LISTED_ON,
        cash: Decimal = Decimal(100_000_000),
        settings: Settings | None = None,
        clock: Clock = system_clock,
    ) -> None:
        instruments, symbols, masters = _listed(seed, rows, listed_on)
        exchange = Exchange(instruments, [Opening(account=ACCOUNT, cash=cash, holdings=_HOLDINGS)], clock=clock)
        self.faults = Faults()
        self._masters = masters
        self._logins = Logins(seed)
        self._desk = Desk(exchange=exchange, symbols=symbols, settings=settings or Settings(), limiter=Limiter())
        self._apply_settings()
        self._routes = routes(self._logout)

    def handle(self, request: Request) -> Response:
        exchange = self._desk.exchange
        exchange.advance()
        if request.path.startswith(f"{MASTERS}/"):
            today = exchange.clock().astimezone(IST).date()
            return self._masters.file(request.path.removeprefix(f"{MASTERS}/"), today)
        try:
            return self._open(request) or self._answer(request)
        except Failure as failure:
            return self._sent(failure.body(), failure.status)

    def _open(self, request: Request) -> Response | None:
        """What needs no token."""
        now, at = self._desk.exchange.clock(), (request.method, request.path)
        if at == ("GET", f"{API}/generate-authcode"):
            return self._logins.authorise(request.query, now)
        if at == ("POST", f"{API}/validate-authcode"):
            taken = self.faults.take(Operation.LOGIN)
            return disturbed(
                taken.answer,
                lambda: self._said(lambda: self._logins.validate(_parsed(request), now)),
                lambda fault: self._native(fault, Family.TRADING, on_orders=False),
            )
        if at == ("POST", f"{API}/validate-refresh-token"):
            allowed = self._desk.settings.refresh_tokens
            return self._sent(self._logins.refresh(_parsed(request), now, allowed=allowed))
        if request.path == f"{API}/orders" and request.method != "GET":
            # One report says that writes to the bare path die at the edge; this page is a guess.
            return html_response("Sorry, you have been blocked", status=403)
        return None

    def _answer(self, request: Request) -> Response:
        found = self._routes.find(request.method, request.path)
        if found is None:
            raise Failure(404, "Not found", status=404)
        route, params = found
        token = self._authenticate(request, route)
        body = _parsed(request)
        refused = self._limited(route, body)
        if refused is not None:
            return refused
        taken = self.faults.take(route.operation) if route.operation else Taken()
        call = Call(query=request.query, body=body, params=params, taken=taken, token=token)
        return disturbed(
            taken.answer,
            lambda: self._said(lambda: route.endpoint(self._desk, call)),
            lambda fault: self._native(fault, route.family, on_orders=route.transactional),
        )

    def _said(self, act: Callable[[], dict[str, object]]) -> Response:
        try:
            return self._sent(act())
        except Failure as failure:
            return self._sent(failure.body(), failure.status)

    def _authenticate(self, request: Request, route: Route) -> str:
        header, now = request.headers.get("authorization", ""), self._desk.exchange.clock()
        try:
            return self._logins.check(header, now, bare=route.family is Family.BARE)
        except DeadToken as dead:
            if dead.expired and route.family is Family.TRADING:
                raise Failure(-8, "Your token has expired", status=401) from None
            raise dead_token(route.family) from None
        except WrongApp as wrong:
            raise (
                placing.algo_not_allowed(str(wrong)) if route.transactional else Failure(-352, "invalid app id")
            ) from None

    def _limited(self, route: Route, body: object) -> Response | None:
        if not self._desk.settings.rate_limits:
            return None
        weight = len(body) if isinstance(body, list) else 1
        wait = self._desk.limiter.admit(self._desk.exchange.clock(), max(weight, 1))
        return self._over_the_limit(wait, on_orders=route.transactional) if wait else None

    def _native(self, fault: Fault, family: Family, *, on_orders: bool) -> Response:
        if fault is Fault.RATE_LIMITED:
            return self._over_the_limit(1000, on_orders=on_orders)
        if fault is Fault.EXPIRED_SESSION:
            return self._sent(dead_token(family).body(), 401)
        # With 200, as the broker does at times: the status must not decide what the code can't.
        return self._sent(Failure(UNKNOWN_CODE, "Something unexpected happened").body())

    def _over_the_limit(self, retry_after_ms: int, *, on_orders: bool) -> Response:
        as_html = self._desk.settings.html_429
        return over_the_limit(on_orders=on_orders, as_html=as_html, retry_after_ms=retry_after_ms)

    def _sent(self, body: dict[str, object], status: int = 200) -> Response:
        return json_response(loosened(body) if self._desk.settings.loose_types else body, status=status)

    def _logout(self, _: Desk, call: Call) -> dict[str, object]:
        self._logins.end(call.token)
        return ok(200, "you are successfully logged out")

    def urls(self, origin: str) -> Mapping[str, str]:
        return {
            "base_url": f"{origin}{API}",
            "data_url": f"{origin}{DATA}",
            "master_url": f"{origin}{MASTERS}",
        }

    def now(self) -> datetime:
        return self._desk.exchange.clock()

    def accepted(self) -> Sequence[Mapping[str, object]]:
        self._desk.exchange.advance()
        return self._desk.exchange.accepted()

    def reset(self) -> None:
        self.faults.clear()
        self._desk.exchange.reset()
        self._desk.own_tags.clear()
        self._desk.limiter = Limiter()

    def set_prices(self, prices: Mapping[str, Decimal]) -> None:
        """Keys are FYERS' tickers, or the venue's own: `NSE:SBIN-EQ` or `NSE:SBIN`."""
        self._desk.exchange.set_prices({self._named(key): price for key, price in prices.items()})

    def _named(self, key: str) -> Instrument:
        desk = self._desk
        instrument = desk.symbols.by_ticker.get(key) or desk.exchange.by_key.get(key)
        if instrument is None:
            raise Refused(f"unknown instrument {key!r}: use a ticker such as NSE:SBIN-EQ, or a key such as NSE:SBIN")
        return instrument

    def expire_sessions(self) -> int:
        return self._logins.end_all()

    def settings(self) -> Mapping[str, object]:
        return shown(self._desk.settings)

    def change_settings(self, values: Mapping[str, object]) -> None:
        self._desk.settings = changed(self._desk.settings, values)
        self._apply_settings()

    def _apply_settings(self) -> None:
        settings, exchange = self._desk.settings, self._desk.exchange
        exchange.late = timedelta(seconds=settings.late_seconds)
        exchange.transit = timedelta(seconds=settings.transit_seconds)
        exchange.liquidity = settings.liquidity
        if settings.market_open and not exchange.is_open:
            exchange.open_market()
        elif not settings.market_open:
            exchange.close_market()


def create(*, seed: int, rows: int, cash: Decimal) -> FyersEmulator:
    """For the command line."""
    return FyersEmulator(seed=seed, rows=rows, cash=cash)


def _parsed(request: Request) -> object:
    if not request.body:
        return None
    try:
        return json.loads(request.body, parse_float=Decimal)
    except ValueError:
        raise invalid("Invalid input") from None
