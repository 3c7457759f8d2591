"""Secrets that the hub makes: tokens, cookies, device and user codes, first passwords.

Knows their shapes and how they are kept: only a sha256 ever reaches the database. That is enough,
since each carries more than 128 random bits.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from typing import Final

TOKEN_PREFIX: Final = "hf_"  # noqa: S105 - what clients and leak scanners know a token by
_RANDOM_LETTERS: Final = 28  # 159 bits
_CHECK_LETTERS: Final = 6
_TOKEN: Final = re.compile(r"hf_([A-Za-z]{28})([A-Za-z]{6})", re.ASCII)
_ANY_TOKEN: Final = re.compile(r"hf_[A-Za-z0-9]{30,200}", re.ASCII)

# RFC 8628, 6.1: no vowels, so no words; no digits, so no look-alikes.
USER_CODE_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_LENGTH: Final = 8


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_token_value() -> str:
    """``hf_`` and 34 letters, the last six of them a checksum of the others.

    Leak scanners that know the prefix find it, and the checksum tells it from an example.
    """
    body = "".join(secrets.choice(string.ascii_letters) for _ in range(_RANDOM_LETTERS))
    return f"{TOKEN_PREFIX}{body}{_check(body)}"


def is_token_shaped(text: str) -> bool:
    """Whether a hub of this kind could have made the token: shape and checksum."""
    match = _TOKEN.fullmatch(text)
    return match is not None and _check(match[1]) == match[2]


def looks_like_token(text: str) -> bool:
    """Whether a token of any hub is meant, also of one whose tokens end without our checksum."""
    return _ANY_TOKEN.fullmatch(text) is not None


def _check(body: str) -> str:
    number = zlib.crc32(body.encode("ascii"))
    letters = []
    for _ in range(_CHECK_LETTERS):
        number, place = divmod(number, len(string.ascii_letters))
        letters.append(string.ascii_letters[place])
    return "".join(letters)


def new_cookie() -> str:
    """The value of a session's cookie: 32 random bytes."""
    return secrets.token_urlsafe(32)


def new_device_code() -> str:
    """What only the device knows: 32 random bytes."""
    return secrets.token_urlsafe(32)


def new_user_code() -> str:
    """What a person types, without its hyphen."""
    return "".join(secrets.choice(USER_CODE_LETTERS) for _ in range(USER_CODE_LENGTH))


def shown_user_code(code: str) -> str:
    """The user code as it is shown: two groups of four."""
    return f"{code[:4]}-{code[4:]}"


def typed_user_code(text: str) -> str:
    """The user code that somebody typed, however they wrote it."""
    return "".join(letter for letter in text.upper()[:64] if letter.isalpha())


def new_password() -> str:
    """A first password to hand over: 20 letters and digits."""
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(20))


def new_public_id() -> str:
    """24 hexadecimal digits."""
    return secrets.token_hex(12)
