"""From the operations of a commit to a tree.

First pass, as operations arrive: contents of small files go into git, everything is checked that
does not depend on the head. Second pass, on the head: the tree. So a stream of any length is held
as paths and ids only, and the second pass can run again on a newer head.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from groundswell.core.errors import (
    EntryNotFound,
    InvalidCommit,
    RevisionNotFound,
    TooLarge,
)
from groundswell.core.values import (
    AddBlob,
    AddRegular,
    CopyEntry,
    DeleteEntry,
    Operation,
    Pointer,
    check_path,
    check_sha256,
)
from groundswell.hub.blobs import Blobs
from groundswell.hub.commits.large_files import keep_attributes
from groundswell.hub.commits.values import REGULAR_BYTES_MAX
from groundswell.store.git import GitStore, Side, TreeEdit
from groundswell.store.git.values import MODE_EXECUTABLE, MODE_FILE, MODE_GITLINK, MODE_TREE
from groundswell.wire.git.pointers import parse_pointer, pointer_text

OPERATIONS_MAX: Final = 1_000_000
_NAMED_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class _Put:
    path: str
    oid: str


_Staged = _Put | AddBlob | CopyEntry | DeleteEntry


class Staging:
    """One commit on its way. Used by one thread."""

    def __init__(
        self, git: GitStore, blobs: Blobs, repository_id: int, account_id: int | None
    ) -> None:
        self._git = git
        self._blobs = blobs
        self._repository_id = repository_id
        self._account_id = account_id
        self._staged: list[_Staged] = []
        self._pointers: dict[str, str] = {}  # sha256 -> path
        self._oids: dict[Pointer, str] = {}

    @property
    def pointers(self) -> dict[str, str]:
        """The large files that the commit adds: sha256 to one of their paths."""
        return self._pointers

    def take(self, operations: Iterable[Operation]) -> None:
        """First pass.

        Raises:
            InvalidPath: a path that no repository may hold.
            TooLarge: a regular file, or the number of operations, above its limit.
            InvalidCommit: a large file whose content is not here.
        """
        for operation in operations:
            if len(self._staged) >= OPERATIONS_MAX:
                msg = f"A commit may touch at most {OPERATIONS_MAX} files."
                raise TooLarge(msg)
            self._staged.append(self._stage(operation))
        self._check_blobs()

    def _stage(self, operation: Operation) -> _Staged:
        match operation:
            case AddRegular(path, content):
                check_path(path)
                if len(content) > REGULAR_BYTES_MAX:
                    raise TooLarge(too_large_text(path, len(content)))
                pointer = parse_pointer(content)
                if pointer is not None:  # a pointer is the same claim, however it is sent
                    return self._stage(AddBlob(path, pointer.sha256, pointer.size_bytes))
                return _Put(path, self._git.write_blob(self._repository_id, content))
            case AddBlob(path, sha256):
                check_path(path)
                self._pointers.setdefault(check_sha256(sha256), path)
            case CopyEntry(path, source_path):
                check_path(path)
                check_path(source_path)
            case DeleteEntry(path):
                check_path(path.removesuffix("/"))
                return replace(operation, path=path.removesuffix("/"))
        return operation

    def _check_blobs(self) -> None:
        """See that every large file is here for this account, and learn sizes left out."""
        if not self._pointers:
            return
        held = self._blobs.claimed_or_linked(
            self._repository_id, self._account_id, list(self._pointers)
        )
        missing = [path for sha256, path in self._pointers.items() if sha256 not in held]
        if missing:
            named = ", ".join(repr(path[:200]) for path in missing[:_NAMED_MAX])
            more = f" and {len(missing) - _NAMED_MAX} more" if len(missing) > _NAMED_MAX else ""
            msg = f"The content of {named}{more} was not uploaded to this repository."
            raise InvalidCommit(msg)
        for index, each in enumerate(self._staged):
            if isinstance(each, AddBlob):
                size_bytes = held[each.sha256].size_bytes
                if each.size_bytes not in {None, size_bytes}:
                    msg = (
                        f"{each.path[:200]!r} is said to have {each.size_bytes} bytes; "
                        f"the content has {size_bytes}."
                    )
                    raise InvalidCommit(msg)
                self._staged[index] = replace(each, size_bytes=size_bytes)
        sizes = {sha256: blob.size_bytes for sha256, blob in held.items()}
        self._blobs.quotas.check(self._repository_id, self._account_id, sizes)

    def tree_on(self, head: str | None) -> str:
        """Second pass: the id of the tree that the operations make of the head's.

        Raises:
            InvalidCommit: a file where a folder is needed, or the other way round.
            EntryNotFound: nothing to delete or copy there.
            RevisionNotFound: a copy from a revision that does not exist.
        """
        edit = self._git.edit(self._repository_id, head)
        for each in self._staged:
            self._apply(edit, each, head)
        large = [each.path for each in self._staged if isinstance(each, AddBlob)]
        keep_attributes(self._git, self._repository_id, edit, large)
        return edit.write()

    def _apply(self, edit: TreeEdit, each: _Staged, head: str | None) -> None:
        match each:
            case _Put(path, oid):
                edit.put(path, Side(_mode_at(edit, path), oid))
            case AddBlob(path, sha256, size_bytes):
                assert size_bytes is not None
                edit.put(path, Side(MODE_FILE, self._pointer_oid(Pointer(sha256, size_bytes))))
            case CopyEntry(path, source_path, source_revision):
                edit.put(path, self._source(head, source_path, source_revision))
            case DeleteEntry(path):
                if not edit.remove(path):
                    raise EntryNotFound(path, head, "A file with this name doesn't exist")

    def _pointer_oid(self, pointer: Pointer) -> str:
        oid = self._oids.get(pointer)
        if oid is None:
            oid = self._git.write_blob(self._repository_id, pointer_text(pointer))
            self._oids[pointer] = oid
        return oid

    def _source(self, head: str | None, path: str, revision: str | None) -> Side:
        commit = head
        if revision is not None:
            commit = self._git.resolve(self._repository_id, revision)
            if commit is None:
                raise RevisionNotFound(revision)
        found = self._git.side_at(self._repository_id, commit, path) if commit else None
        if found is None or found.mode in {MODE_TREE, MODE_GITLINK}:
            raise EntryNotFound(path, commit)
        return found


def _mode_at(edit: TreeEdit, path: str) -> int:
    """A file that was executable stays so when its content changes."""
    there = edit.find(path)
    return MODE_EXECUTABLE if there and there.mode == MODE_EXECUTABLE else MODE_FILE


def too_large_text(path: str, size_bytes: int) -> str:
    """What somebody reads who sends a large file as a small one, and what to do."""
    return (
        f"{path[:200]!r} has {size_bytes} bytes; files over {REGULAR_BYTES_MAX} bytes are kept as "
        'large files. With git: `git lfs install`, `git lfs track "<pattern>"`, '
        '`git lfs migrate import --include="<pattern>"`, then push again. '
        "With the Hub client: upload it as it is; the client sends large files by itself."
    )
