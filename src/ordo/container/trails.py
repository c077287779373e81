"""Reading audit trails: for that, no gateway is opened."""

from __future__ import annotations

from ordo.adapters.telemetry.archive import ChainReport, said, verify

__all__ = ["ChainReport", "said", "verify"]
