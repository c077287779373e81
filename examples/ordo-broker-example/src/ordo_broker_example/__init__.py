"""Lotus, a broker that does not exist, for Ordo."""
