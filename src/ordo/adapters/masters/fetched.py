"""A master file that has arrived, of which neither size nor kind is trusted."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Final, cast

from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.master_rows import MasterRefused

_GZIP: Final = b"\x1f\x8b"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_BOM: Final = b"\xef\xbb\xbf"
_SNIFFED: Final = 1024


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


def unreachable(source: str, where: str, reason: str, kind: type[Unavailable] = Unavailable) -> Unavailable:
    """What to raise where a master did not come."""
    return kind(
        ErrorCode.BROKER_UNAVAILABLE,
        f"The {source} master at {where} did not come: {reason}. The instruments that were loaded before stay.",
        broker_id=source,
    )
