"""Blobs: the content of files, kept once as xorbs, given only to whom it belongs.

Knows dedup domains, claims and links, passes, how content is taken in (Xet, LFS, plain bytes) and
read back. Does not know git or a protocol's spelling. Source: Xet protocol; Hub API 7 and 8.
"""

from __future__ import annotations

from groundswell.hub.blobs.grants import Grant, Staged
from groundswell.hub.blobs.ingest import Ingest
from groundswell.hub.blobs.multipart import Upload
from groundswell.hub.blobs.passes import Pass, Passes, dedup_domain
from groundswell.hub.blobs.service import Blobs
from groundswell.hub.blobs.values import Blob, Progress, ShardResult, XetScope, XetToken

__all__ = [
    "Blob",
    "Blobs",
    "Grant",
    "Ingest",
    "Pass",
    "Passes",
    "Progress",
    "ShardResult",
    "Staged",
    "Upload",
    "XetScope",
    "XetToken",
    "dedup_domain",
]
