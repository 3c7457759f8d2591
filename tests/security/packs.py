"""Objects and packs written byte by byte, so that a push can hold what git itself would not make.

Knows git's object and pack formats and the receive-pack conversation. Checks nothing.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.security.target import Answer, Caller

NO_OBJECT = "0" * 40
COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA = 1, 2, 3, 4, 6, 7
_NAMES = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}
_WHO = b"M <m@example.org> 1700000000 +0000"
FILE, FOLDER, LINK, MODULE = b"100644", b"40000", b"120000", b"160000"


@dataclass
class Pack:
    """A pack that grows. Each method gives the id of what it added."""

    records: list[bytes] = field(default_factory=list)

    def add(self, kind: int, content: bytes) -> str:
        self.records.append(_header(kind, len(content)) + zlib.compress(content, 1))
        return hashlib.sha1(_NAMES[kind] + b" %d\0" % len(content) + content).hexdigest()

    def blob(self, content: bytes) -> str:
        return self.add(BLOB, content)

    def tree(self, *entries: tuple[bytes, bytes, str]) -> str:
        """Entries as (mode, name, id), in the order given."""
        return self.add(
            TREE, b"".join(m + b" " + n + b"\0" + bytes.fromhex(i) for m, n, i in entries)
        )

    def commit(self, tree: str, *parents: str, message: bytes = b"m\n") -> str:
        lines = [b"tree " + tree.encode(), *(b"parent " + each.encode() for each in parents)]
        lines += [b"author " + _WHO, b"committer " + _WHO, b"", message]
        return self.add(COMMIT, b"\n".join(lines))

    def file_commit(self, name: bytes, content: bytes, *parents: str, mode: bytes = FILE) -> str:
        """A commit of one file, whose name may hold slashes that make folders."""
        *folders, last = name.split(b"/")
        found = self.tree((mode, last, self.blob(content)))
        for folder in reversed(folders):
            found = self.tree((FOLDER, folder, found))
        return self.commit(found, *parents)

    def delta(self, base: str, base_size: int, size: int, instructions: bytes) -> None:
        """A delta against an object: copies and inserts that make ``size`` bytes."""
        content = _varint(base_size) + _varint(size) + instructions
        head = _header(REF_DELTA, len(content)) + bytes.fromhex(base)
        self.records.append(head + zlib.compress(content, 9))

    def __bytes__(self) -> bytes:
        body = b"PACK" + struct.pack(">II", 2, len(self.records)) + b"".join(self.records)
        return body + hashlib.sha1(body).digest()


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _header(kind: int, size: int) -> bytes:
    first, rest = kind << 4 | size & 15, size >> 4
    return bytes([first]) if not rest else bytes([first | 128]) + _varint(rest)


def line(text: bytes) -> bytes:
    return b"%04x" % (len(text) + 4) + text


def push(
    caller: Caller,
    repo: str,
    moves: Sequence[tuple[str, str, str]],
    pack: Pack | bytes = b"",
    capabilities: str = "report-status",
    more: bytes = b"",
) -> Answer:
    """A push: ``moves`` are (ref, old, new). ``more`` follows the list of refs."""
    out, tail = b"", f"\0{capabilities}"
    for ref, old, new in moves:
        out += line(f"{old} {new} {ref}{tail}\n".encode("utf-8", "surrogateescape"))
        tail = ""
    kind = {"Content-Type": "application/x-git-receive-pack-request"}
    return caller("POST", f"/{repo}.git/git-receive-pack", out + b"0000" + more + bytes(pack), kind)


def push_new(
    caller: Caller, repo: str, commit: str, pack: Pack, ref: str = "refs/heads/new"
) -> Answer:
    """A push of one new ref."""
    return push(caller, repo, [(ref, NO_OBJECT, commit)], pack)


def accepted(answer: Answer, ref: str = "refs/heads/new") -> bool:
    """Whether the hub says that it moved this ref."""
    return answer.status == 200 and f"ok {ref}\n".encode() in answer.body


def fetch(
    caller: Caller, repo: str, *wants: str, version: int = 2, more: Sequence[bytes] = ()
) -> Answer:
    """A fetch of objects by their ids, as a client of that protocol version asks."""
    kind = {"Content-Type": "application/x-git-upload-pack-request"}
    if version == 2:
        lines = [b"no-progress\n", *more, *(f"want {each}\n".encode() for each in wants), b"done\n"]
        body = line(b"command=fetch") + line(b"object-format=sha1") + b"0001"
        body += b"".join(line(each) for each in lines) + b"0000"
        kind["Git-Protocol"] = "version=2"
    else:
        first = f"want {wants[0]} ofs-delta no-progress\n".encode()
        rest = [f"want {each}\n".encode() for each in wants[1:]]
        body = b"".join(line(each) for each in [first, *rest, *more]) + b"0000" + line(b"done\n")
    return caller("POST", f"/{repo}.git/git-upload-pack", body, kind)


def gives_pack(answer: Answer) -> bool:
    return b"PACK" in answer.body
