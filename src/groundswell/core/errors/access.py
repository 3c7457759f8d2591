"""What the asker may not do."""

from __future__ import annotations

from collections.abc import Iterable

from groundswell.core.errors.base import GroundswellError
from groundswell.core.errors.requests import BadRequest


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


class ProtectedReference(Forbidden):
    """A branch or tag whose rules object to this move. ``reasons`` are theirs, in words."""

    code = "ProtectedReference"
    hint = "Open a pull request instead: hf upload --create-pr."

    def __init__(self, name: str, reasons: Iterable[str]) -> None:
        self.name = name
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons) + ".")


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
