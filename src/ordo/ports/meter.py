"""What is counted and timed, for those who watch a gateway."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ordo.domain.audit import AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """How something stands at this moment. `name` is in Prometheus's form, and so are the names of the labels."""

    name: str
    meaning: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class Stopwatch(Protocol):
    """A piece of work that is being timed."""

    @abstractmethod
    def stop(self, name: str, result: str) -> None:
        """The work has ended: what it was, and what came of it. To be called once, where it was begun."""


class Meter(Protocol):
    """Counts and times. It never fails, never waits, and changes nothing of what is measured."""

    @abstractmethod
    def request(self, correlation_id: str) -> Stopwatch:
        """A request to the API has come; it is stopped with its operation and its status."""

    @abstractmethod
    def broker_call(self, adapter_id: str) -> Stopwatch:
        """A broker is called; it is stopped with the name of the call, and `ok` or the code of the error."""

    @abstractmethod
    def event(self, event: AuditEvent, seconds: float) -> None:
        """An event was written into the trail, which took so long."""

    @abstractmethod
    def exposition(self, gauges: Iterable[Gauge]) -> bytes:
        """Everything counted so far, by every worker, and these gauges: in Prometheus's text format."""
