"""``verify``: proof that one revision of one repository is whole, from its commit to every byte.

Knows how a file hangs together: git object, pointer, link, recipe, chunks, sha256. Reads only, and
believes nothing that was checked before.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.core.errors import Corrupt, Malformed, RepoNotFound, RevisionNotFound
from groundswell.core.values import Pointer, RepoId
from groundswell.hub.upkeep.content import sha256_of
from groundswell.hub.upkeep.findings import Code, Progress, Report, Silence
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.git import checking
from groundswell.store.tables import blobs, links, reconstructions, repositories
from groundswell.wire.git.pointers import parse_pointer
from groundswell.wire.hashing import hash_from_hex, hash_to_hex
from groundswell.wire.shard import ShardFile, Terms, verification_hashes, verify_file
from groundswell.wire.xorb import XorbIndex


def verify(
    premises: Premises, repo_id: RepoId, revision: str, progress: Progress | None = None
) -> Report:
    """Read everything that the revision is made of, and compare every hash.

    Findings are what is wrong; ``counted`` says how much was read.

    Raises:
        RepoNotFound, RevisionNotFound: there is no such thing.
    """
    progress = progress or Silence()
    report = Report(f"verify {repo_id.full_name}@{revision}", premises.clock())
    number = _number_of(premises, repo_id)
    commit = premises.git.resolve(number, revision)
    if commit is None:
        raise RevisionNotFound(revision)
    _Verification(premises, number, report, progress).run(commit)
    report.finished_at = premises.clock()
    return report


def _number_of(premises: Premises, repo_id: RepoId) -> int:
    table = repositories
    query = sa.select(table.c.id).where(
        table.c.kind == repo_id.kind.value,
        sa.func.lower(table.c.namespace) == repo_id.namespace.lower(),
        sa.func.lower(table.c.name) == repo_id.name.lower(),
        table.c.deleted_at.is_(None),
    )
    number = premises.database.read(lambda conn: conn.execute(query).scalar())
    if number is None or not premises.git.exists(number):
        raise RepoNotFound
    return int(number)


class _Verification:
    def __init__(self, premises: Premises, number: int, report: Report, progress: Progress) -> None:
        self._premises = premises
        self._number = number
        self._report = report
        self._progress = progress
        self._known: set[str] = set()

    def run(self, commit: str) -> None:
        pointers: list[tuple[str, Pointer]] = []
        self._progress.begin("git objects", None)
        for file in checking.snapshot(self._premises.git.path(self._number), commit):
            self._progress.advance()
            if file.fault:
                self._report.add(Code.OBJECT_BROKEN, file.path, file.fault)
                continue
            self._report.counted["files"] += 1
            pointer = parse_pointer(file.content)
            if pointer is None:
                self._report.counted["bytes_hashed"] += len(file.content)
            else:
                pointers.append((file.path, pointer))
        total_bytes = sum(pointer.size_bytes for _, pointer in pointers)
        self._progress.begin("bytes of large files", total_bytes)
        for path, pointer in pointers:
            self._content(path, pointer)

    def _content(self, path: str, pointer: Pointer) -> None:
        self._report.counted["large_files"] += 1
        if pointer.sha256 in self._known:
            return
        self._known.add(pointer.sha256)
        query = (
            sa.select(blobs.c.size_bytes, blobs.c.file_hash, reconstructions.c.terms)
            .join_from(links, blobs, links.c.sha256 == blobs.c.sha256)
            .join(reconstructions, reconstructions.c.file_hash == blobs.c.file_hash)
            .where(links.c.repository_id == self._number, links.c.sha256 == pointer.sha256)
        )
        row = self._premises.database.read(lambda conn: conn.execute(query).one_or_none())
        if row is None:
            what = f"The repository has no right to {pointer.sha256}, or there is no such content."
            self._report.add(Code.POINTER_UNLINKED, path, what)
        elif row.size_bytes != pointer.size_bytes:
            what = (
                f"The pointer states {pointer.size_bytes} bytes, the content has {row.size_bytes}."
            )
            self._report.add(Code.ROW_WRONG, path, what)
        else:
            self._recipe(path, pointer, row.file_hash, row.terms)

    def _recipe(self, path: str, pointer: Pointer, file_hash: str, packed: bytes) -> None:
        """The terms make the file hash; their chunks make the sha256, each whole by itself."""
        try:
            terms = Terms(packed)
            proofs = verification_hashes(terms, self._index_of)
            verify_file(ShardFile(hash_from_hex(file_hash), terms, proofs, None), self._index_of)
        except (Malformed, Corrupt) as error:
            self._report.add(Code.RECIPE_BROKEN, path, error.message)
            return
        try:
            digest = sha256_of(self._premises, terms, self._progress)
        except Corrupt as error:
            self._report.add(Code.BLOB_CORRUPT, path, error.message)
            return
        self._report.counted["bytes_hashed"] += terms.size_bytes
        self._report.counted["chunks"] += sum(term.chunk_end - term.chunk_start for term in terms)
        if digest != pointer.sha256:
            what = f"The content has the sha256 {digest}, the pointer names {pointer.sha256}."
            self._report.add(Code.BLOB_CORRUPT, path, what)

    def _index_of(self, xorb_hash: bytes) -> XorbIndex:
        return self._premises.indexes.get_promised(hash_to_hex(xorb_hash)).index
