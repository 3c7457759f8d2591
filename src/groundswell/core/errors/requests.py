"""What is wrong with the peer's request."""

from __future__ import annotations

from collections.abc import Iterable

from groundswell.core.errors.base import GroundswellError


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
