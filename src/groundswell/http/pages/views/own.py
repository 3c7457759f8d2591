"""Pages about oneself: signing in, profile, tokens, devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from groundswell.http.pages.views.frame import MemberRow, View


@dataclass(frozen=True, slots=True)
class SignInPage(View):
    """The sign-in form. ``next_path`` is a path of this hub."""

    template: ClassVar[str] = "sign_in.html"
    next_path: str
    name: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ProfilePage(View):
    """One's own profile and password."""

    template: ClassVar[str] = "settings/profile.html"
    name: str
    fullname: str
    email: str
    organisations: tuple[MemberRow, ...] = ()
    error: str = ""
    error_in: str = ""
    password_length_min: int = 8


@dataclass(frozen=True, slots=True)
class MailPage(View):
    """What one gets by e-mail. ``can_send`` is the hub's."""

    template: ClassVar[str] = "settings/mail.html"
    can_send: bool
    email: str
    is_confirmed: bool
    choice: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class MailLinkPage(View):
    """Where a link of a message leads: what its button does, and whether it is done."""

    template: ClassVar[str] = "mail_link.html"
    is_end: bool
    email: str = ""
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token without its value."""

    id: int
    name: str
    role: str
    last4: str
    created_at: int
    used_at: int | None
    expires_at: int | None
    repositories: tuple[str, ...] = ()
    is_expired: bool = False


@dataclass(frozen=True, slots=True)
class TokensPage(View):
    """One's tokens; ``new_value`` is shown this once."""

    template: ClassVar[str] = "settings/tokens.html"
    rows: tuple[TokenRow, ...]
    new_name: str = ""
    new_value: str = ""


@dataclass(frozen=True, slots=True)
class NewTokenPage(View):
    """The form for a new token."""

    template: ClassVar[str] = "settings/new_token.html"
    fields: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class DevicePage(View):
    """Approval of a device: first the code, then who asks and for what."""

    template: ClassVar[str] = "device.html"
    user_code: str = ""
    client: str = ""
    rights: tuple[str, ...] = ()
    expires_at: int | None = None
    outcome: str = ""
    error: str = ""
