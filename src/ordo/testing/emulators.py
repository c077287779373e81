"""The emulated brokers, each on a socket of its own in this process, and the hand that a test has in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import httpx2

from ordo.client import OrdoClient
from ordo.schemas.v1.sessions import LoginChallenge, Session
from ordo.testing.clock import SkippingClock
from ordo_emulators.control import PREFIX, Controlled, controlled
from ordo_emulators.fyers import login as fyers
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.hdfc import login as hdfc
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.server import serve_in_thread

_HDFC_ANSWERS: Final = {"username": hdfc.USER, "password": hdfc.PASSWORD, "otp": hdfc.OTP, "consent": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broker:
    account: str
    make: Callable[[SkippingClock], Controlled]
    answers: Mapping[str, str]


_BROKERS: Final = {
    "fyers": _Broker(account=f"fyers/{fyers.ACCOUNT}", make=lambda clock: FyersEmulator(clock=clock.now), answers={}),
    "hdfc": _Broker(
        account=f"hdfc/{hdfc.ACCOUNT}", make=lambda clock: HdfcEmulator(clock=clock.now), answers=_HDFC_ANSWERS
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """An emulated broker: its kind, the account that it has, and the addresses of its API."""

    kind: str
    account: str
    base_url: str
    data_url: str
    master_url: str
    origin: str

    @property
    def settings(self) -> dict[str, str]:
        """What a gateway is told under `brokers.<id>`, to trade here."""
        return {
            "kind": self.kind,
            "base_url": self.base_url,
            "master_url": self.master_url,
            **({"data_url": self.data_url} if self.kind == "fyers" else {}),
        }

    def fail(self, operation: str, fault: str, *, times: int = 1) -> None:
        """Let the next `times` requests of an operation go wrong.

        `operation`: place, modify, cancel, orders, positions, holdings, funds, trades, quotes, login. `fault`:
        drop_before_accept, drop_after_accept, timeout_before_accept, timeout_after_accept, bad_gateway_before_accept,
        bad_gateway_after_accept, html_after_accept, empty_after_accept, cut_body_after_accept, unknown_code,
        rate_limited, expired_session, late_in_book, no_tag_echo. Raises `ValueError`, with what there is, for another
        one, and for one that makes no sense there.
        """
        self._told("POST", "/faults", {"operation": operation, "fault": fault, "times": times})

    def heal(self) -> None:
        """No fault is left."""
        self._told("DELETE", "/faults")

    def orders(self) -> list[dict[str, Any]]:
        """Every order that was accepted, in order of arrival: `id`, `tag`, `received_at`, `request`, `status`. What
        stands here counts, whatever a bot believes.
        """
        found: list[dict[str, Any]] = self._told("GET", "/orders")
        return found

    def move(self, instrument: str, price: str | Decimal) -> None:
        """Let an instrument trade at a price in rupees. Raises `ValueError` for an instrument that is not listed."""
        self._told("POST", "/prices", {instrument: str(price)})

    def expire_sessions(self) -> None:
        """End every session, as brokers do each night."""
        self._told("POST", "/expire-sessions")

    def reset(self) -> None:
        """No orders, no faults, the first prices. Sessions live on."""
        self._told("POST", "/reset")

    def log_in(self, ordo: OrdoClient, account: str | None = None) -> Session:
        """Log a gateway in here, as the person would whom the account belongs to. Raises `OrdoApiError`."""
        name = account or self.account
        step: LoginChallenge | Session = ordo.sessions.begin(name)
        while isinstance(step, LoginChallenge):
            known = _BROKERS[self.kind].answers
            step = ordo.sessions.answer(
                name,
                step.challenge_id,
                redirect_url=_redirect(step.login_url) if step.login_url else None,
                answers=None if step.login_url else {field: known[field] for field in step.fields},
            )
        return step

    def _told(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        with httpx2.Client(trust_env=False) as http:
            answer = http.request(method, f"{self.origin}{PREFIX}{path}", json=body)
        found = answer.json()
        if answer.is_error:
            raise ValueError(found["error"])
        return found


@contextmanager
def served_emulator(kind: str, *, clock: SkippingClock | None = None) -> Iterator[Emulator]:
    """Serve the emulated broker of a kind, `fyers` or `hdfc`, until the block ends. Raises `KeyError` for another."""
    broker = _BROKERS[kind]
    emulator = broker.make(clock or SkippingClock())
    with serve_in_thread(controlled(emulator)) as origin:
        yield Emulator(kind=kind, account=broker.account, origin=origin, **emulator.urls(origin))


def _redirect(login_url: str) -> str:
    """Goes where a browser would go; the address to which the page sends it back."""
    with httpx2.Client(trust_env=False) as http:
        return http.get(login_url).headers["location"]
