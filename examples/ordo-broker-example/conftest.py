from tests.harness import harness

from ordo.testing.contract import broker_fixture

broker = broker_fixture(lotus=harness)
