"""What a pack of the hub is before it is opened: who found it, and what it says of itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from groundswell.core.errors import BadRequest, Corrupt
from groundswell.hub.repos import Repository
from groundswell.wire.packs import Counts


@dataclass(frozen=True, slots=True)
class PackRef:
    """A pack that somebody may read: the repository and the commit, found for them."""

    repository: Repository
    commit: str

    @property
    def name(self) -> str:
        """``namespace/name``."""
        return self.repository.full_name


@dataclass(frozen=True, slots=True)
class Summary:
    """What people are told of a pack before they ask it; ``analyser`` is what its words are cut by:
    packs of one analyser can be asked together.
    """

    title: str
    languages: tuple[str, ...]
    licence: str
    counts: Counts
    analyser: str


@contextlib.contextmanager
def whole(name: str) -> Iterator[None]:
    """While a pack is read whose files have been checked against their hashes: what does not fit
    then was written so, by whoever made the pack. Turns Corrupt into BadRequest.
    """
    try:
        yield
    except Corrupt as error:
        raise BadRequest(f"The pack {name} is broken: {error.message}") from error
