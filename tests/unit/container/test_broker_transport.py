"""Which transport a broker's requests go by is a setting."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ordo.adapters.http.own import OwnCarrier
from ordo.adapters.http.stock import StockCarrier
from ordo.container.brokers import Wire
from ordo.schemas.config.brokers import FyersConfig, HDFCConfig

HERE = "http://127.0.0.1:1"


@pytest.mark.parametrize("config", [FyersConfig, HDFCConfig])
def test_ours_unless_it_is_said(config: type[FyersConfig | HDFCConfig]) -> None:
    here = {"base_url": HERE}
    assert config.model_validate(here).transport == "own"
    assert config.model_validate(here | {"transport": "stock"}).transport == "stock"
    with pytest.raises(ValidationError, match="transport"):
        config.model_validate(here | {"transport": "other"})


async def test_brokers_of_one_transport_share_a_client() -> None:
    wire = Wire()
    fyers, hdfc = FyersConfig(base_url=HERE), HDFCConfig(base_url=HERE)
    by_stock = fyers.model_copy(update={"transport": "stock"})
    own, stock = wire.client(fyers), wire.client(by_stock)
    assert isinstance(own._carrier, OwnCarrier)
    assert isinstance(stock._carrier, StockCarrier)
    assert wire.client(hdfc) is own
    assert wire.client(by_stock) is stock
    await wire.aclose()
