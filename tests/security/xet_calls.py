"""The calls of a Xet client, and all that one may know of a file short of its content.

Knows the addresses of every release and how a file is cut. Does not know any attack.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import write_shard
from tests.hub.blobs.world import Packed, file_of, pack
from tests.security.target import Answer, Caller, Target, bearer, noise, path_of

CHUNKS = ("/v1/chunks/default", "/chunks/default", "/chunk/default-merkledb")
XORBS = ("/v1/xorbs/default", "/xorbs/default", "/xorb/default")
SHARDS = ("/v2/shards", "/v1/shards", "/shards", "/shard", "/shards/default/" + "0" * 64)
FILES = ("/v2/reconstructions", "/v1/reconstructions", "/reconstructions", "/reconstruction")


@dataclass(frozen=True)
class Cas:
    """A content store as one token's holder is sent to it."""

    caller: Caller
    path: str
    token: str

    def __call__(self, method: str, rest: str, body: bytes | None = None, **more: str) -> Answer:
        headers = {**bearer(self.token), **more}
        return self.caller(method, self.path + rest, body, headers)


def cas_of(target: Target, caller: Caller, repo: str, scope: str) -> Cas:
    told = caller("GET", f"/api/models/{repo}/xet-{scope}-token/main")
    assert told.status == 200, told.text
    target.secrets.add(told.json()["accessToken"])
    return Cas(target.caller(), path_of(told.json()["casUrl"]), told.json()["accessToken"])


def send(cas: Cas, packed: Packed, sha256: str) -> None:
    """As hf_xet does: the xorb, then the shard."""
    assert cas("POST", f"{XORBS[0]}/{packed.key}", packed.records).status == 200
    shard = write_shard([file_of(packed, bytes.fromhex(sha256))])
    assert cas("POST", "/v2/shards", shard).status == 200


@dataclass(frozen=True)
class Known:
    """All that an attacker may know of a file, short of its content."""

    content: bytes
    packed: Packed

    @cached_property
    def file_hash(self) -> str:
        return hash_to_hex(file_of(self.packed).file_hash)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def chunk_hashes(self) -> list[str]:
        return [hash_to_hex(chunk) for chunk, _ in self.packed.index.chunks()]

    @cached_property
    def pieces(self) -> list[bytes]:
        """The beginning of each chunk: whoever reads any part of the file meets one of these."""
        starts = [self.packed.index.raw_range(n, n + 1)[0] for n in range(len(self.packed.index))]
        return [self.content[start : start + 24] for start in starts]

    def is_in(self, body: bytes) -> bool:
        """Whether there is anything of the content."""
        return any(piece in body for piece in self.pieces)


def known(size_bytes: int, seed: str) -> Known:
    content = noise(size_bytes, seed)
    return Known(content, pack(content))
