"""Counters and histograms: in plain numbers where one process counts for itself, in `prometheus_client`'s files where
several workers tell the sum of all. Both are told in the same words.
"""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import accumulate
from typing import Generic, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

Labels = tuple[str, ...]
S = TypeVar("S")


class Tally(Protocol):
    """One series of a counter."""

    def inc(self) -> None:
        """It happened once more."""


class Spread(Protocol):
    """One series of a histogram."""

    def observe(self, amount: float, /) -> None:
        """It happened once more, and took so many seconds."""


class Series(dict[Labels, S], Generic[S]):
    """All series of one name, by the values of their labels; each is made when it is first asked for."""

    def __init__(self, make: Callable[[Labels], S]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, labels: Labels) -> S:
        made = self[labels] = self._make(labels)
        return made


class Counts(Collector, Protocol):
    """Makes what is counted with, and tells all of it, in the order in which it was made."""

    @abstractmethod
    def counter(self, name: str, meaning: str, labels: Labels) -> Mapping[Labels, Tally]:
        """A new counter. Where it is told, `_total` stands behind its name."""

    @abstractmethod
    def histogram(self, name: str, meaning: str, labels: Labels, bounds: tuple[float, ...]) -> Mapping[Labels, Spread]:
        """A new histogram. Each bucket holds what is at most its bound; bounds rise, and the last but one is finite."""


class SharedCounts(Counts):
    """The sum of all processes that count into the folder of `PROMETHEUS_MULTIPROC_DIR`."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()

    def counter(self, name: str, meaning: str, labels: Labels) -> Mapping[Labels, Tally]:
        parent = Counter(name, meaning, labels, registry=self._registry)
        return Series(lambda values: parent.labels(*values) if values else parent)

    def histogram(self, name: str, meaning: str, labels: Labels, bounds: tuple[float, ...]) -> Mapping[Labels, Spread]:
        parent = Histogram(name, meaning, labels, registry=self._registry, buckets=bounds)
        return Series(lambda values: parent.labels(*values) if values else parent)

    def collect(self) -> Iterable[Metric]:
        everything = CollectorRegistry()
        MultiProcessCollector(everything)  # type: ignore[no-untyped-call]
        return everything.collect()


class OwnCounts(Counts):
    """What this process counted. Counting is an addition, in the thread of the event loop; all else is done where
    somebody asks.
    """

    def __init__(self) -> None:
        self._families: list[partial[Metric]] = []

    def counter(self, name: str, meaning: str, labels: Labels) -> Mapping[Labels, Tally]:
        series = Series(lambda _: _OwnTally())
        self._families.append(partial(_counter, name, meaning, labels, series))
        return series

    def histogram(self, name: str, meaning: str, labels: Labels, bounds: tuple[float, ...]) -> Mapping[Labels, Spread]:
        series = Series(lambda _: _OwnSpread((*bounds, math.inf)))
        self._families.append(partial(_histogram, name, meaning, labels, series))
        return series

    def collect(self) -> Iterator[Metric]:
        # Whether it is told when a series began is the library's setting: it is asked for the words of one.
        some = Counter("some", "Some.", registry=None)
        when = any(sample.name == "some_created" for metric in some.collect() for sample in metric.samples)
        for family in self._families:
            yield family(when=when)


class _OwnTally:
    __slots__ = ("began", "count")

    def __init__(self) -> None:
        self.began = time.time()
        self.count = 0

    def inc(self) -> None:
        self.count += 1


class _OwnSpread:
    __slots__ = ("began", "bounds", "counts", "seconds")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.began = time.time()
        self.bounds = bounds
        self.counts = [0] * len(bounds)
        self.seconds = 0.0

    def observe(self, amount: float) -> None:
        self.counts[bisect_left(self.bounds, amount)] += 1
        self.seconds += amount


def _counter(name: str, meaning: str, labels: Labels, series: Series[_OwnTally], *, when: bool) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=labels)
    for values, one in tuple(series.items()):
        family.add_metric(values, one.count, created=one.began if when else None)
    return family


def _histogram(name: str, meaning: str, labels: Labels, series: Series[_OwnSpread], *, when: bool) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=labels)
    for values, one in tuple(series.items()):
        told = zip(map(floatToGoString, one.bounds), accumulate(one.counts), strict=True)
        family.add_metric(values, list(told), one.seconds)
        if when:
            family.samples.append(Sample(f"{name}_created", dict(zip(labels, values, strict=True)), one.began))
    return family
