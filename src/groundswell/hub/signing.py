"""Signed texts: rights that travel in a URL or token and come back unchanged, or not at all.

Knows keys, purposes and expiry. Does not know what a payload means, and never carries a secret:
whoever holds the text can read it. Everything that is signed is one canonical JSON text, so no
two different sets of fields share an input of the MAC.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from groundswell.core.errors import Forbidden

Clock = Callable[[], int]

_MICROSECONDS: Final = 1_000_000
_TEXT_LENGTH_MAX: Final = 8192
_REFUSED: Final = "This link or token is not valid, or no longer."


class Signer:
    """Signs with the first key and opens what any of the keys signed.

    ``clock`` gives microseconds since the epoch.
    """

    def __init__(self, keys: Sequence[bytes], clock: Clock) -> None:
        assert keys, "a signer has at least one key"
        self._keys = tuple(keys)
        self._clock = clock

    def sign(self, purpose: str, payload: Mapping[str, Any], ttl_seconds: int) -> str:
        """The payload as text of ``A-Za-z0-9_.-`` that ``open`` accepts for ``ttl_seconds``.

        A payload holds JSON values under names other than ``exp``. What was signed for one
        purpose does not open for another.
        """
        assert "exp" not in payload, "the expiry is the signer's"
        body = _encode(_canonical({**payload, "exp": self.now_seconds() + ttl_seconds}))
        return f"{body}.{_encode(_mac(self._keys[0], purpose, body))}"

    def open(self, purpose: str, text: str, leeway_seconds: int = 0) -> dict[str, Any]:
        """The payload, with ``exp`` (seconds since the epoch).

        Raises:
            Forbidden: changed, signed for something else or by nobody, or expired for longer than
                the leeway. Which of them is not said.
        """
        body, _, mac = text.partition(".")
        if len(text) > _TEXT_LENGTH_MAX or not self._is_signed(purpose, body, mac):
            raise Forbidden(_REFUSED)
        payload: dict[str, Any] = json.loads(_decode(body))
        if payload["exp"] + leeway_seconds < self.now_seconds():
            raise Forbidden(_REFUSED)
        return payload

    def now_seconds(self) -> int:
        """The present by the hub's clock, in whole seconds."""
        return self._clock() // _MICROSECONDS

    def _is_signed(self, purpose: str, body: str, mac: str) -> bool:
        try:
            found = _decode(mac)
        except (binascii.Error, ValueError):
            return False
        # A MAC has one spelling: base64 would forgive stray bits in the last digit.
        is_canonical = _encode(found) == mac
        matches = [hmac.compare_digest(found, _mac(key, purpose, body)) for key in self._keys]
        return is_canonical and any(matches)


def _canonical(value: object) -> bytes:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def _mac(key: bytes, purpose: str, body: str) -> bytes:
    return hmac.digest(key, _canonical(["groundswell", purpose, body]), hashlib.sha256)


def _encode(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
