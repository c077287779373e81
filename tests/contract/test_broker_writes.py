"""The laws of every broker's writes stand in `ordo.testing.contract`; here the house's own adapters meet them."""

from ordo.testing.contract.test_broker_writes import *  # noqa: F403  (every law there is, and each one that is added)
