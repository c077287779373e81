"""The hash chain of a trail: each line holds the digest of the line before it, and its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import orjson

_LINE: Final = re.compile(
    rb'(?P<body>\{"seq":(?P<seq>[1-9][0-9]{0,17}),.*,"prev":"(?P<prev>[0-9a-f]{64})"),"hash":"(?P<hash>[0-9a-f]{64})"\}',
    re.DOTALL,
)
_TAIL_BYTES: Final = 1 << 20
HEAD_BYTES: Final = 256
"""How long a record of a head is, whatever it says: it is overwritten in place."""


class Link(NamedTuple):
    """A place in a chain: the number of its line, from 1, and the digest of that line (SHA-256, hexadecimal)."""

    seq: int
    digest: str


GENESIS: Final = Link(seq=0, digest="0" * 64)
"""Where a chain begins: before its first line."""


class Head(NamedTuple):
    """What the record beside a chain says: where the chain ends, and after which link what is kept of it begins."""

    last: Link
    base: Link = GENESIS

    def to_bytes(self) -> bytes:
        """Always of one size, so that it is overwritten in place, in one write."""
        last, base = self.last, self.base
        told = f'{{"seq":{last.seq},"hash":"{last.digest}","base_seq":{base.seq},"base_hash":"{base.digest}"}}'
        return told.ljust(HEAD_BYTES - 1).encode() + b"\n"

    @classmethod
    def of(cls, text: bytes) -> Head | None:
        """The record as it was written; `None` for anything else."""
        try:
            told = orjson.loads(text)
            return cls(
                last=Link(seq=int(told["seq"]), digest=str(told["hash"])),
                base=Link(seq=int(told["base_seq"]), digest=str(told["base_hash"])),
            )
        except (ValueError, KeyError, TypeError):
            return None


def linked(fields: Mapping[str, object], after: Link) -> tuple[bytes, Link]:
    """The next line of a chain, with its line feed, and where the chain then ends."""
    seq = after.seq + 1
    body = orjson.dumps({"seq": seq, **fields, "prev": after.digest})[:-1]
    digest = sha256(body).hexdigest()
    return b'%b,"hash":"%b"}\n' % (body, digest.encode()), Link(seq, digest)


def read_link(line: bytes) -> tuple[Link, str] | None:
    """The place of a line without its line feed, and the digest that it says is before it; `None` for a line that is
    not as it was written.
    """
    found = _LINE.fullmatch(line)
    if found is None or sha256(found["body"]).hexdigest().encode() != found["hash"]:
        return None
    return Link(seq=int(found["seq"]), digest=found["hash"].decode()), found["prev"].decode()


def facts_of(line: bytes) -> dict[str, object]:
    """What a line says; nothing for one that says nothing."""
    try:
        told = orjson.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def tail_of(path: Path) -> tuple[bytes | None, bytes]:
    """The last whole line of a file, without its line feed, and what stands unfinished behind it."""
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - _TAIL_BYTES))
        *whole, unfinished = file.read(min(size, _TAIL_BYTES)).split(b"\n")
    return (whole[-1] if whole else None), unfinished


def lines_of(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """Each line of a file: its number from 1, its bytes without the line feed, and whether it had one."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            yield number, raw.removesuffix(b"\n"), raw.endswith(b"\n")
