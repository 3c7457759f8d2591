"""A small hub on a folder, put together as the wiring does, without HTTP."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from groundswell.core.values import Pointer, Principal, RepoId, RepoKind, Visibility
from groundswell.hub.accounts import Accounts
from groundswell.hub.blobs import Blobs
from groundswell.hub.repos import Repos, Repository
from groundswell.hub.signing import Signer
from groundswell.hub.upkeep import Premises
from groundswell.store.cold import ColdStore
from groundswell.store.database import Database
from groundswell.store.disk import DiskStore
from groundswell.store.git import Author, GitStore, Side
from groundswell.store.keys import load_keys
from groundswell.store.layout import DataFolder
from groundswell.store.ports import BlobStore
from groundswell.wire.git.pointers import pointer_text

START = 1_700_000_000_000_000
MODE_FILE = 0o100644


_seconds = itertools.count()


def ticking() -> int:
    """A clock that moves by a second whenever it is asked, the same for every hub."""
    return START + next(_seconds) * 1_000_000


@dataclass
class SmallHub:
    folder: DataFolder
    database: Database
    disk: BlobStore
    store: ColdStore
    git: GitStore
    accounts: Accounts
    blobs: Blobs
    repos: Repos
    premises: Premises

    @classmethod
    def open(cls, root: Path, *, serves: bool = False, below: BlobStore | None = None) -> SmallHub:
        """A hub on a folder, its blobs in ``below`` when that is given."""
        folder = DataFolder(root)
        folder.create()
        clock = ticking
        database = Database.open(folder.database_url, serves=serves)
        disk = below or DiskStore(folder.root)
        store = ColdStore(disk)
        git = GitStore(folder.repos)
        accounts = Accounts(database, clock)
        signer = Signer(load_keys(folder.keys), clock)
        lookup = Repos(database, git, clock)
        blobs = Blobs(database, store, clock, signer, accounts.refresh, lookup.find_by_number)
        repos = Repos(database, git, clock, blobs)
        return cls(folder, database, disk, store, git, accounts, blobs, repos,
                   Premises(database, store, git, folder, clock))  # fmt: skip

    def close(self) -> None:
        self.repos.close()
        self.disk.close()
        self.database.close()

    def user(self, name: str) -> Principal:
        found = self.accounts.create_user(name, by=None)
        return Principal(account_id=found.id, name=name)

    def model(
        self, who: Principal, name: str, visibility: Visibility = Visibility.PUBLIC
    ) -> Repository:
        repo_id = RepoId(RepoKind.MODEL, who.name, name)
        return self.repos.create(who, repo_id, visibility)

    def commit(
        self, who: Principal, repository: Repository, files: dict[str, bytes], *, large: bool = False,
        branch: str = "main",
    ) -> str:  # fmt: skip
        """A commit as the commit API makes it: bytes, objects, barrier, ref, barrier, rows."""
        number = repository.id
        assert who.account_id is not None
        name = f"refs/heads/{branch}"
        parent = self.git.ref_target(number, name)
        base = parent or self.git.head(number)
        edit = self.git.edit(number, base)
        paths: dict[str, str] = {}
        for path, content in files.items():
            data = content
            if large:
                digest = hashlib.sha256(content).hexdigest()
                ingest = self.blobs.begin_ingest(f"n{who.account_id}", number, who.account_id)
                ingest.write(content)
                ingest.finish(digest)
                data = pointer_text(Pointer(digest, len(content)))
                paths[digest] = path
            edit.put(path, Side(MODE_FILE, self.git.write_blob(number, data)))
        commit = self.git.make_commit(
            number,
            tree=edit.write(),
            parents=[base] if base else [],
            author=Author(who.name, f"{who.name}@users.noreply"),
            message="change",
            time=START,
        )
        self.git.barrier.wait("objects")
        self.git.swap_ref(number, name, parent, commit)
        self.git.barrier.wait("reference")
        if paths:
            self.database.write(lambda conn: self.blobs.link(conn, number, paths))
        self.repos.index(number)
        return commit

    def read(self, number: int, commit: str, path: str) -> bytes:
        """A file's content at a commit, pointers followed."""
        entry = self.git.entry(number, commit, path)
        assert entry is not None, path
        if entry.pointer is None:
            return self.git.blob(number, entry.oid)
        plan = self.blobs.plan(number, entry.pointer.sha256)
        return b"".join(self.blobs.open_content(plan, 0, plan.size_bytes))

    def everything(self) -> dict[tuple[str, str, str], bytes]:
        """(repository, commit, path) -> content, for every file of every commit of every ref."""
        found = {}
        for number in self.git.numbers():
            commits = set()
            for reference in self.git.references(number):
                commits |= {each.id for each in self.git.log(number, reference.target, limit=1000)}
            for commit in commits:
                for entry in self.git.entries(number, commit, recursive=True) or []:
                    if entry.kind.value == "file":
                        key = (str(number), commit, entry.path)
                        found[key] = self.read(number, commit, entry.path)
        return found


@contextlib.contextmanager
def opened(folder: DataFolder) -> Iterator[Premises]:
    """A data folder that no hub serves, as restores open it."""
    hub = SmallHub.open(folder.root, serves=True)
    try:
        yield hub.premises
    finally:
        hub.close()


def damage_rows(root: Path, *statements: str) -> None:
    """Run SQL on a closed hub's database, foreign keys off: damage that no use case can do."""
    connection = sqlite3.connect(root / "groundswell.db")
    try:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


def flip_bit(path: Path, offset: int) -> None:
    """Change one bit of a file, whatever its mode says."""
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)
