"""Wiring: the only place that names both ports and the adapters that serve them."""
