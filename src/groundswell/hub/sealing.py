"""Sealed texts: secrets that the hub has to use again, unreadable in a copy of its database.

Knows keys and purposes. Does not know what is sealed. Whoever has the database without the folder
``keys/`` has nothing; a sealed text opens only for the purpose and the row that it was sealed for.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from groundswell.core.errors import Corrupt

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_FORM: Final = b"\x01"
_NONCE_BYTES: Final = 12


class Sealer:
    """Seals with the first key and opens what any of the keys sealed."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        assert keys, "a sealer has at least one key"
        self._keys = tuple(keys)

    def seal(self, purpose: str, row: str, text: str) -> bytes:
        """The text for the database. ``row`` names what it belongs to, and cannot be exchanged."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = _cipher(self._keys[0], purpose).encrypt(nonce, text.encode(), _bound(row))
        return _FORM + nonce + sealed

    def open(self, purpose: str, row: str, sealed: bytes) -> str:
        """The text.

        Raises:
            Corrupt: sealed by a key that is gone, for something else, or damaged.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - most starts need none

        if sealed[:1] == _FORM:
            nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
            for key in self._keys:
                try:
                    return _cipher(key, purpose).decrypt(nonce, rest, _bound(row)).decode()
                except (InvalidTag, ValueError):
                    continue
        msg = "A secret cannot be read any more: the key that it was sealed with is gone."
        raise Corrupt(msg)


def _cipher(key: bytes, purpose: str) -> ChaCha20Poly1305:
    from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415 - the same
        ChaCha20Poly1305,
    )

    derived = hmac.digest(key, b"groundswell sealing\0" + purpose.encode(), hashlib.sha256)
    return ChaCha20Poly1305(derived)


def _bound(row: str) -> bytes:
    return row.encode()
