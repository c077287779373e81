"""Which gateways are running on the same stores."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Owners(Protocol):
    """Tells a gateway that works slowly from one that is gone. Safe to share between tasks.

    Failure: `Unavailable` (`STORE_UNAVAILABLE`), and then nobody knows who is alive.

    A gateway that was stopped, suspended or is stuck is still alive: it may go on with what it had begun at any
    moment, so nobody may conclude anything from its silence. One that has ended, in whatever way, is not.
    """

    @abstractmethod
    async def is_alive(self, owner: str) -> bool:
        """Whether the gateway of this name may still act. A name that nobody ever had is not alive."""
