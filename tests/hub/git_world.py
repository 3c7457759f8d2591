"""Commits, content and references on a real folder, without doors."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
from pathlib import Path

from groundswell.core.policy import Action
from groundswell.core.values import (
    AddBlob,
    AddRegular,
    CommitHeader,
    Operation,
    Principal,
    RepoId,
    RepoKind,
    Visibility,
)
from groundswell.hub.accounts import Accounts
from groundswell.hub.blobs import Blobs
from groundswell.hub.commits import Commits, Committed
from groundswell.hub.content import Content
from groundswell.hub.discussions import Discussions
from groundswell.hub.forks import Forks
from groundswell.hub.merging import Merging
from groundswell.hub.references import References
from groundswell.hub.repos import Repos, Repository
from groundswell.hub.reviews import Reviews
from groundswell.hub.signing import Signer
from groundswell.store.database import Database
from groundswell.store.disk import DiskStore
from groundswell.store.git import GitStore
from groundswell.store.layout import DataFolder


class GitWorld:
    """One hub on one folder; ``alice`` owns things, ``bob`` is somebody else."""

    def __init__(self, root: Path, url: str | None = None) -> None:
        self.folder = DataFolder(root)
        self.folder.create()
        self._ticks = itertools.count(1_700_000_000_000_000, 1_000_000)
        self.database = Database.open(url or self.folder.database_url)
        self.store = DiskStore(self.folder.root)
        self.git = GitStore(self.folder.repos)
        self.accounts = Accounts(self.database, self.now)
        signer = Signer([b"k" * 32], self.now)
        self.repos = Repos(self.database, self.git, self.now)
        self.blobs = Blobs(
            self.database, self.store, self.now, signer, self.accounts.refresh,
            self.repos.find_by_number,
        )  # fmt: skip
        self.discussions = Discussions(self.database, self.git, self.now)
        self.commits = Commits(
            self.database, self.git, self.blobs, self.repos, self.discussions, self.now
        )
        self.merging = Merging(self.database, self.git, self.discussions, self.commits, self.now)
        self.forks = Forks(
            self.database, self.git, self.blobs, self.repos, self.discussions, self.commits,
            self.now,
        )  # fmt: skip
        self.reviews = Reviews(self.database, self.git, self.merging, self.commits, self.now)
        self.content = Content(self.git, self.blobs)
        self.references = References(
            self.database, self.git, self.blobs, self.commits, self.content, self.now
        )
        self.alice, self.bob = self.user("alice"), self.user("bob")

    def now(self) -> int:
        return next(self._ticks)

    def close(self) -> None:
        self.repos.close()
        self.git.barrier.close()
        self.store.close()
        self.database.close()

    def user(self, name: str) -> Principal:
        return Principal(account_id=self.accounts.create_user(name, by=None).id, name=name)

    def model(self, name: str = "m", visibility: Visibility = Visibility.PUBLIC) -> Repository:
        return self.repos.create(self.alice, RepoId(RepoKind.MODEL, "alice", name), visibility)

    def found(self, repository: Repository, who: Principal | None = None) -> Repository:
        return self.repos.find(who or self.alice, repository.repo_id, Action.SEE)

    def commit(
        self,
        repository: Repository,
        *operations: Operation,
        revision: str = "main",
        who: Principal | None = None,
        create_pr: bool = False,
        **header: str,
    ) -> Committed:
        return self.commits.commit(
            who or self.alice,
            repository,
            revision,
            CommitHeader(header.pop("summary", "change"), **header),
            operations,
            create_pr=create_pr,
        )

    def files(self, repository: Repository, **files: str) -> Committed:
        operations = [AddRegular(path, text.encode()) for path, text in files.items()]
        return self.commit(repository, *operations)

    def upload(
        self,
        repository: Repository,
        content: bytes,
        who: Principal | None = None,
        domain: str | None = None,
    ) -> str:
        """Send content as a client does before its commit; its sha256."""
        account = (who or self.alice).account_id
        assert account is not None
        digest = hashlib.sha256(content).hexdigest()
        domain = domain or f"r{repository.id}u{account}"
        ingest = self.blobs.begin_ingest(domain, repository.id, account)
        ingest.write(content)
        ingest.finish(digest)
        return digest

    def large(
        self, repository: Repository, path: str, content: bytes, domain: str | None = None
    ) -> Committed:
        sha256 = self.upload(repository, content, domain=domain)
        return self.commit(repository, AddBlob(path, sha256, len(content)))

    def tree(self, repository: Repository, revision: str = "main") -> dict[str, bytes]:
        """Path -> bytes in git, of every file."""
        commit = self.content.resolve_revision(repository, revision)
        entries = self.git.entries(repository.id, commit, recursive=True) or []
        return {
            entry.path: self.git.blob(repository.id, entry.oid)
            for entry in entries
            if entry.kind.value == "file"
        }

    def real_git(self, repository: Repository, *arguments: str) -> str:
        """The output of real git on the bare folder."""
        done = subprocess.run(
            ["git", f"--git-dir={self.git.path(repository.id)}", *arguments],
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout
