"""What sources of packs give: documents, and the bytes of one or why there are none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a source; ``aliases`` are other names that lead to it."""

    path: str
    fingerprint: str
    size_bytes: int
    aliases: tuple[str, ...] = ()


# A document's path, and its bytes; or why they cannot be read.
Read = tuple[str, bytes | str]
