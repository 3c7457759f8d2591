"""A hub without doors: real database, disk, accounts and passes in a temporary folder."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from groundswell.core.errors import RepoNotFound
from groundswell.core.values import Principal, Role, TokenRole, Visibility
from groundswell.hub.accounts import Accounts
from groundswell.hub.blobs import Blobs, dedup_domain
from groundswell.hub.repos import Repository, finding
from groundswell.hub.repos.rows import load
from groundswell.hub.signing import Signer
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.disk import DiskStore
from groundswell.store.ports import BlobStore
from groundswell.wire.chunking import split
from groundswell.wire.hashing import Octets, chunk_hash, file_hash, hash_to_hex
from groundswell.wire.shard import ShardFile, Term, Terms, verification_hashes, write_shard
from groundswell.wire.xorb import Scheme, XorbBuilder, XorbIndex

MIB = 1024 * 1024


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> int:
        return int(self.seconds * 1_000_000)


@dataclass(frozen=True)
class Packed:
    """A xorb as a client makes it."""

    key: str
    records: bytes
    index: XorbIndex


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def pack(content: bytes, scheme: Scheme | None = None) -> Packed:
    return pack_chunks(split(content), scheme)


def pack_chunks(chunks: Iterable[Octets], scheme: Scheme | None = None) -> Packed:
    builder = XorbBuilder(scheme)
    records = b"".join(builder.add(chunk) for chunk in chunks)
    index = builder.finish()
    return Packed(hash_to_hex(index.xorb_hash), records, index)


def file_of(packed: Packed, sha256: bytes | None = None, runs: object = None) -> ShardFile:
    """The file that is the whole xorb, or the runs (start, end) of its chunks."""
    index = packed.index
    pairs = runs if isinstance(runs, list) else [(0, len(index))]
    terms = Terms.of(
        Term(index.xorb_hash, raw_end - raw_start, start, end)
        for start, end in pairs
        for raw_start, raw_end in [index.raw_range(start, end)]
    )
    chunks = [chunk for start, end in pairs for chunk in index.chunks(start, end)]
    return ShardFile(file_hash(chunks), terms, verification_hashes(terms, lambda _: index), sha256)


class World:
    """``url`` and ``store`` stand in for SQLite and the folder; with another's ``clock`` this is a
    second worker on the same ones."""

    def __init__(
        self,
        folder: Path,
        *,
        url: str | None = None,
        store: BlobStore | None = None,
        clock: Clock | None = None,
        **options: int,
    ) -> None:
        self.clock = clock or Clock()
        self.database = Database.open(url or f"sqlite:///{folder / 'hub.db'}")
        self.store = store or DiskStore(folder)
        self.accounts = Accounts(self.database, self.clock)
        self.signer = Signer([bytes(32)], self.clock)
        self.folder = folder
        self.options = options
        self.blobs = self.restart()

    def restart(self) -> Blobs:
        self.blobs = Blobs(
            self.database,
            self.store,
            self.clock,
            self.signer,
            self.accounts.refresh,
            self.find,
            **self.options,
        )
        return self.blobs

    def find(self, principal: Principal, number: int, action: object) -> Repository:
        def work(conn: sa.Connection) -> Repository:
            repository = finding.load_for(conn, principal, number)
            if repository is None:
                raise RepoNotFound
            finding.decide(principal, repository, action)  # type: ignore[arg-type]
            return repository

        return self.database.read(work)

    def close(self) -> None:
        self.store.close()
        self.database.close()

    def user(self, name: str, role: TokenRole = TokenRole.WRITE) -> Principal:
        account = self.accounts.create_user(name, by=None)
        token = self.accounts.create_token(account.id, "test", role, by=None)
        return self.accounts.authenticate_token(token.value)

    def organisation(self, name: str, **members: Role) -> int:
        account = self.accounts.create_organisation(name, by=None)
        for user, role in members.items():
            self.accounts.set_member(name, user, role, by=None)
        return account.id

    def repository(
        self,
        name: str,
        owner_id: int,
        creator_id: int | None = None,
        visibility: Visibility = Visibility.PRIVATE,
    ) -> Repository:
        def work(conn: sa.Connection) -> int:
            number: int = conn.execute(
                sa.insert(tables.repositories)
                .values(
                    public_id=hashlib.sha256(name.encode()).hexdigest()[:24],
                    kind="model",
                    owner_id=owner_id,
                    creator_id=creator_id or owner_id,
                    namespace=f"owner{owner_id}",
                    name=name,
                    visibility=visibility.value,
                    created_at=0,
                    modified_at=0,
                )
                .returning(tables.repositories.c.id)
            ).scalar_one()
            return number

        number = self.database.write(work)
        found = self.database.read(lambda conn: load(conn, number))
        assert found is not None
        return found

    def send_xorb(self, domain: str, packed: Packed, body: bytes | None = None) -> bool:
        spooled = self.blobs.spool()
        spooled.write(packed.records if body is None else body)
        return self.blobs.receive_xorb(domain, packed.key, spooled)

    def send_file(self, principal: Principal, repository: Repository, content: bytes) -> ShardFile:
        """As hf_xet does: xorbs, then the shard."""
        packed = pack(content)
        domain = dedup_domain(principal, repository)
        self.send_xorb(domain, packed)
        file = file_of(packed, hashlib.sha256(content).digest())
        assert principal.account_id is not None
        shard = write_shard([file])
        self.blobs.register_shard(domain, repository.id, principal.account_id, shard)
        return file

    def ingest(self, principal: Principal, repository: Repository, content: bytes) -> str:
        domain = dedup_domain(principal, repository)
        assert principal.account_id is not None
        ingest = self.blobs.begin_ingest(domain, repository.id, principal.account_id)
        for start in range(0, len(content), 2 * MIB):
            ingest.write(content[start : start + 2 * MIB])
        return ingest.finish().sha256

    def link(self, repository: Repository, sha256: str, path: str = "model.bin") -> None:
        self.database.write(lambda conn: self.blobs.link(conn, repository.id, {sha256: path}))

    def read(self, repository: Repository, sha256: str) -> bytes:
        plan = self.blobs.plan(repository.id, sha256)
        return b"".join(self.blobs.open_content(plan, 0, plan.size_bytes))

    def flip(self, kind: str, key: str, offset: int) -> None:
        """One bit at rest turns over."""
        path = self.folder / kind / key[:2] / key
        path.chmod(0o600)
        content = bytearray(path.read_bytes())
        content[offset] ^= 1
        path.write_bytes(content)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def first_chunk_hash(content: bytes) -> bytes:
    return chunk_hash(next(iter(split(content))))
