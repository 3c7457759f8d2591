"""Makes ZIM archives by hand, as docs/formats/zim.md says, and lies in them where a test wants it."""

from __future__ import annotations

import hashlib
import lzma
import struct
import sys
from dataclasses import dataclass, field
from typing import Any

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MEDIA = ("text/html", "text/plain", "image/png")


@dataclass
class Made:
    """Entries are (namespace, name, title, what): bytes are content, a number leads there, None is gone."""

    entries: list[tuple[str, str, str, Any]]
    version: tuple[int, int] = (6, 1)
    packing: int = 5
    long_offsets: bool = False
    main_page: int = 0xFFFFFFFF
    per_cluster: int = 2
    changes: dict[str, Any] = field(default_factory=dict)
    entry_starts: list[int] = field(default_factory=list)
    cluster_starts: list[int] = field(default_factory=list)

    def cluster(self, blobs: list[bytes]) -> bytes:
        code = "Q" if self.long_offsets else "I"
        width = 8 if self.long_offsets else 4
        place = (len(blobs) + 1) * width
        offsets = [place]
        for blob in blobs:
            place += len(blob)
            offsets.append(place)
        offsets = self.changes.get("offsets", offsets)
        body = struct.pack(f"<{len(offsets)}{code}", *offsets) + b"".join(blobs)
        body = self.changes.get("cluster", body)
        packed = {4: lzma.compress, 5: zstd.compress}.get(self.packing, bytes)(body)
        return bytes([self.packing | (0x10 if self.long_offsets else 0)]) + packed

    def build(self) -> bytes:
        entries = sorted(self.entries, key=lambda each: (each[0] + each[1]).encode())
        blobs = [each[3] for each in entries if isinstance(each[3], bytes)]
        groups = [
            blobs[at : at + self.per_cluster] for at in range(0, len(blobs), self.per_cluster)
        ]
        media = b"".join(each.encode() + b"\0" for each in MEDIA) + b"\0"
        head_bytes = 80
        out = bytearray(head_bytes) + media
        self.entry_starts, self.cluster_starts = [], []
        blob = 0
        for namespace, name, title, what in entries:
            self.entry_starts.append(len(out))
            tail = name.encode() + b"\0" + title.encode() + b"\0"
            if isinstance(what, bytes):
                kind = 2 if name.endswith(".png") else 0
                out += struct.pack("<HBcI", kind, 0, namespace.encode(), 0)
                out += struct.pack("<II", blob // self.per_cluster, blob % self.per_cluster) + tail
                blob += 1
            elif what is None:
                out += struct.pack("<HBcI", 0xFFFD, 0, namespace.encode(), 0) + tail
            else:
                out += struct.pack("<HBcII", 0xFFFF, 0, namespace.encode(), 0, what) + tail
        starts = self.changes.get("entry_starts", self.entry_starts)
        paths_at = len(out)
        out += struct.pack(f"<{len(starts)}Q", *starts)
        titles_at = len(out)
        by_title = sorted(
            range(len(entries)), key=lambda n: (entries[n][0], entries[n][2] or entries[n][1])
        )
        out += struct.pack(f"<{len(by_title)}I", *by_title)
        for group in groups:
            self.cluster_starts.append(len(out))
            out += self.cluster(group)
        clusters_at = len(out)
        cluster_starts = self.changes.get("cluster_starts", self.cluster_starts)
        out += struct.pack(f"<{len(cluster_starts)}Q", *cluster_starts)
        header = {
            "magic": 72173914, "major": self.version[0], "minor": self.version[1], "uuid": b"u" * 16,
            "entries": len(entries), "clusters": len(groups), "paths_at": paths_at,
            "titles_at": titles_at, "clusters_at": clusters_at, "media_at": head_bytes,
            "main": self.main_page, "layout": 0xFFFFFFFF, "checksum_at": len(out),
        }  # fmt: skip
        header |= {key: value for key, value in self.changes.items() if key in header}
        out[:head_bytes] = struct.pack("<IHH16sIIQQQQIIQ", *header.values())
        return bytes(out) + hashlib.md5(out).digest()


def simple(**changes: Any) -> Made:
    """Six pages, a picture, redirects and metadata."""
    entries: list[tuple[str, str, str, Any]] = [
        ("C", f"page{n}", f"Page {n}", f"<p>This is page {n}.</p>".encode() * (n + 1))
        for n in range(6)
    ]
    entries += [
        ("C", "picture.png", "", bytes(range(256)) * 4),
        ("C", "redirect", "Leads on", 3),
        ("C", "redirect2", "Leads on twice", 7),
        ("M", "Language", "", b"eng"),
        ("M", "Title", "", b"A small one"),
    ]
    made = Made(entries, main_page=8)
    for key, value in changes.items():
        setattr(made, key, value)
    return made
