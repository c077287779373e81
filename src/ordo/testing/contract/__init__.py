"""The laws that every broker adapter keeps, to be tried on yours.

Say in a `conftest.py` how yours is brought into working order, and take the laws into a module of tests:

    # conftest.py
    from ordo.testing.contract import broker_fixture
    from my_broker_tests.harness import harness

    broker = broker_fixture(mine=harness)

    # test_contract.py
    from ordo.testing.contract.test_broker_reads import *
    from ordo.testing.contract.test_broker_writes import *

With the `conftest.py` at the root, `pytest --pyargs ordo.testing.contract` runs them without such a module.
"""

from ordo.testing.contract.fixture import Harness as Harness
from ordo.testing.contract.fixture import broker_fixture as broker_fixture
from ordo.testing.contract.harness import BrokerHarness as BrokerHarness
from ordo.testing.contract.harness import BrokerVenue as BrokerVenue
from ordo.testing.contract.harness import VenueOrder as VenueOrder
from ordo.testing.contract.line import SpoiltLine as SpoiltLine

__all__ = ["BrokerHarness", "BrokerVenue", "Harness", "SpoiltLine", "VenueOrder", "broker_fixture"]
