"""The error registry: every failure Groundswell names, once.

Knows: the code, HTTP status, exit code, whether a retry can help, and a hint for the person.
Does not know how a door shows an error: each door renders these classes in its own protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class GroundswellError(Exception):
    """Base of every error that Groundswell raises on purpose.

    ``message`` is shown to the peer; it never holds a secret, a path of this machine, or the
    name of something the peer may not know of.
    """

    code: ClassVar[str] = "Internal"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False
    hint: ClassVar[str] = ""
    default_message: ClassVar[str] = "Something went wrong on the hub."

    def __init__(self, message: str = "") -> None:
        self.message = message or self.default_message
        super().__init__(self.message)


# --- the peer's request -----------------------------------------------------------------------


class BadRequest(GroundswellError):
    """The request is understood and wrong: a value out of range, an unknown option."""

    code = "BadRequest"
    status = 400
    exit_code = 2
    default_message = "The request is not valid."


class Malformed(BadRequest):
    """Bytes that break their format. ``where`` names the place, ``why`` the broken rule."""

    code = "Malformed"
    hint = "Send the bytes as the format's specification says."

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why
        super().__init__(f"{where}: {why}")


class InvalidPath(BadRequest):
    """A path that Groundswell refuses on every way in."""

    code = "InvalidPath"
    status = 422
    hint = "Rename the file: plain relative paths with forward slashes work everywhere."

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"Invalid path {path[:200]!r}: {why}")


class InvalidName(BadRequest):
    """A name for an account, repository or reference that Groundswell refuses."""

    code = "InvalidName"
    hint = "Letters, digits, '-', '_' and '.' between them, 96 characters at most."


class InvalidCommit(BadRequest):
    """A commit whose operations contradict each other or name content that is not here."""

    code = "InvalidCommit"
    status = 422


class WrongContent(BadRequest):
    """Bytes that do not have the sha256 or the length that was announced. Nothing is kept."""

    code = "WrongContent"
    status = 422
    hint = "Send the file again: it was damaged on its way, or changed while it was sent."


class TooLarge(BadRequest):
    """A body, file, count or depth above the limit that the message names."""

    code = "TooLarge"
    status = 413
    exit_code = 6


class QuotaExceeded(GroundswellError):
    """The namespace's storage limit would be passed."""

    code = "QuotaExceeded"
    status = 403
    exit_code = 6


class MethodNotAllowed(BadRequest):
    """The address exists, under other methods. ``allowed`` names them."""

    code = "MethodNotAllowed"
    status = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = tuple(sorted(allowed))
        super().__init__(f"This address answers {', '.join(self.allowed)}.")


class BodyStalled(BadRequest):
    """A request body that stopped coming. Sending the request again may work."""

    code = "BodyStalled"
    status = 408
    retryable = True
    default_message = "The request's body stopped coming. Send the request again."


class RangeNotSatisfiable(GroundswellError):
    """A byte range that begins past the end. ``size_bytes`` is the whole size."""

    code = "RangeNotSatisfiable"
    status = 416
    exit_code = 2

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        super().__init__(f"The requested range is not satisfiable: the file has {size_bytes} bytes")


# --- who asks ---------------------------------------------------------------------------------


class Unauthenticated(GroundswellError):
    """Nobody in particular asks for something that only somebody may have."""

    code = "Unauthorized"
    status = 401
    exit_code = 4
    hint = "Sign in, or send a token: hf auth login."
    default_message = "Authentication is required."


class InvalidCredentials(Unauthenticated):
    """A token, password or cookie that is wrong, expired or revoked."""

    # The clients compare this text: with it they do not read the answer as "no such repository".
    default_message = "Invalid credentials in Authorization header"


class Forbidden(GroundswellError):
    """A known principal asks for more than its role or token allows."""

    code = "Forbidden"
    status = 403
    exit_code = 4
    default_message = "You do not have the right to do this."


class GatedRepo(Forbidden):
    """Content of a gated repository, asked for by somebody not on its list.

    ``url_path`` is the path of the page where to ask, without a leading slash: a door completes
    the message with " Visit <url> to ask for access."
    """

    code = "GatedRepo"
    hint = "Ask for access on the repository's page."

    def __init__(self, message: str = "", url_path: str | None = None) -> None:
        self.url_path = url_path
        super().__init__(message)


class GatedToAnonymous(GatedRepo):
    """The same, asked for by nobody in particular, who may be on the list after signing in."""

    status = 401


class DisabledRepo(Forbidden):
    """A repository that an admin has closed. The clients compare the text."""

    code = "DisabledRepo"
    default_message = "Access to this resource is disabled."


class DeviceFlowRefused(BadRequest):
    """Base of the answers to a device that asks for its token (RFC 8628, 3.5)."""

    code = "invalid_request"


class DevicePending(DeviceFlowRefused):
    """Nobody has decided yet: ask again after the interval."""

    code = "authorization_pending"
    default_message = "Nobody has approved this sign-in yet."


class DeviceSlowDown(DeviceFlowRefused):
    """The device asks more often than the interval allows."""

    code = "slow_down"
    default_message = "Wait for five seconds between two questions."


class DeviceExpired(DeviceFlowRefused):
    """The codes are too old: start again."""

    code = "expired_token"
    default_message = "The code has expired. Start the sign-in again."


class DeviceDenied(DeviceFlowRefused):
    """Somebody refused."""

    code = "access_denied"
    default_message = "The sign-in was refused."


class DeviceCodeInvalid(DeviceFlowRefused):
    """A device code that is unknown or was used: each gives one token, once."""

    code = "invalid_grant"
    default_message = "This device code is not valid."


# --- what is asked for ------------------------------------------------------------------------


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


# --- the state it meets -----------------------------------------------------------------------


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


# --- the hub's own condition ------------------------------------------------------------------


class StorageFull(GroundswellError):
    """No space left. Reads go on; the same write works once space is freed."""

    code = "StorageFull"
    status = 507
    exit_code = 6
    hint = "Free space on the hub's disk, then send the same upload again."
    default_message = "The hub's disk is full: nothing was changed. Try again after space is freed."


class Unavailable(GroundswellError):
    """Busy, shutting down, or read-only after a disk error. ``retry_after_seconds`` says when."""

    code = "Unavailable"
    status = 503
    exit_code = 7
    retryable = True
    default_message = "The hub is busy. Try again in a moment."

    def __init__(self, message: str = "", retry_after_seconds: int = 5) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class DataTooNew(GroundswellError):
    """The data folder was written by a newer Groundswell than the one that opens it."""

    code = "DataTooNew"
    status = 503
    hint = "Install the newer Groundswell again, or restore a backup of its predecessor."
    default_message = "A newer Groundswell wrote this data: this one cannot read it."


class TooManyRequests(Unavailable):
    """The asker's share for this moment is used up."""

    code = "TooManyRequests"
    status = 429
    default_message = "Too many requests. Slow down."


class Corrupt(GroundswellError):
    """Bytes at rest that no longer match their hash. Never served, always reported."""

    code = "Corrupt"
    status = 500
    exit_code = 8
    hint = "Tell the hub's admin; `swell fsck --deep` shows what is broken."
    default_message = "This content failed its integrity check and is not served."
