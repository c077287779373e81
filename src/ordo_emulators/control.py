"""The control plane under `/_emulator`, the same for every broker. It needs no credentials and is never limited."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Final, Protocol, TypeVar, cast

import orjson

from ordo_emulators.faults import FaultRefused, Faults
from ordo_emulators.routes import Routes
from ordo_emulators.server import Handler, Request, Response, json_response

PREFIX: Final = "/_emulator"
_MOST_REQUESTS: Final = 10_000


class Refused(ValueError):
    """The control plane can't do what was asked; the text says why."""


class Controlled(Protocol):
    """What the control plane needs of an emulator."""

    @property
    def faults(self) -> Faults: ...

    def handle(self, request: Request) -> Response:
        """The broker's own wire protocol."""
        ...

    def now(self) -> datetime:
        """The moment by the emulator's clock."""
        ...

    def accepted(self) -> Sequence[Mapping[str, object]]:
        """Every accepted order in order of arrival: `id`, `tag`, `received_at`, `request`, `status`."""
        ...

    def reset(self) -> None:
        """Back to the start: no orders, no faults, the first prices, full limits. Sessions and settings live on."""
        ...

    def set_prices(self, prices: Mapping[str, Decimal]) -> None:
        """All of them or, with Refused, none."""
        ...

    def expire_sessions(self) -> int:
        """Ends every session and returns how many there were."""
        ...

    def settings(self) -> Mapping[str, object]: ...

    def change_settings(self, values: Mapping[str, object]) -> None:
        """All of them or, with Refused, none."""
        ...

    def urls(self, origin: str) -> Mapping[str, str]:
        """`base_url`, `data_url` and `master_url`, where the server stands at `origin`."""
        ...


def controlled(emulator: Controlled) -> Handler:
    """The emulator together with its control plane, ready to be served."""
    received: deque[dict[str, str]] = deque(maxlen=_MOST_REQUESTS)

    def handle(request: Request) -> Response:
        if not request.path.startswith(PREFIX):
            received.append({"method": request.method, "path": request.path, "received_at": emulator.now().isoformat()})
            return emulator.handle(request)
        asked = request.method, request.path.removeprefix(PREFIX).rstrip("/")
        if asked == ("GET", "/requests"):
            return json_response(list(received))
        if asked == ("POST", "/reset"):
            received.clear()
        found = _routes.find(*asked)
        if found is None:
            return json_response({"error": f"there is no {request.method} {request.path}"}, status=404)
        try:
            return json_response(found[0](emulator, request))
        except (Refused, FaultRefused) as refusal:
            return json_response({"error": str(refusal)}, status=400)

    return handle


_routes = Routes[Callable[[Controlled, Request], object]]()


@_routes.on("POST", "/faults")
def _arm(emulator: Controlled, request: Request) -> object:
    body = _body(request)
    unknown = body.keys() - {"operation", "fault", "times"}
    if unknown:
        raise Refused(f"unknown field {min(unknown)!r}: one of operation, fault, times")
    operation, fault, times = body.get("operation"), body.get("fault"), body.get("times", 1)
    if not isinstance(operation, str) or not isinstance(fault, str):
        raise Refused("operation and fault are both needed, as text")
    if not isinstance(times, int) or isinstance(times, bool):
        raise Refused("times must be a whole number")
    emulator.faults.arm(operation, fault, times)
    return {"faults": emulator.faults.armed()}


@_routes.on("DELETE", "/faults")
def _disarm(emulator: Controlled, _: Request) -> object:
    emulator.faults.clear()
    return {"faults": []}


@_routes.on("GET", "/faults")
def _armed(emulator: Controlled, _: Request) -> object:
    return {"faults": emulator.faults.armed()}


@_routes.on("GET", "/orders")
def _orders(emulator: Controlled, _: Request) -> object:
    return emulator.accepted()


@_routes.on("POST", "/reset")
def _reset(emulator: Controlled, _: Request) -> object:
    emulator.reset()
    return {"reset": True}


@_routes.on("POST", "/prices")
def _prices(emulator: Controlled, request: Request) -> object:
    prices = {key: _price(key, price) for key, price in _body(request).items()}
    emulator.set_prices(prices)
    return {"prices": {key: str(price) for key, price in prices.items()}}


@_routes.on("POST", "/expire-sessions")
def _expire(emulator: Controlled, _: Request) -> object:
    return {"expired": emulator.expire_sessions()}


@_routes.on("GET", "/settings")
def _settings(emulator: Controlled, _: Request) -> object:
    return emulator.settings()


@_routes.on("POST", "/settings")
def _set(emulator: Controlled, request: Request) -> object:
    emulator.change_settings(_body(request))
    return emulator.settings()


def _body(request: Request) -> dict[str, object]:
    try:
        body: object = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise Refused(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refused("the body must be a JSON object")
    return body


def _price(key: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused(f"the price of {key!r} must be a number, or a number as text")
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        raise Refused(f"the price of {key!r} is not a number: {value!r}") from None
    if not price.is_finite() or price <= 0:
        raise Refused(f"the price of {key!r} must be above 0, not {value}")
    return price


S = TypeVar("S")


def changed(settings: S, values: Mapping[str, object]) -> S:
    """A copy of a dataclass of settings with `values` in it. Refused for an unknown name or another type of value."""
    if not is_dataclass(settings) or isinstance(settings, type):
        raise TypeError("settings must be a dataclass instance")
    names = [f.name for f in fields(settings)]
    converted: dict[str, object] = {}
    for name, value in values.items():
        if name not in names:
            raise Refused(f"unknown setting {name!r}: one of {', '.join(names)}")
        converted[name] = _converted(name, value, getattr(settings, name))
    return cast("S", replace(settings, **converted))


def _converted(name: str, value: object, present: object) -> object:
    kind = type(present)
    if issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            raise Refused(f"{name} is one of {', '.join(str(m.value) for m in kind)}, not {value!r}") from None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise Refused(f"{name} must be of the kind {kind.__name__}, not {value!r}")
    if isinstance(value, int | float) and value < 0:
        raise Refused(f"{name} must not be below 0")
    return value


def shown(settings: object) -> dict[str, object]:
    """A dataclass of settings as JSON-ready values."""
    if not is_dataclass(settings) or isinstance(settings, type):
        raise TypeError("settings must be a dataclass instance")
    return asdict(settings)
