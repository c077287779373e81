from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ordo.domain.errors import Invalid
from ordo.domain.masters import MasterReport, MasterState, in_order, noted

TODAY = date(2026, 11, 23)
LOADED = MasterReport(name="fyers", as_of=TODAY, loaded_at=datetime(2026, 11, 23, 3, tzinfo=UTC), rows=200_000)


@pytest.mark.parametrize(
    ("as_of", "reason", "state", "covers"),
    [
        (TODAY, None, MasterState.CURRENT, True),
        (TODAY + timedelta(days=1), None, MasterState.CURRENT, True),
        (TODAY, "the second load failed", MasterState.STALE, True),
        (TODAY - timedelta(days=1), None, MasterState.STALE, False),
        (TODAY - timedelta(days=1), "the file ends too early", MasterState.STALE, False),
        (None, None, MasterState.ABSENT, False),
        (None, "no route to the host", MasterState.ABSENT, False),
    ],
)
def test_the_state_of_a_master_follows_its_day_and_its_last_load(
    as_of: date | None, reason: str | None, state: MasterState, *, covers: bool
) -> None:
    report = replace(LOADED, as_of=as_of, stale_reason=reason)
    assert report.state(TODAY) is state
    assert report.covers(TODAY) is covers


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("rows", -1), ("loaded_at", datetime(2026, 11, 23, 3))],  # noqa: DTZ001  (what is refused)
)
def test_a_report_that_says_nothing_is_refused(field: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        replace(LOADED, **{field: value})  # type: ignore[arg-type]
    assert [fault.field for fault in caught.value.fields] == [field]


def test_reports_stand_in_order_one_for_each_source() -> None:
    hdfc, stale = replace(LOADED, name="hdfc"), replace(LOADED, stale_reason="late")
    assert in_order((hdfc, LOADED)) == (LOADED, hdfc)
    assert noted((hdfc, LOADED), stale) == (stale, hdfc)
    assert noted((), hdfc) == (hdfc,)
