"""The base of every error, and what each of them says of itself."""

from __future__ import annotations

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
