"""Passing state, and on request durable facts, in Redis."""
