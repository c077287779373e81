"""The emulators' own clock: Indian brokers think in India Standard Time, which has no daylight saving."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

IST = timezone(timedelta(hours=5, minutes=30), "IST")

Clock = Callable[[], datetime]
"""Returns the present moment as an aware datetime. A test passes one that it can turn."""


def system_clock() -> datetime:
    return datetime.now(tz=UTC)
