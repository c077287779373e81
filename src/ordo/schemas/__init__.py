"""Pydantic at the edges: what comes in and goes out (`v1`), and how the gateway is configured (`config`)."""
