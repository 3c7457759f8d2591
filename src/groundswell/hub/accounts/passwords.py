"""Passwords: argon2id with bounded memory, and patience with those who guess.

Knows how a password is hashed and how often one may try. Does not know accounts.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

import argon2

from groundswell.core.errors import (
    BadRequest,
    InvalidCredentials,
    NotFound,
    TooManyRequests,
)

PASSWORD_LENGTH_MIN: Final = 8
PASSWORD_LENGTH_MAX: Final = 1024
MEMORY_KIB: Final = 32 * 1024
TIME_COST: Final = 3
AT_ONCE_MAX: Final = 4  # times MEMORY_KIB: what guessing can make the hub use
WAIT_SECONDS: Final = 10.0


class Passwords:
    """Hashes and checks. The parameters are arguments so that tests need not wait."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, time_cost: int = TIME_COST) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=1
        )
        self._slots = threading.BoundedSemaphore(AT_ONCE_MAX)
        # Checked when there is no such user, so that the answer takes the same time.
        self._nobody: Final = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The text to keep: algorithm, parameters, salt and hash."""
        with self._slot():
            return self._hasher.hash(password)

    def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; None (no such user, or none set) takes as long and is not."""
        if len(password) > PASSWORD_LENGTH_MAX:
            return False
        with self._slot():
            try:
                self._hasher.verify(kept or self._nobody, password)
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False
        return kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether the parameters have changed since: hash again at the next sign-in."""
        return self._hasher.check_needs_rehash(kept)

    @contextlib.contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise TooManyRequests
        try:
            yield
        finally:
            self._slots.release()


def check_password(password: str, name: str) -> str:
    """The same password, when somebody may choose it.

    Raises:
        BadRequest: with the rule.
    """
    if len(password) < PASSWORD_LENGTH_MIN:
        msg = f"A password has at least {PASSWORD_LENGTH_MIN} characters."
        raise BadRequest(msg)
    if len(password) > PASSWORD_LENGTH_MAX:
        msg = f"A password has at most {PASSWORD_LENGTH_MAX} characters."
        raise BadRequest(msg)
    if password.lower() == name.lower() or len(set(password)) < 3:
        msg = "This password is too easy to guess."
        raise BadRequest(msg)
    return password


FREE_FAILURES: Final = 5
FREE_FAILURES_OF_PEER: Final = 50
DELAY_SECONDS_MAX: Final = 900.0
KEYS_MAX: Final = 20_000
_STRIPES: Final = 64


class Patience:
    """How long whoever failed must wait: doubling after a few failures. In memory, bounded.

    Tries under the same key go one after the other, so that many at once count as many.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(_STRIPES)]

    @contextlib.contextmanager
    def attempt(self, who: str, peer: str) -> Iterator[None]:
        """One try: it failed when it raises InvalidCredentials or NotFound.

        Raises:
            TooManyRequests: too soon after the failures before. Nothing may be checked.
        """
        key, peer_key = (who, peer), ("", peer)
        self._check(key, FREE_FAILURES)
        with self._stripes[hash(key) % _STRIPES]:
            self._check(key, FREE_FAILURES)
            if peer:
                self._check(peer_key, FREE_FAILURES_OF_PEER)
            try:
                yield
            except (InvalidCredentials, NotFound):
                self._count(key)
                if peer:
                    self._count(peer_key)
                raise
            self._forget(key)

    def _check(self, key: tuple[str, str], free: int) -> None:
        with self._lock:
            failures, last = self._failures.get(key, (0, 0.0))
        if failures < free:
            return
        delay_seconds = min(DELAY_SECONDS_MAX, 2.0 ** min(failures - free + 1, 20))
        left_seconds = last + delay_seconds - self._monotonic()
        if left_seconds > 0:
            msg = "Too many failed attempts. Wait before the next."
            raise TooManyRequests(msg, retry_after_seconds=int(left_seconds) + 1)

    def _count(self, key: tuple[str, str]) -> None:
        with self._lock:
            now = self._monotonic()
            failures, last = self._failures.pop(key, (0, now))
            if now - last > 2 * DELAY_SECONDS_MAX:
                failures = 0
            self._failures[key] = (failures + 1, now)
            while len(self._failures) > KEYS_MAX:
                self._failures.popitem(last=False)

    def _forget(self, key: tuple[str, str]) -> None:
        with self._lock:
            self._failures.pop(key, None)
