"""Switches of the emulated InvestRight, given at construction or changed through the control plane's `/settings`.

Most stand for a question that the documents leave open: a client must live with either answer.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class _Switch(StrEnum):
    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Whoever writes the number 422 means the text."""
        return next((member for member in cls if member.value == str(value)), None)


class ReferenceMode(_Switch):
    """What the order book shows as `external_reference_number`."""

    ECHO = "echo"
    """The caller's own; one that the broker made where the caller gave none."""
    STAPI = "stapi"
    """Always one that the broker made."""


class RefusalStyle(_Switch):
    """How the order system says no."""

    HTTP200 = "http200"
    HTTP4XX = "http4xx"


class MarketOrders(_Switch):
    ALLOW = "allow"
    FORBID403 = "forbid403"


class ProfileVerb(_Switch):
    GET = "get"
    POST = "post"
    UNPROCESSABLE = "422"
    """GET is answered 422, as one live client saw; POST, which is documented, works."""


class HoldingsEmpty(_Switch):
    """How an account without holdings is answered."""

    LIST = "list"
    UNPROCESSABLE = "422"


class TwoFA(_Switch):
    ON = "on"
    OFF = "off"
    RECAPTCHA = "recaptcha"


class Changes(_Switch):
    """What becomes of a modification or cancellation that was taken."""

    DONE = "done"
    REJECTED = "rejected"
    """The exchange refuses it: the book says so in the order's status, and the order works on."""


class CallbackName(_Switch):
    """The query parameter in which the browser brings the request token: it is not documented."""

    SNAKE = "request_token"
    CAMEL = "requestToken"
    KEBAB = "request-token"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    reference_mode: ReferenceMode = ReferenceMode.ECHO
    refusal_style: RefusalStyle = RefusalStyle.HTTP200
    market_orders: MarketOrders = MarketOrders.ALLOW
    profile_verb: ProfileVerb = ProfileVerb.GET
    holdings_empty: HoldingsEmpty = HoldingsEmpty.LIST
    has_holdings: bool = True
    """False: the account owns nothing. Changing it gives back, or takes, what was held at the start."""
    changes: Changes = Changes.DONE
    twofa: TwoFA = TwoFA.ON
    asks_consent: bool = False
    """The user has not agreed to the app before, so that the first login asks for it."""
    token_ttl: int = 28_800
    """Seconds from the login to the token's own `exp`: 8 h, as in the documented sample."""
    otp_seconds: int = 300
    """How long an OTP is good; 0: it is expired when it arrives. A guess, like the next two."""
    otp_tries: int = 3
    """How many wrong OTPs end the attempt."""
    request_token_seconds: int = 300
    callback_url: str = "http://127.0.0.1:8000/callback/hdfc"
    """Registered with the app: the login page has no other way to know where to go."""
    callback_name: CallbackName = CallbackName.SNAKE
    rate_limits: bool = True
    bucket: int = 10
    """Requests that one API key may make at once; no limit is published."""
    refill_per_second: float = 10.0
    late_seconds: float = 3.0
    """How long an order under the fault `late_in_book` stays hidden."""
    transit_seconds: float = 0.0
    """How long an order is on its way before it is at the exchange."""
    liquidity: int = 0
    """Units that one touch of the price fills in one order; 0 for all."""
    market_open: bool = True
    master_bom: bool = False
    """The security master begins with a byte order mark."""
