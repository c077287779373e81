"""What the doctor says of one part, and where it looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ordo.container.root import Container
from ordo.domain.calendar import IST
from ordo.domain.errors import OrdoError
from ordo.schemas.config.settings import ConfigurationError, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One part. `says`: how it is. `means`: what that has as a consequence. `do`: what a person has to do; empty where
    there is nothing to do, and then the part is well.
    """

    name: str
    says: str
    means: str = ""
    do: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is as it should be."""
        return not self.do


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An installation. `host`, `port`: where `ordo serve` is to listen. `served`: the address of the gateway that
    serves this database now. `secret_files`: the files that hold its secrets.
    """

    settings: Settings
    host: str = "127.0.0.1"
    port: int = 8000
    served: str | None = None
    secret_files: tuple[Path, ...] = ()


def told(moment: datetime) -> str:
    """A moment as people in India read it."""
    return f"{moment.astimezone(IST):%Y-%m-%d %H:%M:%S} IST"


async def looked(look: Callable[[Site, Container], Awaitable[Check]], site: Site, container: Container) -> Check:
    """What a look finds; one that fails is a finding too."""
    try:
        return await look(site, container)
    except (OrdoError, ConfigurationError, OSError) as error:
        return Check(
            name=look.__name__, says=str(error), means="no gateway can start like this", do="do what the message says"
        )
