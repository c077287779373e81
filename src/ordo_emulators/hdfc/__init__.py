"""HDFC Securities InvestRight, Open API v1, as of 2026: REST only.

The broker has published no error body, and much else is known only from one side. Where the documents, a worked example
or a live report say something it is reproduced; where none does a comment says "guess", so that no test hardens an
invention into a truth. Not here: the market data socket, and HDFC Sky, which is another platform.
"""
