"""What the accounts room gives back: frozen values without secrets, except those just made.

Times are microseconds since the epoch.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from groundswell.core.values import RepoGrant, Role, TokenRole


class AccountKind(enum.StrEnum):
    """Who owns a namespace."""

    USER = "user"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Account:
    """A user or an organisation. ``public_id``: 24 hexadecimal digits, never used twice."""

    id: int
    public_id: str
    kind: AccountKind
    name: str
    fullname: str
    email: str | None
    is_admin: bool
    private_by_default: bool
    is_disabled: bool
    created_at: int

    @property
    def is_organisation(self) -> bool:
        """Whether it is an organisation."""
        return self.kind is AccountKind.ORGANISATION

    @property
    def avatar_path(self) -> str:
        """Path of its picture on the hub, with a leading slash; a door makes it absolute."""
        return f"/avatars/{self.public_id}.svg"


@dataclass(frozen=True, slots=True)
class Member:
    """One user's role in one organisation."""

    organisation: Account
    user: Account
    role: Role


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it afterwards: never its value."""

    id: int
    account_id: int
    name: str
    role: TokenRole
    last4: str
    created_at: int
    expires_at: int | None
    used_at: int | None
    revoked_at: int | None
    grants: tuple[RepoGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token at its birth: the only moment that its ``value`` is known."""

    value: str = field(repr=False)
    token: Token


@dataclass(frozen=True, slots=True)
class NewAccount:
    """The first admin, with the secrets that are shown once."""

    account: Account
    password: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WhoAmIOrganisation:
    """An organisation of the one who asks (Hub API, whoami-v2 ``orgs``)."""

    id: str
    name: str
    fullname: str
    email: str | None
    avatar_path: str
    role_in_org: Role
    type: str = "org"
    is_enterprise: bool = False


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """What a client learns about its own credential (Hub API, whoami-v2).

    ``token`` is None for a browser session or a password. Nothing on this hub is paid for, so the
    fields about payment say so.
    """

    id: str
    name: str
    fullname: str
    email: str | None
    avatar_path: str
    is_admin: bool
    organisations: tuple[WhoAmIOrganisation, ...]
    token: Token | None
    type: str = "user"
    email_verified: bool = True
    is_pro: bool = False
    can_pay: bool = False
    period_end: int | None = None
    billing_mode: str = "prepaid"


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """What a device is given at the start (RFC 8628, 3.2)."""

    device_code: str = field(repr=False)
    user_code: str
    expires_in_seconds: int
    interval_seconds: int


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What a person sees before deciding about a device."""

    user_code: str
    client_id: str
    client_name: str
    scope: str
    created_at: int
