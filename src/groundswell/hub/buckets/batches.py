"""One batch of operations on a bucket's files: one transaction, and what became of each.

Knows what an uploader has to prove: a content is added by who sent it to this very bucket, or where
the bucket holds it; it is copied from where the asker may read. A hash alone buys nothing, and one
that only others know looks like one that nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import (
    DisabledRepo,
    GatedRepo,
    InvalidName,
    InvalidPath,
    NotFound,
    RepoMoved,
)
from groundswell.core.policy import Action
from groundswell.core.values import (
    AddFile,
    BucketOperation,
    CopyFile,
    Principal,
    RepoId,
    RepoKind,
    check_path,
)
from groundswell.hub.blobs import Blob, Blobs
from groundswell.hub.blobs.links import usable_files
from groundswell.hub.blobs.losing import drop_links
from groundswell.hub.buckets import rows
from groundswell.hub.buckets.values import CHANGES_KEPT, FILES_MAX, BatchResult, BucketFile, Failure
from groundswell.hub.events import record
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import find
from groundswell.store.database import Prepared, portions
from groundswell.store.tables import (
    bucket_changes,
    bucket_files,
    buckets,
    links,
    repositories,
)

_UNKNOWN: Final = "No content of this hash was sent to this bucket. Upload the file again."
_NOT_THERE: Final = "The source holds no content of this hash."
_NO_SOURCE: Final = "The source is not found."
_files = bucket_files
_DELETE: Final = Prepared(
    sa.delete(_files).where(
        _files.c.repository_id == sa.bindparam("number"), _files.c.path == sa.bindparam("at")
    )
)
_IS_USED: Final = Prepared(
    sa.select(_files.c.path)
    .where(
        _files.c.repository_id == sa.bindparam("number"), _files.c.sha256 == sa.bindparam("hash")
    )
    .limit(1)
)


class Batch:
    """One batch inside its transaction; ``run`` once."""

    def __init__(
        self,
        conn: sa.Connection,
        blobs: Blobs,
        principal: Principal,
        bucket: Repository,
        now: int,
    ) -> None:
        self._conn = conn
        self._blobs = blobs
        self._principal = principal
        self._bucket = bucket
        self._now = now
        self._failures: list[Failure] = []
        self._contents = _Contents(conn, principal, bucket.id)
        self._state = _State()

    def run(self, operations: Sequence[BucketOperation]) -> BatchResult:
        """Carry out what can be, in order.

        Raises:
            QuotaExceeded: the namespace has no room for what is new. Nothing is done then.
        """
        self._contents.look(operations)
        paths = list({each.path for each in operations})
        self._state.files = rows.files_at(self._conn, self._bucket.id, paths)
        file_count = rows.bucket_of(self._conn, self._bucket).file_count
        for operation in operations:
            reason = self._carry_out(operation, file_count)
            if reason is not None:
                self._failures.append(Failure(operation.path, reason))
        if self._state.changes:
            self._settle()
        return BatchResult(len(operations), tuple(self._failures))

    def _carry_out(self, operation: BucketOperation, file_count: int) -> str | None:
        """Do it, or say why it cannot be done."""
        if not isinstance(operation, AddFile | CopyFile):
            self._delete(operation.path)
            return None
        try:
            check_path(operation.path)
        except InvalidPath as error:
            return error.message
        content = self._contents.of(operation)
        if isinstance(content, str):
            return content
        reason = rows.obstacle(self._conn, self._bucket.id, operation.path)
        if reason is not None:
            return reason
        is_new = operation.path not in self._state.files
        if is_new and file_count + self._state.more_files >= FILES_MAX:
            return f"A bucket may hold {FILES_MAX} files."
        self._put(operation, content)
        return None

    def _delete(self, path: str) -> None:
        """What is not there is gone already: a batch that is sent again changes nothing."""
        present = self._state.files.pop(path, None)
        if present is not None:
            _DELETE.run(self._conn, number=self._bucket.id, at=path)
            self._state.note("delete", path, None, before=present)

    def _put(self, operation: AddFile | CopyFile, content: Blob) -> None:
        present = self._state.files.get(operation.path)
        row = {
            "sha256": content.sha256,
            "size_bytes": content.size_bytes,
            "changed_at": operation.changed_at,
            "uploaded_at": self._now,
            "uploader_id": self._principal.account_id,
            "content_type": operation.content_type if isinstance(operation, AddFile) else None,
        }
        here = (_files.c.repository_id == self._bucket.id, _files.c.path == operation.path)
        if present is None:
            key = {"repository_id": self._bucket.id, "path": operation.path}
            key["folded"] = rows.folded(operation.path)
            self._conn.execute(sa.insert(_files).values(**key, **row))
        else:
            self._conn.execute(sa.update(_files).where(*here).values(**row))
        now = BucketFile(
            operation.path,
            content.sha256,
            content.size_bytes,
            content.file_hash,
            operation.changed_at,
            self._now,
        )
        self._state.files[operation.path] = now
        self._state.note(
            "add" if present is None else "update", operation.path, now, before=present
        )

    # --- what follows from it -----------------------------------------------------------------

    def _settle(self) -> None:
        """Links, room, sums, and what is told of it. What is freed makes room first."""
        number, state = self._bucket.id, self._state
        freed = [each for each in sorted(state.freed) if not self._is_used(each)]
        for some in portions(freed):
            which = sa.and_(links.c.repository_id == number, links.c.sha256.in_(some))
            drop_links(self._conn, which)
        gained = {each: state.gained[each] for each in sorted(state.gained) if self._is_used(each)}
        account_id = self._principal.account_id
        sizes = {sha256: size_bytes for sha256, (_, size_bytes) in gained.items()}
        self._blobs.quotas.check_in(self._conn, number, account_id, sizes)
        self._blobs.link(self._conn, number, {each: path for each, (path, _) in gained.items()})
        self._note_changes()
        counts = {op: state.count(op) for op in ("add", "update", "delete")}
        told = {"kind": self._bucket.kind.value, "name": self._bucket.full_name, **counts}
        record(self._conn, self._now, "bucket.changed", account_id, number, told)

    def _is_used(self, sha256: str) -> bool:
        return _IS_USED.first(self._conn, number=self._bucket.id, hash=sha256) is not None

    def _note_changes(self) -> None:
        state, number = self._state, self._bucket.id
        sums = sa.select(buckets).where(buckets.c.repository_id == number)
        row = self._conn.execute(sums).mappings().one()
        last = row["last_change"] + len(state.changes)
        forgotten = max(row["forgotten_change"], last - CHANGES_KEPT)
        changes = [
            {"repository_id": number, "number": place, "happened_at": self._now, **change}
            for place, change in enumerate(state.changes, start=row["last_change"] + 1)
        ]
        self._conn.execute(sa.insert(bucket_changes), changes)
        if forgotten > row["forgotten_change"]:
            old = sa.and_(
                bucket_changes.c.repository_id == number, bucket_changes.c.number <= forgotten
            )
            self._conn.execute(sa.delete(bucket_changes).where(old))
        size_bytes = row["size_bytes"] + state.more_bytes
        values = {
            "file_count": row["file_count"] + state.more_files,
            "size_bytes": size_bytes,
            "last_change": last,
            "forgotten_change": forgotten,
        }
        changed = sa.update(buckets).where(buckets.c.repository_id == number)
        self._conn.execute(changed.values(**values))
        touched = sa.update(repositories).where(repositories.c.id == number)
        self._conn.execute(touched.values(modified_at=self._now, used_bytes=size_bytes))


@dataclass
class _State:
    """What the batch has come to so far: ``files`` lie at the paths that it names."""

    files: dict[str, BucketFile] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    gained: dict[str, tuple[str, int]] = field(default_factory=dict)
    freed: set[str] = field(default_factory=set)
    more_files: int = 0
    more_bytes: int = 0

    def note(
        self, op: str, path: str, after: BucketFile | None, *, before: BucketFile | None
    ) -> None:
        """One change."""
        self.changes.append(
            {
                "op": op,
                "path": path,
                "file_hash": after.file_hash if after else None,
                "size_bytes": after.size_bytes if after else None,
                "changed_at": after.changed_at if after else None,
            }
        )
        if before is not None:
            self.freed.add(before.sha256)
            self.more_files -= 1
            self.more_bytes -= before.size_bytes
        if after is not None:
            self.gained.setdefault(after.sha256, (path, after.size_bytes))
            self.more_files += 1
            self.more_bytes += after.size_bytes

    def count(self, op: str) -> int:
        """How many changes of a kind."""
        return sum(change["op"] == op for change in self.changes)


class _Contents:
    """Which content each operation may name, found for all of them together."""

    def __init__(self, conn: sa.Connection, principal: Principal, number: int) -> None:
        self._conn = conn
        self._principal = principal
        self._number = number
        self._own: dict[str, Blob] = {}
        self._held: dict[tuple[str, str], dict[str, Blob] | str] = {}

    def look(self, operations: Iterable[BucketOperation]) -> None:
        """Find them."""
        added: list[str] = []
        copied: dict[tuple[str, str], list[str]] = {}
        for each in operations:
            if isinstance(each, AddFile):
                added.append(each.file_hash)
            elif isinstance(each, CopyFile):
                copied.setdefault((each.source_kind, each.source), []).append(each.file_hash)
        self._own = self._usable(self._number, self._principal.account_id, added)
        for source, file_hashes in copied.items():
            found = self._source(*source)
            if isinstance(found, int):
                self._held[source] = self._usable(found, None, file_hashes)
            else:
                self._held[source] = found

    def of(self, operation: AddFile | CopyFile) -> Blob | str:
        """The content, or why there is none."""
        if isinstance(operation, AddFile):
            return self._own.get(operation.file_hash, _UNKNOWN)
        held = self._held[operation.source_kind, operation.source]
        return held if isinstance(held, str) else held.get(operation.file_hash, _NOT_THERE)

    def _usable(
        self, number: int, account_id: int | None, file_hashes: Sequence[str]
    ) -> dict[str, Blob]:
        return usable_files(self._conn, number, account_id, list(dict.fromkeys(file_hashes)))

    def _source(self, kind: str, name: str) -> int | str:
        """The number of a repository or bucket that the asker may read, or why there is none."""
        if kind not in set(RepoKind):
            return _NO_SOURCE
        try:
            repo_id = RepoId.parse(RepoKind(kind), name)
            try:
                return find(self._conn, self._principal, repo_id, Action.READ).id
            except RepoMoved as moved:
                there = RepoId(repo_id.kind, moved.namespace, moved.name)
                return find(self._conn, self._principal, there, Action.READ).id
        except (NotFound, InvalidName):
            return _NO_SOURCE
        except (GatedRepo, DisabledRepo) as refused:
            return refused.message
