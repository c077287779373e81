"""Brings one master file from a URL or a path, never trusting its size, its kind or where it leads."""

from __future__ import annotations

import asyncio
import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Final, cast

import httpx2

from ordo.domain.calendar import trading_day
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.master_rows import MasterRefused

_GZIP: Final = b"\x1f\x8b"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_BOM: Final = b"\xef\xbb\xbf"
_SNIFFED: Final = 1024
_REDIRECTS: Final = 3
_REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """How large a file may be (`size`: bytes, as sent and once unpacked), and how long it may take, in seconds."""

    size: int = 256 * 1024 * 1024
    connect_seconds: float = 10
    silence_seconds: float = 30
    total_seconds: float = 300


class NoSuchMaster(Unavailable):
    """The place exists, and the file does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file that has arrived. `dated` is the Indian day that its place says it was changed on, if it says one."""

    source: str
    where: str
    binary: IO[bytes]
    dated: date | None
    limit: int
    _texts: list[io.TextIOWrapper] = field(default_factory=list)

    def close(self) -> None:
        self.binary.close()

    def ends_with(self, last: bytes) -> bool:
        """Whether the last byte that is not white space is this one; a packed file can't say, and passes."""
        self.binary.seek(0)
        if self.binary.read(2) == _GZIP:
            return True
        size = self.binary.seek(0, io.SEEK_END)
        self.binary.seek(max(0, size - _SNIFFED))
        return self.binary.read().rstrip().endswith(last)

    def text(self) -> _CappedText:
        """Its text from the beginning, unpacked if need be, without a byte order mark; it ends an earlier reading.

        Raises `MasterRefused` for what is no text of a master: nothing at all, HTML, UTF-16.
        """
        self.binary.seek(0)
        packed = self.binary.read(2) == _GZIP
        self.binary.seek(0)
        plain = cast("IO[bytes]", gzip.GzipFile(fileobj=self.binary, mode="rb")) if packed else self.binary
        with self.refusing():
            begins = plain.read(_SNIFFED)
            self._sniff(begins)
            plain.seek(0)
        text = io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")
        # A wrapper that nobody holds would close the file under the next one.
        self._texts.append(text)
        return _CappedText(self, text)

    def refused(self, reason: str) -> MasterRefused:
        return MasterRefused(self.source, f"{self.where}: {reason}")

    @contextmanager
    def refusing(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError:
            raise self.refused("it is not UTF-8 text") from None
        except EOFError:
            raise self.refused("the packed file ends too early") from None
        except (OSError, ValueError, zlib.error) as error:
            raise self.refused(f"it can't be read ({type(error).__name__})") from None

    def _sniff(self, begins: bytes) -> None:
        if begins.startswith(_UTF16):
            raise self.refused("it is UTF-16, not UTF-8")
        content = begins.removeprefix(_BOM).lstrip()
        if not content:
            raise self.refused("it is empty")
        if content.startswith(b"<"):
            raise self.refused("it is HTML or XML, not a master")


class _CappedText:
    """Text that refuses the file in plain words, and never gives more of it than is allowed."""

    def __init__(self, fetched: Fetched, text: io.TextIOWrapper) -> None:
        self._fetched = fetched
        self._text = text
        self._left = fetched.limit

    def read(self, size: int) -> str:
        with self._fetched.refusing():
            return self._counted(self._text.read(size))

    def lines(self, longest: int = 1 << 16) -> Iterator[str]:
        """Line by line, each at most so long."""
        while True:
            with self._fetched.refusing():
                line = self._counted(self._text.readline(longest))
            if not line:
                return
            if len(line) == longest:
                raise self._fetched.refused(f"a line is longer than {longest} characters")
            yield line

    def _counted(self, part: str) -> str:
        self._left -= len(part)
        if self._left < 0:
            raise self._fetched.refused(f"it is larger than {self._fetched.limit} bytes")
        return part


async def fetch(source: str, where: str, limits: FetchLimits) -> Fetched:
    """Bring the file at an http(s) URL or a local path.

    Raises `NoSuchMaster` when it is not there, `Unavailable` when its place can't be reached, and `MasterRefused` when
    it is too large or leads to another host.
    """
    if not where.startswith(("http://", "https://")):
        # Not in a thread: a file that opens after its caller was cancelled would belong to nobody.
        return _opened(source, where, limits)
    try:
        async with asyncio.timeout(limits.total_seconds):
            return await _downloaded(source, where, limits)
    except TimeoutError:
        raise _unreachable(source, where, f"no whole file came within {limits.total_seconds:g} seconds") from None


def _opened(source: str, where: str, limits: FetchLimits) -> Fetched:
    path = Path(where.removeprefix("file://"))
    try:
        found = path.stat()
        binary = path.open("rb")
    except FileNotFoundError:
        raise _unreachable(source, path.name, "there is no such file", NoSuchMaster) from None
    except OSError as error:
        raise _unreachable(source, path.name, f"the file can't be opened ({error.strerror})") from None
    fetched = Fetched(
        source=source,
        where=path.name,
        binary=binary,
        dated=trading_day(datetime.fromtimestamp(found.st_mtime, UTC)),
        limit=limits.size,
    )
    if found.st_size > limits.size:
        fetched.close()
        raise fetched.refused(f"it is larger than {limits.size} bytes")
    return fetched


async def _downloaded(source: str, where: str, limits: FetchLimits) -> Fetched:
    timeout = httpx2.Timeout(limits.silence_seconds, connect=limits.connect_seconds)
    # Nothing of the environment: a proxy could hand out other lots.
    async with httpx2.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as client:
        try:
            url = httpx2.URL(where)
            for _ in range(_REDIRECTS + 1):
                async with client.stream("GET", url) as answer:
                    if answer.status_code in _REDIRECT_STATUSES:
                        url = _led(source, url, answer)
                        continue
                    return await _saved(source, answer, limits)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _unreachable(source, _shown(where), f"it can't be fetched ({type(error).__name__})") from None
    raise MasterRefused(source, f"{_shown(where)}: it redirects more than {_REDIRECTS} times")


def _led(source: str, url: httpx2.URL, answer: httpx2.Response) -> httpx2.URL:
    following = url.join(answer.headers.get("location", ""))
    if (following.scheme, following.host, following.port) != (url.scheme, url.host, url.port):
        raise MasterRefused(source, f"{_shown(str(url))}: it redirects to another place, {following.host}")
    return following


async def _saved(source: str, answer: httpx2.Response, limits: FetchLimits) -> Fetched:
    where = _shown(str(answer.url))
    if answer.status_code == _NOT_FOUND:
        raise _unreachable(source, where, "there is no such file (HTTP 404)", NoSuchMaster)
    if answer.status_code != _OK:
        raise _unreachable(source, where, f"HTTP {answer.status_code}")
    binary = tempfile.TemporaryFile()  # noqa: SIM115  (whoever asked for the file closes it)
    fetched = Fetched(source=source, where=where, binary=binary, dated=_dated(answer), limit=limits.size)
    try:
        await _save(answer, fetched)
    except BaseException:
        fetched.close()
        raise
    return fetched


async def _save(answer: httpx2.Response, fetched: Fetched) -> None:
    size = 0
    async for chunk in answer.aiter_bytes(1 << 16):
        size += len(chunk)
        if size > fetched.limit:
            raise fetched.refused(f"it is larger than {fetched.limit} bytes")
        fetched.binary.write(chunk)


def _dated(answer: httpx2.Response) -> date | None:
    try:
        moment = parsedate_to_datetime(answer.headers["last-modified"])
    except (KeyError, ValueError):
        return None
    return trading_day(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _shown(where: str) -> str:
    """A URL without what may be secret in it: credentials and the query."""
    try:
        url = httpx2.URL(where)
    except httpx2.InvalidURL:
        return "the URL"
    return f"{url.scheme}://{url.host}{'' if url.port is None else f':{url.port}'}{url.path}"


def _unreachable(source: str, where: str, reason: str, kind: type[Unavailable] = Unavailable) -> Unavailable:
    return kind(
        ErrorCode.BROKER_UNAVAILABLE,
        f"The {source} master at {where} did not come: {reason}. The instruments that were loaded before stay.",
        broker_id=source,
    )
