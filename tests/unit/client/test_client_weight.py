"""The client weighs what it must: the schemas of API v1, pydantic and an HTTP client, and nothing of the server."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

from ordo.domain.orders import OrderStatus
from ordo.schemas.v1.orders import Order
from tests.support.orders import order_of
from tests.unit.client.hostile_gateway import HostileGateway, answer

# What pydantic and httpx2 bring along. A name that is added here is added to what a user of the client alone installs.
ALLOWED = (
    "annotated_types anyio h11 httpcore2 httpx2 idna ordo pydantic pydantic_core truststore typing_extensions"
    " typing_inspection"
)
USE = """
import sys
from importlib.abc import MetaPathFinder

class Alone(MetaPathFinder):
    allowed = {*sys.stdlib_module_names, *sys.argv[2].split()}

    def find_spec(self, name, path, target=None):
        if not name.startswith("_") and name.partition(".")[0] not in self.allowed:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)
        return None

sys.meta_path.insert(0, Alone())

import asyncio
from ordo.client import AsyncOrdoClient, OrdoClient

async def awaited():
    async with AsyncOrdoClient(sys.argv[1], "t") as ordo:
        return await ordo.orders.list("paper/DEMO")

with OrdoClient(sys.argv[1], "t") as ordo:
    assert ordo.orders.list("paper/DEMO") == asyncio.run(awaited())
print(*sorted(name for name in sys.modules if name.startswith("ordo.")))
"""
HOUSE = {"ordo.client", "ordo.domain", "ordo.schemas"}


def test_it_works_where_nothing_of_the_server_is_installed() -> None:
    listed = answer(200, f"[{Order.of(replace(order_of(), status=OrderStatus.OPEN)).model_dump_json()}]")
    with HostileGateway.serving(listed, listed) as gateway:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", USE, gateway.url, ALLOWED], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    rooms = {".".join(name.split(".")[:2]) for name in done.stdout.split()}
    assert rooms == HOUSE
