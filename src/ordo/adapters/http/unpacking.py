"""Unpacks an answer's body, never to more than it may have."""

from __future__ import annotations

import zlib
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS


def unpacked(body: bytes, coding: str, size: int) -> bytes:
    """Raises ValueError for what is packed in an unknown way or badly, is cut, or is larger than `size` bytes."""
    match coding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflated(body, _GZIP, size)
        case "deflate":
            # The word means zlib's format; some hosts leave its two bytes of head out.
            plain = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and not int.from_bytes(body[:2], "big") % 31
            return _inflated(body, zlib.MAX_WBITS if plain else -zlib.MAX_WBITS, size)
        case _:
            raise ValueError("it is packed in a way that nobody asked for")


def _inflated(body: bytes, window: int, size: int) -> bytes:
    if not body:
        return body
    machine = zlib.decompressobj(window)
    try:
        found = machine.decompress(body, size + 1)
    except zlib.error:
        raise ValueError("it is packed badly") from None
    if len(found) > size:
        raise ValueError(f"it is larger than {size} bytes")
    if not machine.eof or machine.unused_data:
        raise ValueError("it is packed badly")
    return found
