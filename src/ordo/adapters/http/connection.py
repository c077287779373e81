"""One connection to a host: one request at a time, and no byte that is not the answer to it."""

from __future__ import annotations

import asyncio
import select
from math import inf
from typing import Final, cast

from ordo.adapters.http.carrier import BrokenOff, Evidence
from ordo.adapters.http.exchange import HttpReply
from ordo.adapters.http.limits import HttpLimits
from ordo.adapters.http.reading import ReplyReader
from ordo.adapters.http.wording import Worded

_HEARD: Final = select.POLLIN | select.POLLERR | select.POLLHUP


class Connection(asyncio.Protocol):
    """Made by an event loop. Whatever comes while nothing is asked ends it: it could be taken for another's answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: HttpLimits) -> None:
        self.gone: asyncio.Future[None] = loop.create_future()
        """Done when the connection is closed."""
        self.is_free = False
        """Whether another request may be sent on it."""
        self._loop = loop
        self._limits = limits
        self._transport: asyncio.Transport | None = None
        self._below: asyncio.Transport | None = None
        self._poll = select.poll()
        self._is_fresh_tls = False
        self._old_at = loop.time() + limits.age
        self._reader: ReplyReader | None = None
        self._answer: asyncio.Future[HttpReply] | None = None
        self._sent: Evidence | None = None
        self._due = 0.0
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = self._below = cast("asyncio.Transport", transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), _HEARD)
        self._transport.set_write_buffer_limits(high=0)

    def secured(self, transport: asyncio.Transport) -> None:
        """From now on it speaks through TLS."""
        self._transport = transport
        self._is_fresh_tls = True
        # With 0 asyncio's TLS says "pause" to an empty buffer, and may never say "resume".
        transport.set_write_buffer_limits(high=1)

    def is_quiet(self) -> bool:
        """Whether the host has neither left nor said anything, up to this instant. What the event loop has not read yet
        counts, but for a TLS connection that is new: there a host hands out tickets.
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        return self._is_fresh_tls or not self._poll.poll(0)

    def exchange(
        self, worded: Worded, sent: Evidence, until: float, *, looked: bool = False
    ) -> asyncio.Future[HttpReply]:
        """Send a request; its answer is what comes before the loop's time is `until`. Whoever awaits it has to `leave`
        afterwards, whatever came. `looked`: that the connection `is_quiet` was seen in this very moment.
        """
        transport = self._transport
        if transport is None or not (looked or self.is_quiet()):
            self.abort()
            raise BrokenOff("the host hung up, or spoke unasked")
        self.is_free = self._is_fresh_tls = False
        self._reader = ReplyReader(self._limits.size, wants_body=worded.wants_body)
        self._answer = answer = self._loop.create_future()
        self._sent = sent
        self._until = until
        sent.begin()
        transport.write(worded.data)
        if not self._note(sent):
            self._by(self._limits.write)
        return answer

    def leave(self) -> bool:
        """End an exchange, also one that broke off: whether the connection `is_free` now. If not, it is closed."""
        answer = self._answer
        self._answer = self._sent = self._reader = None
        if self.is_free:
            return True
        self.abort()
        if answer is not None and answer.done() and not answer.cancelled():
            answer.exception()  # A failure that a cancelled caller does not hear is no news to the event loop.
        return False

    def abort(self) -> None:
        """Close at once."""
        self.is_free = False
        if self._transport is not None:
            self._transport.abort()

    def resume_writing(self) -> None:
        if self._sent is not None:
            self._note(self._sent)

    def data_received(self, data: bytes) -> None:
        reader, answer = self._reader, self._answer
        if reader is None or answer is None or answer.done():
            self.abort()
            return
        try:
            reader.feed(data)
        except BrokenOff as fault:
            self._fail(fault)
            return
        if reader.done:
            self._give(reader, answer)
        elif self._sent is None:
            self._by(self._limits.silence)

    def eof_received(self) -> None:
        reader, answer = self._reader, self._answer
        if reader is None or answer is None or answer.done():
            return
        try:
            reader.end()
        except BrokenOff as fault:
            self._fail(fault)
            return
        self._give(reader, answer)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = self._below = None
        self.is_free = False
        if self._timer is not None:
            self._timer.cancel()
        self._fail(BrokenOff("the connection broke off"))
        if not self.gone.done():
            self.gone.set_result(None)

    def _note(self, sent: Evidence) -> bool:
        # TLS has two buffers, and does not always tell when the lower one is empty.
        upper, lower = self._transport, self._below
        if upper is None or lower is None or upper.is_closing():
            return False
        if upper.get_write_buffer_size() or lower.get_write_buffer_size():
            return False
        self._sent = None
        sent.end()
        self._by(self._limits.first)
        return True

    def _give(self, reader: ReplyReader, answer: asyncio.Future[HttpReply]) -> None:
        if self._sent is not None:
            self._note(self._sent)
        # An answer to a request that has not left as a whole: the rest of it must not stand before another.
        keeps = reader.keeps and self._sent is None and self._loop.time() < self._old_at
        reply = reader.reply()
        answer.set_result(reply)
        if keeps:
            self.is_free = True
            self._until = inf
            self._by(_patience(reply, self._limits.idle))
        else:
            self.abort()

    def _fail(self, fault: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(fault)
        self.abort()

    def _by(self, seconds: float) -> None:
        # The timer is left where it stands while it is early enough: an exchange moves the time, not the timer.
        self._due = due = min(self._loop.time() + seconds, self._until)
        timer = self._timer
        if timer is None or timer.when() > due:
            if timer is not None:
                timer.cancel()
            self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._look)
            return
        self._timer = None
        if self._sent is not None and self._due < self._until and self._note(self._sent):
            return
        self._fail(TimeoutError("a stage took too long"))


def _patience(reply: HttpReply, idle: float) -> float:
    """Seconds for which the connection is kept: less than the host says that it keeps it."""
    said = reply.headers.get("keep-alive")
    if said is None:
        return idle
    for part in said.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "timeout" and value.isascii() and value.isdigit():
            return min(idle, max(int(value[:9]) - 1.0, 0.0))
    return idle
