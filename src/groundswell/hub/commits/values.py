"""What commits are told and asked in."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.values import Arrival

REGULAR_BYTES_MAX: Final = 10 * 1024 * 1024
"""Larger files go the way of large files: in git they would weigh on every clone for ever."""


class UploadMode(enum.StrEnum):
    """How a file shall be sent. The values are the words of the Hub API."""

    REGULAR = "regular"
    LFS = "lfs"


@dataclass(frozen=True, slots=True)
class PreuploadFile:
    """A file that a client is about to send. ``sample`` is its beginning."""

    path: str
    sample: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PreuploadMode:
    """How to send it. ``oid`` is of the content committed at that path now: sha256 for large
    files, git's blob id for regular ones; None when there is none.
    """

    path: str
    mode: UploadMode
    should_ignore: bool
    oid: str | None


@dataclass(frozen=True, slots=True)
class Committed:
    """The head after a commit; unchanged when the commit changed nothing. ``arrival`` is what it
    took to bring its large files; None when it has none.
    """

    commit: str
    pull_request_number: int | None = None
    arrival: Arrival | None = None


_LEFT_OUT: Final = (None, None, None, None, None, (), False)


@dataclass(frozen=True, slots=True)
class RefChange:
    """A ref, by its full name, that moved; None stands for not being there. ``merges`` is the
    number of the pull request that comes in by it, ``syncs`` that of the upstream's repository,
    ``overrides`` what rules object to and an admin passes over. ``brings_main``: the hub merged
    main into a pull request, nobody wrote anything.
    """

    name: str
    old: str | None
    new: str | None
    merges: int | None = None
    syncs: int | None = None
    overrides: tuple[str, ...] = ()
    brings_main: bool = False

    def to_list(self) -> list[Any]:
        """As a note keeps it."""
        more = [list(self.overrides), self.brings_main]
        return [self.name, self.old, self.new, self.merges, self.syncs, *more]

    @classmethod
    def from_list(cls, kept: Sequence[Any]) -> RefChange:
        """From a note; one of an older hub says less."""
        told: list[Any] = [*kept, *_LEFT_OUT[len(kept) :]]
        name, old, new, merges, syncs, overrides, brings_main = told
        return cls(name, old, new, merges, syncs, tuple(overrides), brings_main)
