from __future__ import annotations

import pytest

from ordo.application.pace import Pace
from tests.support.clock import VirtualClock


async def test_so_many_at_once_and_then_so_many_a_second() -> None:
    clock = VirtualClock()
    pace = Pace(clock, most=3, per_second=0.5)
    for _ in range(3):
        assert pace.wait("a") == 0
        pace.count("a")
    assert pace.wait("a") == pytest.approx(2)
    assert pace.wait("b") == 0
    await clock.advance(2)
    assert pace.wait("a") == 0
    pace.count("a")
    assert pace.wait("a") == pytest.approx(2)
    await clock.advance(1000)
    assert pace.wait("a") == 0


def test_it_forgets_those_that_were_seen_least_lately() -> None:
    pace = Pace(VirtualClock(), most=1, per_second=1)
    for number in range(5000):
        pace.count(str(number))
    assert pace.wait("0") == 0
    assert pace.wait("4999") > 0
