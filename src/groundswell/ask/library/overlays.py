"""Overlays: datasets with what somebody says of the edges of packs.

Knows how one is read. Does not know rights: whoever found the dataset did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from groundswell.ask.library.values import PackRef
from groundswell.core.errors import BadRequest, EntryNotFound, Malformed
from groundswell.core.recent import Recent
from groundswell.core.values import Principal
from groundswell.hub.content import Content
from groundswell.wire.corrections import (
    CORRECTIONS,
    CORRECTIONS_BYTES_MAX,
    Correction,
    unpack_corrections,
)

OWN_NAME: Final = "corrections"
_KEPT: Final = 64


def own_overlay(principal: Principal) -> str:
    """Where somebody's own corrections lie as long as they name no other place."""
    return f"{principal.name}/{OWN_NAME}"


class OverlayFiles:
    """Reads overlays. Thread-safe."""

    def __init__(self, content: Content) -> None:
        self._content = content
        # Of commits, which do not change. A text says why one is no overlay.
        self._known: Recent[tuple[int, str], tuple[Correction, ...] | str] = Recent(_KEPT)

    def read(self, ref: PackRef) -> tuple[str, Sequence[Correction]]:
        """``namespace/name@commit`` and its corrections. Raises BadRequest: it is no overlay."""
        key = (ref.repository.id, ref.commit)
        known = self._known.get(key)
        if known is None:
            known = self._known.put(key, self._read(ref))
        if isinstance(known, str):
            raise BadRequest(known)
        return f"{ref.name}@{ref.commit}", known

    def _read(self, ref: PackRef) -> tuple[Correction, ...] | str:
        try:
            located = self._content.locate(ref.repository, ref.commit, CORRECTIONS)
        except EntryNotFound:
            return f"{ref.name} holds no corrections: it has no {CORRECTIONS}."
        size_bytes = min(located.entry.size_bytes, CORRECTIONS_BYTES_MAX + 1)
        try:
            data = self._content.read_range(located, 0, size_bytes)
            return tuple(unpack_corrections(data))
        except Malformed as error:
            return f"{ref.name} holds no corrections: {error.message}."
