"""Durable facts in a relational database."""
