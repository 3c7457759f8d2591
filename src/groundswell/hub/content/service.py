"""The use cases of reading."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

from groundswell.core.errors import (
    BadRequest,
    BlobNotFound,
    EntryNotFound,
    RevisionNotFound,
)
from groundswell.core.recent import Recent
from groundswell.core.values import (
    BytesPlan,
    Entry,
    EntryKind,
    Pointer,
    RecipePlan,
    is_commit_id,
)
from groundswell.hub.blobs import Blobs
from groundswell.hub.content.siblings import Siblings
from groundswell.hub.content.values import CommitDetail, Located, LogPage, TreeItem, TreePage
from groundswell.hub.content.weights import Weights
from groundswell.hub.repos import Repository
from groundswell.store.git import CommitDiff, CommitSummary, GitStore
from groundswell.wire.git.pointers import pointer_text

PAGE_MAX: Final = 100_000
PATHS_MAX: Final = 2_000
LOG_MAX: Final = 1_000
_LOCATED_BYTES_MAX: Final = 32 << 20
_LOCATED_BYTES: Final = 1_500  # what one takes, besides its terms or bytes
_TERM_BYTES: Final = 250


class Content:
    """Everything that reads files and history of a repository."""

    def __init__(self, git: GitStore, blobs: Blobs) -> None:
        self._git = git
        self._blobs = blobs
        self.siblings = Siblings(git)
        self._located: Recent[tuple[int, int, str, str], Located] = Recent(
            _LOCATED_BYTES_MAX, _memory_bytes
        )

    def resolve_revision(self, repository: Repository, revision: str) -> str:
        """The commit that a branch, tag, ref, full or short id means.

        Raises:
            RevisionNotFound: none.
        """
        commit = self._git.resolve(repository.id, revision)
        if commit is None:
            raise RevisionNotFound(revision)
        return commit

    # --- files --------------------------------------------------------------------------------

    def locate(self, repository: Repository, revision: str, path: str) -> Located:
        """The file and how to send it. A commit never changes, so answers are kept, as long as the
        row that was found for the asker says that the contents are still held and read so.

        Raises:
            RevisionNotFound: no such revision.
            EntryNotFound: no such file there; it carries the commit.
            Corrupt: git's object is broken.
        """
        commit = self.resolve_revision(repository, revision)
        key = (repository.id, repository.plans, commit, path)
        known = self._located.get(key)
        if known is not None:
            return known
        entry = self._file(repository, commit, path)
        return self._located.put(key, self._plan(repository, commit, entry))

    def _file(self, repository: Repository, commit: str, path: str) -> Entry:
        entry = self._git.entry(repository.id, commit, path) if path else None
        if entry is None or entry.kind is not EntryKind.FILE:
            raise EntryNotFound(path, commit)
        return entry

    def _plan(self, repository: Repository, commit: str, entry: Entry) -> Located:
        if entry.pointer is None:
            plan = BytesPlan(self._git.blob(repository.id, entry.oid))
            return Located(commit, entry, plan, entry.oid)
        sha256 = entry.pointer.sha256
        try:
            recipe = self._blobs.plan(repository.id, sha256)
        except BlobNotFound as error:
            msg = f'The content of "{entry.path[:200]}" is not on this hub.'
            raise EntryNotFound(entry.path, commit, msg) from error
        file_hash = self._blobs.file_hashes(repository.id, [sha256]).get(sha256)
        return Located(commit, entry, recipe, sha256, file_hash)

    def raw(self, repository: Repository, revision: str, path: str) -> Located:
        """The file as it stands in git: the text of the pointer for large files.

        Raises:
            RevisionNotFound, EntryNotFound: as ``locate``.
        """
        commit = self.resolve_revision(repository, revision)
        entry = self._file(repository, commit, path)
        return Located(
            commit, entry, BytesPlan(self._git.blob(repository.id, entry.oid)), entry.oid
        )

    def pointer_text(self, pointer: Pointer) -> bytes:
        """The text that stands in git for a large file."""
        return pointer_text(pointer)

    # --- trees --------------------------------------------------------------------------------

    def tree(
        self,
        repository: Repository,
        revision: str,
        path: str = "",
        *,
        recursive: bool = False,
        expand: bool = False,
        limit: int = 1_000,
        cursor: str | None = None,
    ) -> TreePage:
        """A page of a folder's entries, folders before their content.

        A cursor keeps to the commit of the first page. ``expand`` adds each entry's last commit.

        Raises:
            RevisionNotFound: no such revision.
            EntryNotFound: no such folder there.
            BadRequest: a cursor that no page gave.
        """
        after = ""
        if cursor is None:
            commit = self.resolve_revision(repository, revision)
        else:
            commit, after = _open_cursor(cursor)
            commit = self.resolve_revision(repository, commit)
        limit = max(1, min(limit, PAGE_MAX))
        if after and path and not after.startswith(f"{path}/"):
            raise BadRequest(_BAD_CURSOR)
        entries = self._git.entries(
            repository.id, commit, path, recursive=recursive, after=after, limit=limit + 1
        )
        if entries is None:
            raise EntryNotFound(path, commit)
        more = len(entries) > limit
        entries = entries[:limit]
        items = self._items(repository, commit, entries, expand=expand)
        return TreePage(commit, items, _cursor(commit, entries[-1].path) if more else None)

    def paths_info(
        self, repository: Repository, revision: str, paths: Sequence[str], *, expand: bool = False
    ) -> tuple[TreeItem, ...]:
        """The entries at these paths; missing ones are left out.

        Raises:
            RevisionNotFound: no such revision.
            BadRequest: more than ``PATHS_MAX`` paths.
        """
        if len(paths) > PATHS_MAX:
            msg = f"At most {PATHS_MAX} paths at a time."
            raise BadRequest(msg)
        commit = self.resolve_revision(repository, revision)
        wanted = dict.fromkeys(path.strip("/") for path in paths)
        found = (self._git.entry(repository.id, commit, path) for path in wanted if path)
        entries = [entry for entry in found if entry is not None]
        return self._items(repository, commit, entries, expand=expand)

    def _items(
        self, repository: Repository, commit: str, entries: Sequence[Entry], *, expand: bool
    ) -> tuple[TreeItem, ...]:
        sha256s = [entry.pointer.sha256 for entry in entries if entry.pointer is not None]
        hashes = self._blobs.file_hashes(repository.id, sha256s) if sha256s else {}
        last: dict[str, CommitSummary] = {}
        if expand:
            paths = [entry.path for entry in entries]
            last = self._git.last_commits(repository.id, commit, paths)
        return tuple(
            TreeItem(
                entry,
                hashes.get(entry.pointer.sha256) if entry.pointer is not None else None,
                last.get(entry.path),
            )
            for entry in entries
        )

    # --- history ------------------------------------------------------------------------------

    def log(
        self, repository: Repository, revision: str, *, limit: int = 50, page: int = 0
    ) -> LogPage:
        """A page of the history, newest first, and how many commits there are.

        Raises:
            RevisionNotFound: no such revision.
        """
        commit = self.resolve_revision(repository, revision)
        limit = max(1, min(limit, LOG_MAX))
        total = self._git.count_commits(repository.id, commit)
        if page * limit >= total:
            return LogPage((), total)
        commits = self._git.log(repository.id, commit, skip=page * limit, limit=limit)
        return LogPage(tuple(commits), total)

    def path_log(
        self, repository: Repository, revision: str, path: str, *, limit: int = 50, page: int = 0
    ) -> tuple[CommitSummary, ...]:
        """A page of the commits that changed a file or folder, newest first.

        Raises:
            RevisionNotFound: no such revision.
            Unavailable: the history is too long to look through now.
        """
        commit = self.resolve_revision(repository, revision)
        limit = max(1, min(limit, LOG_MAX))
        return tuple(
            self._git.log(repository.id, commit, skip=page * limit, limit=limit, path=path)
        )

    def commit_detail(self, repository: Repository, revision: str) -> CommitDetail:
        """A commit with its diff against its first parent, bounded in files and bytes.

        Raises:
            RevisionNotFound: no such revision.
        """
        commit = self.resolve_revision(repository, revision)
        summary = self._git.commit_summary(repository.id, commit)
        return CommitDetail(summary, self._git.diff(repository.id, commit))

    def compare(self, repository: Repository, old: str | None, new: str) -> CommitDiff:
        """What differs between two commits (ids; None: nothing), bounded in files and bytes."""
        return self._git.diff_between(repository.id, old, new)

    # --- weights ------------------------------------------------------------------------------

    def read_range(self, located: Located, start: int, stop: int) -> bytes:
        """Bytes [start, stop) of a located file, cut at its end. For small ranges only."""
        if isinstance(located.plan, BytesPlan):
            return located.plan.content[start:stop]
        stop = min(stop, located.plan.size_bytes)
        if start >= stop:
            return b""
        return b"".join(self._blobs.open_content(located.plan, start, stop))

    def safetensors_metadata(
        self, repository: Repository, revision: str, path: str
    ) -> dict[str, Any]:
        """The headers of a safetensors file, or of every file that an index names.

        Raises:
            RevisionNotFound, EntryNotFound: as ``locate``.
            Malformed, TooLarge: as ``Weights.metadata``.
        """
        commit = self.resolve_revision(repository, revision)
        weights = Weights(
            lambda file: self.locate(repository, commit, file).entry.size_bytes,
            lambda file, start, stop: self.read_range(
                self.locate(repository, commit, file), start, stop
            ),
        )
        return weights.metadata(path)


def _memory_bytes(located: Located) -> int:
    """About how much memory keeping it takes."""
    plan = located.plan
    if isinstance(plan, BytesPlan):
        return _LOCATED_BYTES + len(plan.content)
    terms = len(plan.terms) if isinstance(plan, RecipePlan) else 0
    return _LOCATED_BYTES + terms * _TERM_BYTES


_BAD_CURSOR: Final = "This cursor belongs to another list."


def _cursor(commit: str, path: str) -> str:
    return base64.urlsafe_b64encode(f"{commit}:{path}".encode()).decode("ascii").rstrip("=")


def _open_cursor(cursor: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(
            cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise BadRequest(_BAD_CURSOR) from error
    commit, _, path = text.partition(":")
    if not is_commit_id(commit) or not path:
        raise BadRequest(_BAD_CURSOR)
    return commit, path
