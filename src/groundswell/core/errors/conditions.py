"""The hub's own condition."""

from __future__ import annotations

from groundswell.core.errors.base import GroundswellError


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


class NotServed(GroundswellError):
    """The protocol has it, and this hub was told not to offer it."""

    code = "NotServed"
    status = 501
    exit_code = 3
    default_message = "This hub does not offer that."


class RunnerFailed(GroundswellError):
    """The process that ran a model ended, or never began to answer. The hub itself goes on."""

    code = "RunnerFailed"
    status = 502
    exit_code = 7
    retryable = True
    default_message = "The model's process ended."


class DataTooNew(GroundswellError):
    """The data folder was written by a newer Groundswell than the one that opens it."""

    code = "DataTooNew"
    status = 503
    hint = "Install the newer Groundswell again, or restore a backup of its predecessor."
    default_message = "A newer Groundswell wrote this data: this one cannot read it."


class ForeignData(GroundswellError):
    """The data folder, the database and the bucket that settings name belong to different hubs."""

    code = "ForeignData"
    status = 503
    exit_code = 2
    hint = "If they shall be one hub from now on: `swell store new-identity`."
    default_message = "The data folder, the database and the bucket belong to different hubs."


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
