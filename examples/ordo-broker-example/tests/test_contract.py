"""The laws that every broker adapter keeps."""

from ordo.testing.contract.test_broker_reads import *  # noqa: F403
from ordo.testing.contract.test_broker_writes import *  # noqa: F403
