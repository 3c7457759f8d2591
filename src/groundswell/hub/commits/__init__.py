"""Commits: how files get into a repository, by the commit API and by a push.

Knows rules of content (paths, sizes, large files), the order of durable steps, and what follows a
moved ref. Does not know bytes on the wire or how blobs are stored.
"""

from groundswell.hub.commits.service import Commits
from groundswell.hub.commits.values import (
    Committed,
    PreuploadFile,
    PreuploadMode,
    RefChange,
    UploadMode,
)

__all__ = ["Commits", "Committed", "PreuploadFile", "PreuploadMode", "RefChange", "UploadMode"]
