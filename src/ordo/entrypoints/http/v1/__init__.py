"""The routes of API v1: each handler reads, calls one use case, and shows its answer."""
