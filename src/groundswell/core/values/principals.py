"""Who asks, and with what credential."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final


class Role(enum.StrEnum):
    """What a member may do in an organisation, weakest first."""

    READ = "read"
    CONTRIBUTOR = "contributor"
    WRITE = "write"
    ADMIN = "admin"


class TokenRole(enum.StrEnum):
    """What a token may do at most. The value is the word of ``whoami-v2``."""

    READ = "read"
    WRITE = "write"
    FINE_GRAINED = "fineGrained"


@dataclass(frozen=True, slots=True)
class RepoGrant:
    """One repository that a fine-grained token may use: read, or also write."""

    repository_id: int
    write: bool


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and with what credential. One value for every door.

    ``account_id`` is None for the anonymous. ``memberships`` maps an organisation's account id
    to the role in it. ``token_role`` is None for a browser session or a password, which carry
    the person's full rights. ``token_id`` names the token for revocation checks.
    """

    account_id: int | None = None
    name: str = ""
    is_admin: bool = False
    memberships: tuple[tuple[int, Role], ...] = ()
    token_role: TokenRole | None = None
    token_id: int | None = None
    session_id: int | None = None
    grants: tuple[RepoGrant, ...] = field(default=())

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody in particular asks."""
        return self.account_id is None

    def role_in(self, account_id: int) -> Role | None:
        """The role in the namespace of that account: one's own counts as admin."""
        if self.account_id == account_id:
            return Role.ADMIN
        return next((role for org, role in self.memberships if org == account_id), None)


ANONYMOUS: Final = Principal()
