"""The configured brokers, by adapter id."""

from __future__ import annotations

from dataclasses import dataclass

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid
from ordo.ports.broker import Broker, BrokerLogin


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLine:
    """One configured broker app: its id, its kind (`paper`, …), and the two ways to speak to it. `obeys_hours`:
    it trades while the market is open, as all but the paper broker do. `has_master`: what it trades is what its own
    instrument master lists, under the name of its kind.
    """

    adapter_id: str
    kind: str
    broker: Broker
    login: BrokerLogin
    obeys_hours: bool = True
    has_master: bool = False


class Brokers:
    """Finds the line of an account."""

    def __init__(self, lines: tuple[BrokerLine, ...]) -> None:
        self.lines = lines
        self._by_id = {line.adapter_id: line for line in lines}

    def of(self, account: Account) -> BrokerLine:
        """The line that serves an account; raises `Invalid` (`UNKNOWN_ACCOUNT`) where none is configured."""
        line = self._by_id.get(account.adapter_id)
        if line is None:
            raise Invalid.field(
                "account",
                f"no broker is configured under this adapter id; there are {', '.join(sorted(self._by_id))}",
                seen=account,
                code=ErrorCode.UNKNOWN_ACCOUNT,
            )
        return line
