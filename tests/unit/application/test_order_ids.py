from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ordo.application.order_ids import OrderIds
from ordo.domain.orders import is_order_id
from tests.support.clock import MONDAY_MORNING


def test_two_hundred_thousand_ids_rise_while_the_clock_stands_still_and_steps_back() -> None:
    ids = OrderIds(Random(1))
    moments = [MONDAY_MORNING, MONDAY_MORNING - timedelta(hours=1), MONDAY_MORNING + timedelta(seconds=1)]
    made = [ids.next(moments[number * 3 // 200_000]) for number in range(200_000)]
    assert all(map(is_order_id, made))
    assert made == sorted(made)
    assert len(set(made)) == 200_000


@given(
    moments=st.lists(
        st.datetimes(
            min_value=datetime(2020, 1, 1),  # noqa: DTZ001  (the zone is given)
            max_value=datetime(2046, 1, 1),  # noqa: DTZ001
            timezones=st.just(UTC),
        ),
        min_size=1,
        max_size=20,
    ),
    seed=st.integers(),
)
def test_an_id_is_fifteen_digits_and_larger_than_all_before(moments: list[datetime], seed: int) -> None:
    ids = OrderIds(Random(seed))
    made = [ids.next(moment) for moment in moments]
    assert all(map(is_order_id, made))
    assert made == sorted(set(made))


def test_an_id_tells_its_millisecond() -> None:
    first, later = OrderIds(Random(1)), OrderIds(Random(1))
    one = int(first.next(MONDAY_MORNING))
    other = int(later.next(MONDAY_MORNING + timedelta(milliseconds=2)))
    assert other - one == 2000


def test_gateways_of_one_moment_rarely_meet() -> None:
    made = {OrderIds(Random(seed)).next(MONDAY_MORNING) for seed in range(8)}
    assert len(made) > 4
