"""Seals what must not be read from a store: broker tokens, with AES-256-GCM under the deployer's master keys."""

from __future__ import annotations

import base64
import hashlib
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from ordo.domain.sessions import Secret

_SEALED = re.compile(r"v1\.([0-9a-f]{16})\.([A-Za-z0-9_-]+={0,2})")
_KEY_BYTES = 32
_NONCE_BYTES = 12


def generate_master_key() -> Secret:
    """A new random master key: 32 bytes in base64url, without padding."""
    return Secret(base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode().rstrip("="))


class Sealer:
    """Seals and opens texts, each bound to the place that it is stored in.

    The first master key seals, all of them open: put a new key in front, and drop the old one when everything
    is sealed anew. `place` is authenticated but not hidden, so that a sealed text that was copied to another
    row or column does not open there.

    The sealed form is `v1.<key id>.<base64url of nonce and ciphertext>`; the key id is a digest that tells
    keys apart and nothing about them.
    """

    def __init__(self, master_keys: tuple[Secret, ...]) -> None:
        if not master_keys:
            raise Invalid.field("ORDO_MASTER_KEYS", "needs at least one key", code=ErrorCode.VALIDATION_ERROR)
        keys = [_key_bytes(key, number) for number, key in enumerate(master_keys, start=1)]
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._sealing_id = _key_id(keys[0])

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys; the first seals."""
        return tuple(self._ciphers)

    def seal(self, secret: Secret, *, place: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._sealing_id].encrypt(nonce, secret.reveal().encode(), place.encode())
        return f"v1.{self._sealing_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, place: str) -> Secret:
        """Raises `Unavailable` (`STORE_UNAVAILABLE`) when no master key fits or the text is not what was sealed
        for this place.
        """
        parts = _SEALED.fullmatch(sealed)
        if parts is None:
            raise _unreadable(place, "it is in no form that this version of Ordo seals")
        key_id, body = parts.groups()
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise _unreadable(
                place, f"the master key {key_id} that sealed it is not among ORDO_MASTER_KEYS; put it back there"
            )
        try:
            data = base64.urlsafe_b64decode(body)
            text = cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], place.encode()).decode()
        except (ValueError, InvalidTag):
            raise _unreadable(place, "it was altered, or copied here from another place") from None
        return Secret(text)


def key_id_of(sealed: str) -> str:
    """The id of the key that sealed a text; a word that is no id where it is no sealed text of this version."""
    parts = _SEALED.fullmatch(sealed)
    return "unreadable" if parts is None else parts[1]


def _key_bytes(key: Secret, number: int) -> bytes:
    text = key.reveal()
    try:
        material = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        material = b""
    if len(material) != _KEY_BYTES:
        raise Invalid.field(
            "ORDO_MASTER_KEYS",
            f"key number {number} must be {_KEY_BYTES} bytes in base64url (43 characters)",
            code=ErrorCode.VALIDATION_ERROR,
        )
    return material


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"ordo master key id" + key).hexdigest()[:16]


def _unreadable(place: str, reason: str) -> Unavailable:
    return Unavailable(
        ErrorCode.STORE_UNAVAILABLE,
        f"The stored secret {place} can't be opened: {reason}. Nothing was sent by this call. If that can't be mended,"
        " log in again, which replaces it.",
    )
