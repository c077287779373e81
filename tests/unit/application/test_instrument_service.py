"""The use cases of instruments, as a program that embeds Ordo calls them."""

from __future__ import annotations

from datetime import time

import pytest

from ordo.application.instruments import InstrumentService
from ordo.application.master_sync import MasterSync
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import InstrumentKey
from tests.support.house import House
from tests.support.orders import SBIN


@pytest.fixture
def instruments(house: House) -> InstrumentService:
    masters = MasterSync(house.instruments, (), house.clock, house.now.trail, at=time(8, 30))
    return InstrumentService(house.instruments, masters)


def test_a_listed_instrument_is_found_by_its_key_alone(instruments: InstrumentService) -> None:
    found = instruments.get(SBIN)
    assert found is not None
    assert found.key == SBIN
    assert instruments.get(InstrumentKey.parse("NSE:NOSUCH")) is None
    assert instruments.search("NSE:SB", limit=1) == (found,)


def test_a_key_that_is_no_longer_listed_stays_itself(instruments: InstrumentService) -> None:
    assert instruments.key_of("NSE:SBIN") == SBIN
    assert instruments.key_of("NSE:GONE") == InstrumentKey.parse("NSE:GONE")
    for text in ("GONE", "NSE:", ""):
        with pytest.raises(Invalid) as refusal:
            instruments.key_of(text)
        assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT


async def test_nothing_is_loaded_where_no_master_is_configured(instruments: InstrumentService) -> None:
    with pytest.raises(Invalid):
        await instruments.sync()
    with pytest.raises(Invalid):
        instruments.start_sync()
