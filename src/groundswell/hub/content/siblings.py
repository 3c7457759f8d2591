"""Every file of a commit, and the list of them that repository info carries.

Knows that a commit never changes, so that its list is written once. Does not decide who may see
the hashes in it: the caller says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from groundswell.core.recent import Recent
from groundswell.core.values import Entry, EntryKind
from groundswell.store.git import GitStore
from groundswell.wire.hub_api.tree import sibling

PAGE: Final = 10_000
KEPT_BYTES_MAX: Final = 32 << 20


class Siblings:
    """Files of commits."""

    def __init__(self, git: GitStore) -> None:
        self._git = git
        self._kept: Recent[tuple[int, str, bool, bool], bytes] = Recent(KEPT_BYTES_MAX, len)

    def files(self, repository_id: int, commit: str) -> Iterator[Entry]:
        """Every file of a commit, in the order of the tree."""
        after = ""
        while True:
            page = self._git.entries(repository_id, commit, recursive=True, after=after, limit=PAGE)
            for entry in page or ():
                if entry.kind is EntryKind.FILE:
                    yield entry
            if not page or len(page) < PAGE:
                return
            after = page[-1].path

    def as_json(self, repository_id: int, commit: str, *, blobs: bool, masked: bool) -> bytes:
        """The same as the Hub API's list of siblings (Hub API, section 3), in JSON.

        ``blobs`` adds sizes and hashes; ``masked`` hides the hashes of large files.
        """
        masked = masked and blobs
        key = (repository_id, commit, blobs, masked)
        known = self._kept.get(key)
        if known is not None:
            return known
        listed = [
            sibling(entry, blobs=blobs, masked=masked)
            for entry in self.files(repository_id, commit)
        ]
        text = json.dumps(listed, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return self._kept.put(key, text.encode("utf-8", "backslashreplace"))
