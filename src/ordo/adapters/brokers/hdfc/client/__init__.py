"""The way to InvestRight."""

from ordo.adapters.brokers.hdfc.client.calls import HdfcClient
from ordo.adapters.brokers.hdfc.client.line import Door

__all__ = ["Door", "HdfcClient"]
