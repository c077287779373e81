"""Where the facts of instruments are kept and looked up."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Protocol

from ordo.domain.directory import InstrumentDirectory
from ordo.domain.masters import MasterReport


class InstrumentStore(Protocol):
    """The instruments that are known today. What is not `async` answers from memory: it waits for no disk.

    Failure: `Unavailable` (`STORE_UNAVAILABLE`), and then the instruments and reports are what they were.

    Concurrency: a reader sees the old instruments or the new, never a mix; who does several look-ups that belong
    together asks for the directory once. Between two `await`s, `directory` and `reports` belong together.
    """

    @abstractmethod
    def directory(self) -> InstrumentDirectory:
        """All instruments, as last loaded."""

    @abstractmethod
    def reports(self) -> tuple[MasterReport, ...]:
        """What is known of each source of the instruments, one each, in order of name."""

    @abstractmethod
    async def open(self) -> None:
        """Take up what was kept. Where nothing ever was, the store holds what it was made with. May be repeated, to
        take up what another process has loaded since; it costs little where there is nothing new.
        """

    @abstractmethod
    async def replace(self, directory: InstrumentDirectory, reports: Iterable[MasterReport]) -> None:
        """Let these be all instruments and all reports; on return they survive a restart, where the store is durable.
        Orders' writes are not held up meanwhile. A caller that is cancelled may find the old or the new.
        """

    @abstractmethod
    async def note(self, report: MasterReport) -> None:
        """Let this be the report of its source, such as why today's was not loaded, without touching instruments."""
