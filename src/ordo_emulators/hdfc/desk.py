"""What every InvestRight endpoint is given: the desk it works at, and the call it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ordo_emulators.accounts import Account
from ordo_emulators.exchange import Exchange
from ordo_emulators.faults import Taken
from ordo_emulators.hdfc.codes import Codes
from ordo_emulators.hdfc.limits import Bucket
from ordo_emulators.hdfc.login import ACCOUNT, Logins
from ordo_emulators.hdfc.settings import Settings
from ordo_emulators.server import Request, Response


@dataclass(frozen=True, slots=True)
class RejectedChange:
    """The exchange refused to modify or cancel an order, which therefore works on."""

    status: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Desk:
    exchange: Exchange
    codes: Codes
    settings: Settings
    logins: Logins = field(default_factory=Logins)
    bucket: Bucket = field(default_factory=Bucket)
    modified: set[str] = field(default_factory=set)
    """The ids of orders that were modified."""
    rejected_changes: dict[str, RejectedChange] = field(default_factory=dict)
    """By order id."""

    @property
    def account(self) -> Account:
        return self.exchange.account(ACCOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    request: Request
    body: object
    """Parsed JSON, with decimals as `Decimal`; None without a body."""
    params: tuple[str, ...] = ()
    taken: Taken = field(default_factory=Taken)

    @property
    def fields(self) -> Mapping[str, object]:
        """The body, where it is an object; no fields where it is anything else."""
        return self.body if isinstance(self.body, dict) else {}


Endpoint = Callable[[Desk, Call], Response]
