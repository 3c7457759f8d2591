"""What a commit says and a tree holds, and how its bytes are had."""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AddRegular:
    """Put a small file into the tree; its bytes live in git."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class AddBlob:
    """Put a pointer to a blob into the tree. ``size_bytes`` is None when the client left it out."""

    path: str
    sha256: str
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CopyEntry:
    """Put the entry of another path (same commit or another revision) at ``path``."""

    path: str
    source_path: str
    source_revision: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteEntry:
    """Remove a file, or a folder with everything in it. ``folder`` when the client said so."""

    path: str
    folder: bool = False


Operation = AddRegular | AddBlob | CopyEntry | DeleteEntry


@dataclass(frozen=True, slots=True)
class CommitHeader:
    """What a commit says of itself."""

    summary: str
    description: str = ""
    parent_commit: str | None = None


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a git-lfs pointer names."""

    sha256: str
    size_bytes: int


class EntryKind(enum.StrEnum):
    """What stands at a path of a tree."""

    FILE = "file"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a tree.

    ``oid`` is git's own id of the blob (of the pointer, for large files) or tree.
    ``size_bytes`` is the size of the content: for large files, of what the pointer names.
    ``pointer_size_bytes`` is the size of the pointer text in git.
    """

    kind: EntryKind
    path: str
    oid: str
    size_bytes: int = 0
    pointer: Pointer | None = None
    pointer_size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """Chunks ``[chunk_start, chunk_stop)`` of a xorb, ``raw_size_bytes`` long when decoded.

    ``xorb_hash`` is the hash's hexadecimal form (Xet protocol, hash strings).
    """

    xorb_hash: str
    chunk_start: int
    chunk_stop: int
    raw_size_bytes: int


@dataclass(frozen=True, slots=True)
class BytesPlan:
    """The whole content, small and at hand."""

    content: bytes


@dataclass(frozen=True, slots=True)
class RecipePlan:
    """Content that is decoded from xorbs, term by term."""

    terms: tuple[Term, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class RecordsPlan:
    """The chunk records of a xorb as they are stored, for a client that decodes them itself."""

    xorb_hash: str
    size_bytes: int


DownloadPlan = BytesPlan | RecipePlan | RecordsPlan
