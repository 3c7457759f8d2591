"""Entries of a tree as the Hub API writes them: in tree pages, and as siblings in repository info.

The two differ: a tree says ``lfs.oid``, siblings say ``lfs.sha256`` (Hub API, sections 3 and 5).
"""

from __future__ import annotations

from typing import Any, Final

from groundswell.core.values import Entry, EntryKind
from groundswell.wire.hub_api.text import date_text

# What stands for a hash that the asker may see only after passing the gate.
MASKED: Final = "*" * 64

Json = dict[str, Any]


def tree_item(entry: Entry, xet_hash: str | None = None, *, masked: bool = False) -> Json:
    """One item of a tree page or of paths-info."""
    item: Json = {
        "type": entry.kind.value,
        "oid": entry.oid,
        "size": entry.size_bytes if entry.kind is EntryKind.FILE else 0,
        "path": entry.path,
    }
    if entry.pointer is not None:
        item["lfs"] = {
            "oid": MASKED if masked else entry.pointer.sha256,
            "size": entry.pointer.size_bytes,
            "pointerSize": entry.pointer_size_bytes,
        }
        if xet_hash is not None:
            item["xetHash"] = MASKED if masked else xet_hash
    return item


def last_commit(commit_id: str, title: str, at_micros: int) -> Json:
    """The commit that last touched an entry."""
    return {"id": commit_id, "title": title, "date": date_text(at_micros)}


# No scanner has looked: never shown as safe (a scan that did not run is not a clean scan).
UNSCANNED: Final[Json] = {"status": "unscanned", "avScan": None, "pickleImportScan": None}


def sibling(entry: Entry, *, blobs: bool, masked: bool = False) -> Json:
    """One file in repository info; ``blobs`` adds sizes and hashes."""
    item: Json = {"rfilename": entry.path}
    if not blobs:
        return item
    item |= {"size": entry.size_bytes, "blobId": entry.oid}
    if entry.pointer is not None:
        item["lfs"] = {
            "sha256": MASKED if masked else entry.pointer.sha256,
            "size": entry.pointer.size_bytes,
            "pointerSize": entry.pointer_size_bytes,
        }
    return item
