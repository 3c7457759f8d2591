"""A pack of a folder becomes a commit of a dataset.

Knows which files are sent: those that the repository does not have, for content is named by its
bytes; and that a card may have been changed by people. One commit, so that no revision has a
`pack.json` whose files are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from groundswell.ask.making import ATTRIBUTES, CARD, pack_files
from groundswell.core.errors import EntryNotFound, RepoNotFound, RevisionNotFound
from groundswell.core.policy import Action
from groundswell.core.values import (
    AddBlob,
    AddRegular,
    CommitHeader,
    DeleteEntry,
    Operation,
    Principal,
    RepoId,
    Visibility,
)
from groundswell.hub.blobs import Blobs
from groundswell.hub.blobs.passes import dedup_domain
from groundswell.hub.commits import Commits
from groundswell.hub.content import Content
from groundswell.hub.repos import Repos, Repository
from groundswell.wire import packs
from groundswell.wire.packs import Manifest

BRANCH: Final = "main"
_PIECE_BYTES: Final = 4 << 20
_FOLDERS: Final = ("text/", "index/")


class Publishing:
    """Puts packs into repositories."""

    def __init__(self, repos: Repos, content: Content, commits: Commits, blobs: Blobs) -> None:
        self._repos = repos
        self._content = content
        self._commits = commits
        self._blobs = blobs

    def publish(
        self,
        principal: Principal,
        repo_id: RepoId,
        folder: Path,
        visibility: Visibility,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> str:
        """Commit a folder's pack to a dataset, made now where there is none; the commit.

        What an earlier pack had and this one has not is removed in the same commit.

        Raises:
            Forbidden, Unauthenticated: the principal may not write there.
            QuotaExceeded, StorageFull, Unavailable: as for any commit. Nothing was changed.
        """
        repository = self._repository(principal, repo_id, visibility)
        manifest = packs.unpack_manifest((folder / packs.NAME).read_bytes())
        names = list(pack_files(folder, manifest))
        present = self._present(repository)
        # Content is named by its bytes; a card may have been changed by people since.
        kept = {name for name in present if _is_content(name)} | ({CARD} if present else set())
        missing = [name for name in names if name not in kept]
        gone = [name for name in present if _is_content(name) and name not in names]
        operations = self._operations(principal, repository, folder, missing, progress)
        commit = self._commits.commit(
            principal,
            repository,
            BRANCH,
            CommitHeader(_summary(manifest)),
            [*operations, *map(DeleteEntry, gone)],
        )
        return commit.commit

    def _repository(
        self, principal: Principal, repo_id: RepoId, visibility: Visibility
    ) -> Repository:
        try:
            return self._repos.find(principal, repo_id, Action.CONTRIBUTE)
        except RepoNotFound:
            return self._repos.create(principal, repo_id, visibility)

    def _present(self, repository: Repository) -> frozenset[str]:
        """The content that the branch has: it is named by its bytes."""
        try:
            located = self._content.locate(repository, BRANCH, packs.NAME)
            data = self._content.read_range(located, 0, located.entry.size_bytes)
            return frozenset((packs.NAME, *packs.unpack_manifest(data).files()))
        except (EntryNotFound, RevisionNotFound):
            return frozenset()

    def _operations(
        self,
        principal: Principal,
        repository: Repository,
        folder: Path,
        names: list[str],
        progress: Callable[[int, int], None],
    ) -> Iterator[Operation]:
        yield AddRegular(ATTRIBUTES, (folder / ATTRIBUTES).read_bytes())
        for number, name in enumerate(names):
            progress(number, len(names))
            if _is_content(name):
                yield self._add(principal, repository, folder / name, name)
            else:
                yield AddRegular(name, (folder / name).read_bytes())
        progress(len(names), len(names))

    def _add(self, principal: Principal, repository: Repository, path: Path, name: str) -> AddBlob:
        assert principal.account_id is not None, "signed in"
        domain = dedup_domain(principal, repository)
        ingest = self._blobs.begin_ingest(domain, repository.id, principal.account_id)
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                ingest.write(piece)
        blob = ingest.finish(None, None)
        return AddBlob(name, blob.sha256, blob.size_bytes)


def _is_content(name: str) -> bool:
    return name.startswith(_FOLDERS)


def _summary(manifest: Manifest) -> str:
    counts = manifest.counts
    return f"Build the pack: {counts.articles:,} articles, {counts.passages:,} passages"
