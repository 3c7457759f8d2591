"""What is asked for and not there."""

from __future__ import annotations

from groundswell.core.errors.base import GroundswellError


class NotFound(GroundswellError):
    """No such thing, or nothing that the asker may know of."""

    code = "NotFound"
    status = 404
    exit_code = 3
    default_message = "Not found"


class RepoNotFound(NotFound):
    """A repository that is missing or hidden: the two look the same."""

    code = "RepoNotFound"
    default_message = "Repository not found"
    hint = "Check the name, and that your token may read it."


class RepoMoved(GroundswellError):
    """An old name of a repository that the asker may see: ask again under the new one.

    Doors turn it into a redirect (307) to the same place under ``namespace/name``.
    """

    code = "RepoMoved"
    status = 307
    exit_code = 3

    def __init__(self, kind: str, namespace: str, name: str) -> None:
        self.kind = kind
        self.namespace = namespace
        self.name = name
        super().__init__(f"This repository is now {namespace}/{name}")


class RevisionNotFound(NotFound):
    """No branch, tag or commit of that name in the repository."""

    code = "RevisionNotFound"

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(f"Invalid rev id: {revision[:200]}")


class EntryNotFound(NotFound):
    """No such path at that commit. ``commit`` lets clients cache the absence."""

    code = "EntryNotFound"

    def __init__(self, path: str, commit: str | None = None, message: str = "") -> None:
        self.path = path
        self.commit = commit
        super().__init__(message or f'Entry not found: "{path[:200]}"')


class BlobNotFound(NotFound):
    """No content of that hash which this repository holds and the asker may use."""

    code = "BlobNotFound"
    default_message = "Object not found"


class AccountNotFound(NotFound):
    """No such user or organisation."""

    code = "AccountNotFound"
    default_message = "No such user or organisation"


class Gone(NotFound):
    """A name whose repository or account was deleted and which nobody gets again."""

    code = "RepoNotFound"
    status = 410
