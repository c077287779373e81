"""What is remembered of logins under way, from one step to the next."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from ordo.domain.sessions import Secret


class LoginNotes(Protocol):
    """Secret texts under names, each for a while: challenges that wait for an answer, and what a broker knows a login
    by. Whichever worker is asked finds what another has kept.

    Concurrency: `keep` and `take` are atomic across every task and process that shares the notes. Time: notes have no
    clock; one is over when `until <= now`, and then it is as if it had never been. Failure: `Unavailable`
    (`STORE_UNAVAILABLE`). Secrecy: a name may be a secret too, so neither stands anywhere in the clear. Losing all of
    them costs everybody who logs in just then a new start, and nothing else.
    """

    @abstractmethod
    async def keep(self, name: str, text: Secret, *, until: datetime, now: datetime) -> bool:
        """Keep a text. `False`, and nothing is kept, where there is one of that name."""

    @abstractmethod
    async def find(self, name: str, *, now: datetime) -> Secret | None:
        """The text of that name, which stays."""

    @abstractmethod
    async def take(self, name: str, *, now: datetime) -> Secret | None:
        """The text of that name, which is forgotten: of any number of callers one gets it."""
