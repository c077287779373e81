"""HDFC Securities InvestRight, Open API v1, as documented in 2026; not yet seen live."""
