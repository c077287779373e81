"""FYERS API v3 as of autumn 2026: REST only.

What the broker's documents or a live capture say is reproduced. Where neither says anything a comment says "guess", so
that no test hardens an invention into a truth. Not here: sockets, GTT, multi-leg, smart orders, alerts, reports, eDIS,
take-profit and stop-loss on positions.
"""
