"""The state that a request meets: taken names, moved references."""

from __future__ import annotations

from groundswell.core.errors.base import GroundswellError


class Conflict(GroundswellError):
    """The name is taken, or another writer was there first. A retry after a look may work."""

    code = "Conflict"
    status = 409
    exit_code = 5


class NameTaken(Conflict):
    """The name exists, existed, or looks like one that does. ``url`` is that of the existing."""

    code = "NameTaken"

    def __init__(
        self, message: str, url: str | None = None, existing_id: str | None = None
    ) -> None:
        self.url = url
        self.existing_id = existing_id
        super().__init__(message)


class CollectionExists(Conflict):
    """The namespace has a collection of that title. ``slug`` names it."""

    code = "CollectionExists"

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"There is a collection of this title already: {slug}")


class ReferenceExists(Conflict):
    """A branch or tag of that name is there already."""

    code = "ReferenceExists"

    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(f"Reference {reference} already exists")


class ConcurrentWrite(Conflict):
    """The reference moved while this commit was being made. Retrying is safe."""

    code = "ConcurrentWrite"
    retryable = True
    default_message = "Another commit landed at the same moment. Please retry."


class ParentMoved(GroundswellError):
    """``parentCommit`` is no longer the head of the branch. The clients compare the text."""

    code = "ParentMoved"
    status = 412
    exit_code = 5
    default_message = (
        "The branch was updated since you opened this page. Please refresh and try again."
    )
