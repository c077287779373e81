"""One thread that owns one connection and carries out jobs in transactions, many jobs in each when many wait."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from ordo.domain.errors import ErrorCode, Unavailable

T = TypeVar("T")

_MOST_AT_ONCE = 256
_MOMENT = 0.01
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lastly:
    """How a transaction is made to wait for the disk (`begin`), and how not (`ease`): statements to be made between
    transactions. `sync` makes up for those that did not.
    """

    begin: str
    ease: str
    sync: Callable[[], None]


@dataclass(slots=True, eq=False)
class _Job:
    """Made by the caller; the thread writes its answer into it: a value, or an error."""

    work: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    lasting: bool
    value: object = None
    error: Exception | None = None


class Worker:
    """Takes what waits in the queue as one batch, runs it in one transaction and answers when that is committed.

    When a job raises, the batch is rolled back and its jobs are run again, each in a transaction of its own, so
    that the error is its own alone; a job must therefore do nothing but use its connection, and let its errors
    out. When the transaction can't begin or commit, every job of the batch is answered with that error. `explain`
    turns what a job or the connection raised into what its caller shall see.

    With `lastly`, a batch waits for the disk only if one of its jobs asks for that; what did not is on the disk with
    the next batch that does, or after a moment without any.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], Connection],
        *,
        begin: str,
        explain: Callable[[Exception], Exception],
        lastly: Lastly | None = None,
    ) -> None:
        self._connect = connect
        self._begin = begin
        self._explain = explain
        self._lastly = lastly
        self._is_eased = False
        self._owes = False
        self._connection: Connection | None = None
        self._driver: sqlite3.Connection | None = None
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._is_stopping = False
        # A process that ends without `stop` must not wait for ever; what is not committed by then was not promised.
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Connection], T], *, lasting: bool = True) -> T:
        """Have a job carried out. Cancelling the caller takes away the answer, never the job."""
        if self._is_stopping:
            raise Unavailable(
                ErrorCode.STORE_UNAVAILABLE, "The database is closed: the gateway is stopping. Nothing was written."
            )
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Job(work, future, lasting))
        return await future

    async def stop(self) -> None:
        """Carry out what is queued, then close the connection."""
        if not self._is_stopping:
            self._is_stopping = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        _give_way()
        running = True
        while running:
            batch, running = self._next_batch()
            if batch:
                self._carry_out(batch)
                _answer(batch)
        self._pay()
        self._disconnect()

    def _next_batch(self) -> tuple[list[_Job], bool]:
        queue, job = self._queue, self._first()
        batch: list[_Job] = []
        while job is not None:
            batch.append(job)
            # Nobody else takes from the queue, so what is there stays there.
            if len(batch) == _MOST_AT_ONCE or queue.empty():
                return batch, True
            job = queue.get()
        return batch, False

    def _first(self) -> _Job | None:
        if self._owes:
            with suppress(Empty):
                return self._queue.get(timeout=_MOMENT)
            self._pay()
        return self._queue.get()

    def _carry_out(self, batch: Sequence[_Job]) -> None:
        try:
            connection = self._begun(lasting=any(job.lasting for job in batch))
        except Exception as error:  # noqa: BLE001  (every error is some caller's answer)
            self._roll_back()
            self._fail(batch, error)
            return
        try:
            for job in batch:
                job.value = job.work(connection)
        except Exception as error:  # noqa: BLE001
            self._roll_back()
            if len(batch) == 1:
                self._fail(batch, error)
            else:
                for job in batch:
                    self._carry_out([job])
            return
        try:
            connection.commit()
            self._owes = self._owes or self._is_eased
        except Exception as error:  # noqa: BLE001
            # SQLAlchemy takes the transaction for ended, while SQLite keeps it open: only closing ends it for both.
            self._disconnect()
            self._fail(batch, error)

    def _fail(self, batch: Sequence[_Job], error: Exception) -> None:
        for job in batch:  # Each is told by an error of its own: callers write into theirs.
            job.error = self._explain(error)

    def _begun(self, *, lasting: bool) -> Connection:
        if self._connection is None or self._driver is None:
            self._connection, self._is_eased = self._connect(), False
            self._driver = cast("sqlite3.Connection", self._connection.connection.driver_connection)
        if self._lastly is not None and self._is_eased is lasting:
            self._driver.execute(self._lastly.begin if lasting else self._lastly.ease)
            self._is_eased = not lasting
        # SQLAlchemy keeps the books of a transaction that is begun past its own execution, which costs ten times this.
        self._connection.begin()
        self._driver.execute(self._begin)
        return self._connection

    def _pay(self) -> None:
        """Have on the disk what was told without waiting for that."""
        if self._owes and self._lastly is not None:
            self._owes = False
            try:
                self._lastly.sync()
            except OSError as error:  # It was told already, and can be found out again.
                _log.error("what was written last may not outlive a power cut: %s", error)

    def _roll_back(self) -> None:
        try:
            if self._connection is not None:
                self._connection.rollback()
        except Exception:  # noqa: BLE001  (its state is unknown: the next batch gets a new connection)
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            with suppress(Exception):
                connection.close()


def _give_way() -> None:
    """Let whoever wakes this thread go on first. Where both have one core, it would only take that away to wait for the
    interpreter's lock, which the other holds. Systems that know no such policy, or forbid it, do without.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _answer(batch: Sequence[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        by_loop.setdefault(job.future.get_loop(), []).append(job)
    for loop, jobs in by_loop.items():
        with suppress(RuntimeError):  # The loop is closed, and nobody waits.
            loop.call_soon_threadsafe(_resolve, jobs)


def _resolve(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is None:
            job.future.set_result(job.value)
        else:
            job.future.set_exception(job.error)
