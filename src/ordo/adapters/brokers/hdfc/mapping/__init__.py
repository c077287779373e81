"""InvestRight's words and Ordo's, both ways: tables and pure functions."""
