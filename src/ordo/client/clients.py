"""The two clients. Each name stands for the call of `ordo.client.calls` that it is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import Self

from ordo.client import calls
from ordo.client.choosing import chosen
from ordo.client.methods import Awaiting, Blocking, awaiting, blocking
from ordo.client.transport import AsgiApp, AwaitingWire, BlockingWire, Place
from ordo.client.waiting import until_filled
from ordo.schemas.v1.orders import Order

TIMEOUT_SECONDS = 30.0
WAIT_SECONDS = 60.0


class Orders(Blocking):
    place = blocking(calls.place)
    preview = blocking(calls.preview)
    modify = blocking(calls.modify)
    cancel = blocking(calls.cancel)
    get = blocking(calls.get_order)
    list = blocking(calls.list_orders)
    resolve = blocking(calls.resolve_order)

    def wait_until_filled(self, order: Order, *, timeout: float = WAIT_SECONDS) -> Order:
        """Wait until an order is filled whole, and return it as it then stands.

        Looks again and again, less and less often, for at most `timeout` seconds; a look that fails for reasons that
        pass is repeated. Raises `OrderNotFilled` as soon as the order has ended otherwise (cancelled, rejected,
        expired, not placed), `WaitTimedOut` where it is still alive when the time is over, `OutcomeUnknown` where it
        is still not known then whether the broker has it; each with the order.
        """
        return self._wire.follow(until_filled(order, timeout=timeout))

    def iterate(
        self,
        account: str,
        *,
        status: str | Iterable[str] | None = None,
        instrument: str | None = None,
        side: str | None = None,
        ended: bool | None = None,
    ) -> Iterator[Order]:
        """The trading day's orders that fit all that is given, oldest first, as they stand at the first step.

        `ended`: false for those that may still change, the ones whose outcome is unknown included. Raises `ValueError`
        for a status or side that there is none of.
        """
        fits = chosen(status, instrument, side, ended=ended)
        call = calls.list_orders(account)

        def found() -> Iterator[Order]:
            yield from filter(fits, self._wire.carry_out(call))

        return found()


class Baskets(Blocking):
    place = blocking(calls.place_basket)


class Instruments(Blocking):
    search = blocking(calls.search_instruments)
    get = blocking(calls.get_instrument)
    sync = blocking(calls.sync_instruments)


class Sessions(Blocking):
    list = blocking(calls.list_sessions)
    get = blocking(calls.get_session)
    begin = blocking(calls.begin_login)
    answer = blocking(calls.answer_login)
    end = blocking(calls.end_session)


class KillSwitchControl(Blocking):
    get = blocking(calls.get_kill_switch)
    set = blocking(calls.set_kill_switch)


class OrdoClient(Blocking):
    """A gateway, spoken to from a thread. Threads may share it.

    `url` and `token` default to `ORDO_URL` (or the local gateway) and `ORDO_TOKEN`; where none of these is given, to
    those of the gateway that serves `ordo.db` in this folder. `timeout` bounds a call in seconds, its retries included.
    Raises `ValueError` for an address or a token that can't be used.
    """

    portfolio = blocking(calls.portfolio)
    portfolios = blocking(calls.portfolios)
    funds = blocking(calls.funds)
    positions = blocking(calls.positions)
    holdings = blocking(calls.holdings)
    trades = blocking(calls.trades)
    quotes = blocking(calls.quotes)
    status = blocking(calls.status)
    brokers = blocking(calls.brokers)
    health = blocking(calls.health)

    def __init__(self, url: str | None = None, token: str | None = None, *, timeout: float = TIMEOUT_SECONDS) -> None:
        wire = BlockingWire(Place.of(url, token, timeout))
        super().__init__(wire)
        self.orders = Orders(wire)
        self.baskets = Baskets(wire)
        self.instruments = Instruments(wire)
        self.sessions = Sessions(wire)
        self.kill_switch = KillSwitchControl(wire)

    def close(self) -> None:
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncOrders(Awaiting):
    place = awaiting(calls.place)
    preview = awaiting(calls.preview)
    modify = awaiting(calls.modify)
    cancel = awaiting(calls.cancel)
    get = awaiting(calls.get_order)
    list = awaiting(calls.list_orders)
    resolve = awaiting(calls.resolve_order)

    async def wait_until_filled(
        self,
        order: Order,
        *,
        timeout: float = WAIT_SECONDS,  # noqa: ASYNC109  (the same names as of the other client)
    ) -> Order:
        """Wait until an order is filled whole, and return it as it then stands.

        Looks again and again, less and less often, for at most `timeout` seconds; a look that fails for reasons that
        pass is repeated. Raises `OrderNotFilled` as soon as the order has ended otherwise (cancelled, rejected,
        expired, not placed), `WaitTimedOut` where it is still alive when the time is over, `OutcomeUnknown` where it
        is still not known then whether the broker has it; each with the order.
        """
        return await self._wire.follow(until_filled(order, timeout=timeout))

    def iterate(
        self,
        account: str,
        *,
        status: str | Iterable[str] | None = None,
        instrument: str | None = None,
        side: str | None = None,
        ended: bool | None = None,
    ) -> AsyncIterator[Order]:
        """The trading day's orders that fit all that is given, oldest first, as they stand at the first step.

        `ended`: false for those that may still change, the ones whose outcome is unknown included. Raises `ValueError`
        for a status or side that there is none of.
        """
        fits = chosen(status, instrument, side, ended=ended)
        call = calls.list_orders(account)

        async def found() -> AsyncIterator[Order]:
            for order in await self._wire.carry_out(call):
                if fits(order):
                    yield order

        return found()


class AsyncBaskets(Awaiting):
    place = awaiting(calls.place_basket)


class AsyncInstruments(Awaiting):
    search = awaiting(calls.search_instruments)
    get = awaiting(calls.get_instrument)
    sync = awaiting(calls.sync_instruments)


class AsyncSessions(Awaiting):
    list = awaiting(calls.list_sessions)
    get = awaiting(calls.get_session)
    begin = awaiting(calls.begin_login)
    answer = awaiting(calls.answer_login)
    end = awaiting(calls.end_session)


class AsyncKillSwitchControl(Awaiting):
    get = awaiting(calls.get_kill_switch)
    set = awaiting(calls.set_kill_switch)


class AsyncOrdoClient(Awaiting):
    """The same for one event loop: `await` every call. Cancelling a write leaves its outcome unknown.

    With `app` the calls go to that ASGI application in this process, and no socket is opened.
    """

    portfolio = awaiting(calls.portfolio)
    portfolios = awaiting(calls.portfolios)
    funds = awaiting(calls.funds)
    positions = awaiting(calls.positions)
    holdings = awaiting(calls.holdings)
    trades = awaiting(calls.trades)
    quotes = awaiting(calls.quotes)
    status = awaiting(calls.status)
    brokers = awaiting(calls.brokers)
    health = awaiting(calls.health)

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        app: AsgiApp | None = None,
    ) -> None:
        wire = AwaitingWire(Place.of(url, token, timeout), app)
        super().__init__(wire)
        self.orders = AsyncOrders(wire)
        self.baskets = AsyncBaskets(wire)
        self.instruments = AsyncInstruments(wire)
        self.sessions = AsyncSessions(wire)
        self.kill_switch = AsyncKillSwitchControl(wire)

    async def close(self) -> None:
        await self._wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
