"""Measures what Ordo costs, side by side with what it stands on. Run by `make bench`."""
