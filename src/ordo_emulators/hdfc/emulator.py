"""InvestRight on one socket: who may ask, how often, what goes wrong on request, and who answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from ordo_emulators.clock import Clock, system_clock
from ordo_emulators.control import Refused, changed, shown
from ordo_emulators.exchange import Exchange, Opening
from ordo_emulators.faults import Fault, Faults, Operation, Taken, disturbed
from ordo_emulators.hdfc import oddities
from ordo_emulators.hdfc.answers import Failure, dead_token, gateway, over_the_limit, surprise
from ordo_emulators.hdfc.codes import Codes
from ordo_emulators.hdfc.desk import Call, Desk
from ordo_emulators.hdfc.limits import Bucket
from ordo_emulators.hdfc.login import ACCOUNT, API_KEY
from ordo_emulators.hdfc.master import Master
from ordo_emulators.hdfc.paths import MASTER, METHODS, Access, Route, routes
from ordo_emulators.hdfc.settings import RefusalStyle, Settings
from ordo_emulators.instruments import Instrument
from ordo_emulators.listing import LISTED_ON, listing
from ordo_emulators.server import Request, Response

_HOLDINGS: Final = (
    ("NSE:INFY", 10, 0, Decimal("1500.00")),
    ("NSE:SBIN", 100, 0, Decimal("612.35")),
    ("NSE:NIFTYBEES", 40, 5, Decimal("201.10")),
)


@lru_cache(maxsize=2)
def _listed(seed: int, rows: int, listed_on: date) -> tuple[tuple[Instrument, ...], Codes, Master]:
    """What never changes, and takes long to make: emulators of the same listing share it."""
    instruments = tuple(oddities.instruments(listing(seed, rows=rows, listed_on=listed_on)))
    codes = Codes(instruments)
    return instruments, codes, Master(codes)


class HdfcEmulator:
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
        instruments, codes, master = _listed(seed, rows, listed_on)
        exchange = Exchange(instruments, [Opening(account=ACCOUNT, cash=cash, holdings=_HOLDINGS)], clock=clock)
        self.faults = Faults()
        self._master = master
        self._desk = Desk(exchange=exchange, codes=codes, settings=settings or Settings())
        self._opening_holdings = tuple(replace(h) for h in self._desk.account.holdings.values())
        self._routes = routes()
        self._apply_settings()
        self._apply_holdings()

    def handle(self, request: Request) -> Response:
        self._desk.exchange.advance()
        if (request.method, request.path) == ("GET", MASTER):
            return self._master.file(bom=self._desk.settings.master_bom)
        try:
            return self._answer(request)
        except Failure as failure:
            return self._failed(failure)

    def _answer(self, request: Request) -> Response:
        found = self._routes.find(request.method, request.path)
        if found is None:
            # Routes could be told apart from the rest without a login, so this comes first.
            elsewhere = any(self._routes.find(method, request.path) for method in METHODS)
            raise Failure(405 if elsewhere else 404, None)
        route, params = found
        self._admit(request, route)
        body = _parsed(request)
        taken = self.faults.take(route.operation) if route.operation else Taken()
        call = Call(request=request, body=body, params=params, taken=taken)
        return disturbed(taken.answer, lambda: self._said(route, call), lambda fault: self._native(fault, route))

    def _said(self, route: Route, call: Call) -> Response:
        try:
            return route.endpoint(self._desk, call)
        except Failure as failure:
            return self._failed(failure)

    def _failed(self, failure: Failure) -> Response:
        return failure.response(as_200=self._desk.settings.refusal_style is RefusalStyle.HTTP200)

    def _admit(self, request: Request, route: Route) -> None:
        desk, settings = self._desk, self._desk.settings
        now = desk.exchange.clock()
        if not request.headers.get("user-agent"):
            # That it is mandatory is documented; what follows without it is a guess.
            raise gateway(403, "User-Agent is required")
        if request.query.get("api_key") != API_KEY:
            raise gateway(401, "INVALID_APIKEY")
        if settings.rate_limits and not desk.bucket.take(
            now, size=settings.bucket, refill_per_second=settings.refill_per_second
        ):
            raise over_the_limit()
        if route.access is Access.TOKEN:
            desk.logins.check(request.headers.get("authorization", ""), now)

    def _native(self, fault: Fault, route: Route) -> Response:
        if fault is Fault.RATE_LIMITED:
            return self._failed(over_the_limit())
        if fault is Fault.EXPIRED_SESSION:
            return self._failed(dead_token())
        return surprise(of_quotes=route.operation is Operation.QUOTES)

    def urls(self, origin: str) -> Mapping[str, str]:
        """The paths have two versions, so the address is the bare host."""
        return {"base_url": origin, "data_url": origin, "master_url": f"{origin}{MASTER}"}

    def now(self) -> datetime:
        return self._desk.exchange.clock()

    def accepted(self) -> Sequence[Mapping[str, object]]:
        self._desk.exchange.advance()
        return self._desk.exchange.accepted()

    def reset(self) -> None:
        self.faults.clear()
        self._desk.exchange.reset()
        self._desk.modified.clear()
        self._desk.rejected_changes.clear()
        self._desk.bucket = Bucket()
        self._apply_holdings()

    def set_prices(self, prices: Mapping[str, Decimal]) -> None:
        """Keys are the venue's, or exchange, code and segment: `NSE:SBIN`, or `NSE:STABANEQNR:EQUITY`."""
        self._desk.exchange.set_prices({self._named(key): price for key, price in prices.items()})

    def _named(self, key: str) -> Instrument:
        instrument = self._desk.exchange.by_key.get(key)
        if instrument is not None:
            return instrument
        exchange, _, rest = key.partition(":")
        code, _, segment = rest.partition(":")
        listed = self._desk.codes.by_address.get((exchange, code, segment))
        if listed is None:
            raise Refused(f"unknown instrument {key!r}: use a key such as NSE:SBIN, or NSE:STABANEQNR:EQUITY")
        return listed.instrument

    def expire_sessions(self) -> int:
        return self._desk.logins.end_all()

    def settings(self) -> Mapping[str, object]:
        return shown(self._desk.settings)

    def change_settings(self, values: Mapping[str, object]) -> None:
        before, self._desk.settings = self._desk.settings, changed(self._desk.settings, values)
        self._apply_settings()
        if before.has_holdings != self._desk.settings.has_holdings:
            self._apply_holdings()

    def _apply_settings(self) -> None:
        settings, exchange = self._desk.settings, self._desk.exchange
        exchange.late = timedelta(seconds=settings.late_seconds)
        exchange.transit = timedelta(seconds=settings.transit_seconds)
        exchange.liquidity = settings.liquidity
        if settings.market_open and not exchange.is_open:
            exchange.open_market()
        elif not settings.market_open:
            exchange.close_market()

    def _apply_holdings(self) -> None:
        held = self._opening_holdings if self._desk.settings.has_holdings else ()
        self._desk.account.holdings = {h.instrument.key: replace(h) for h in held}


def create(*, seed: int, rows: int, cash: Decimal) -> HdfcEmulator:
    """For the command line."""
    return HdfcEmulator(seed=seed, rows=rows, cash=cash)


def _parsed(request: Request) -> object:
    if not request.body:
        return None
    try:
        return json.loads(request.body, parse_float=Decimal)
    except (ValueError, RecursionError):
        # The sibling platform's words.
        raise gateway(400, "Unable to read request Data") from None
