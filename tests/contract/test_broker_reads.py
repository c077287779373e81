"""The laws of every broker's reads stand in `ordo.testing.contract`; here the house's own adapters meet them."""

from ordo.testing.contract.test_broker_reads import *  # noqa: F403  (every law there is, and each one that is added)
