"""The gateway's limit per API key: a token bucket. No size is published; both numbers are settings."""

from datetime import datetime


class Bucket:
    """Full at first."""

    def __init__(self) -> None:
        self._used = 0.0
        self._at: datetime | None = None

    def take(self, now: datetime, *, size: int, refill_per_second: float) -> bool:
        """One request more; False, and nothing taken, where none is left."""
        elapsed = (now - self._at).total_seconds() if self._at else 0.0
        self._used = max(0.0, self._used - max(0.0, elapsed) * refill_per_second)
        self._at = now
        if self._used + 1 > size:
            return False
        self._used += 1
        return True
