"""A pack of a folder becomes a commit of a dataset.

Knows which files are sent: those that the repository does not have, for content is named by its
bytes; and that a card and attributes may be people's own (`beside`). One commit, so that no
revision has a `pack.json` whose files are missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from groundswell.ask.beside import OWN_BYTES_MAX, with_attributes, with_tag
from groundswell.ask.calibration import PATH as CALIBRATION_PATH
from groundswell.ask.making import ATTRIBUTES, CARD, QUESTIONS_PATH, pack_files
from groundswell.core.errors import EntryNotFound, Malformed, RepoNotFound, RevisionNotFound
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
_PATHS_AT_ONCE: Final = 500
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
            BadRequest: the dataset has a card of its own that cannot be read.
            ParentMoved: somebody else committed meanwhile: publish again.
            QuotaExceeded, StorageFull, Unavailable: as for any commit. Nothing was changed.
        """
        repository = self._repository(principal, repo_id, visibility)
        manifest = packs.unpack_manifest((folder / packs.NAME).read_bytes())
        names = list(pack_files(folder, manifest))
        head, present = self._present(repository)
        # Content is named by its bytes; a card may have been changed by people since.
        kept = {name for name in present if _is_content(name) or name == CARD}
        missing = [name for name in names if name not in kept]
        gone = sorted(present - {CARD, *names})
        shown = self._shown(repository, head, folder, missing)
        operations = self._operations(principal, repository, folder, missing, shown, progress)
        commit = self._commits.commit(
            principal,
            repository,
            BRANCH,
            CommitHeader(_summary(manifest), parent_commit=head),
            itertools.chain(operations, map(DeleteEntry, gone)),
        )
        return commit.commit

    def _repository(
        self, principal: Principal, repo_id: RepoId, visibility: Visibility
    ) -> Repository:
        try:
            return self._repos.find(principal, repo_id, Action.CONTRIBUTE)
        except RepoNotFound:
            return self._repos.create(principal, repo_id, visibility)

    def _present(self, repository: Repository) -> tuple[str | None, frozenset[str]]:
        """The head of the branch, and what it has of an earlier pack."""
        try:
            head = self._content.resolve_revision(repository, BRANCH)
        except RevisionNotFound:
            return None, frozenset()
        try:
            located = self._content.locate(repository, head, packs.NAME)
            size_bytes = min(located.entry.size_bytes, packs.MANIFEST_BYTES_MAX + 1)
            former = packs.unpack_manifest(self._content.read_range(located, 0, size_bytes))
        except (EntryNotFound, Malformed):
            return head, frozenset()
        names = [*former.files(), QUESTIONS_PATH, CALIBRATION_PATH, CARD]
        present = set[str]()
        # Looked up, not believed: somebody may have removed files since.
        for start in range(0, len(names), _PATHS_AT_ONCE):
            found = self._content.paths_info(
                repository, head, names[start : start + _PATHS_AT_ONCE]
            )
            present.update(item.entry.path for item in found)
        return head, frozenset(present)

    def _shown(
        self, repository: Repository, head: str | None, folder: Path, names: list[str]
    ) -> dict[str, bytes]:
        """Attributes, and the card where one is to be written: people's own stay what they say."""
        made = {ATTRIBUTES: with_attributes(self._text(repository, head, ATTRIBUTES), folder)}
        if CARD in names:
            made[CARD] = with_tag(self._text(repository, head, CARD), (folder / CARD).read_bytes())
        return made

    def _text(self, repository: Repository, head: str | None, name: str) -> bytes:
        """A small file of the head; nothing where there is none."""
        if head is None:
            return b""
        try:
            located = self._content.locate(repository, head, name)
        except EntryNotFound:
            return b""
        return self._content.read_range(located, 0, OWN_BYTES_MAX + 1)

    def _operations(
        self,
        principal: Principal,
        repository: Repository,
        folder: Path,
        names: list[str],
        shown: dict[str, bytes],
        progress: Callable[[int, int], None],
    ) -> Iterator[Operation]:
        yield AddRegular(ATTRIBUTES, shown[ATTRIBUTES])
        for number, name in enumerate(names):
            progress(number, len(names))
            if _is_content(name):
                yield self._add(principal, repository, folder / name, name)
            else:
                yield AddRegular(name, shown.get(name) or (folder / name).read_bytes())
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
