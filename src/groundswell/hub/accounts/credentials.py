"""From a credential to a principal: three SELECTs at most, and nothing remembered.

Knows how tokens, sessions and memberships lie in the tables. Does not check passwords.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import InvalidCredentials
from groundswell.core.values import Principal, RepoGrant, Role, TokenRole
from groundswell.store.database import Prepared
from groundswell.store.tables import accounts, memberships, sessions, token_grants, tokens

USED_AT_STEP_MICROS: Final = 3600 * 1_000_000

_ACCOUNT: Final = (accounts.c.id, accounts.c.name, accounts.c.is_admin)
_LIVES: Final = accounts.c.disabled_at.is_(None)
_TOKEN: Final = (
    sa.select(*_ACCOUNT, tokens.c.id.label("token_id"), tokens.c.role, tokens.c.used_at)
    .join_from(tokens, accounts, tokens.c.account_id == accounts.c.id)
    .where(
        _LIVES,
        tokens.c.revoked_at.is_(None),
        sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > sa.bindparam("now")),
    )
)
_TOKEN_BY_DIGEST: Final = Prepared(_TOKEN.where(tokens.c.digest == sa.bindparam("digest")))
_TOKEN_BY_ID: Final = Prepared(
    _TOKEN.where(
        tokens.c.id == sa.bindparam("token_id"), tokens.c.account_id == sa.bindparam("account_id")
    )
)
_SESSION: Final = (
    sa.select(*_ACCOUNT, sessions.c.id.label("session_id"))
    .join_from(sessions, accounts, sessions.c.account_id == accounts.c.id)
    .where(_LIVES, sessions.c.expires_at > sa.bindparam("now"))
)
_SESSION_BY_DIGEST: Final = Prepared(_SESSION.where(sessions.c.digest == sa.bindparam("digest")))
_SESSION_BY_ID: Final = Prepared(
    _SESSION.where(
        sessions.c.id == sa.bindparam("session_id"), accounts.c.id == sa.bindparam("account_id")
    )
)
_BY_ID: Final = Prepared(
    sa.select(*_ACCOUNT).where(
        _LIVES, accounts.c.id == sa.bindparam("account_id"), accounts.c.kind == "user"
    )
)
_MEMBERSHIPS: Final = Prepared(
    sa.select(memberships.c.organisation_id, memberships.c.role)
    .join_from(memberships, accounts, memberships.c.organisation_id == accounts.c.id)
    .where(_LIVES, memberships.c.user_id == sa.bindparam("account_id"))
    .order_by(memberships.c.organisation_id)
)
_GRANTS: Final = Prepared(
    sa.select(token_grants.c.repository_id, token_grants.c.write)
    .where(token_grants.c.token_id == sa.bindparam("token_id"))
    .order_by(token_grants.c.repository_id)
)


def by_token(conn: sa.Connection, token_digest: bytes, now: int) -> tuple[Principal, bool] | None:
    """The principal of a live token, and whether its ``used_at`` is an hour old."""
    row = _TOKEN_BY_DIGEST.first(conn, digest=token_digest, now=now)
    if row is None:
        return None
    stale = row["used_at"] is None or now - row["used_at"] >= USED_AT_STEP_MICROS
    return _with_token(conn, row), stale


def by_session(conn: sa.Connection, cookie_digest: bytes, now: int) -> Principal:
    """The principal of a live session.

    Raises:
        InvalidCredentials: there is none.
    """
    row = _SESSION_BY_DIGEST.first(conn, digest=cookie_digest, now=now)
    return _principal(conn, row, session_id=None if row is None else row["session_id"])


def by_account(conn: sa.Connection, account_id: int, *, session_id: int | None = None) -> Principal:
    """The principal of a user who has shown a password.

    Raises:
        InvalidCredentials: no such user, or disabled.
    """
    row = _BY_ID.first(conn, account_id=account_id)
    return _principal(conn, row, session_id=session_id)


def again(
    conn: sa.Connection, account_id: int, token_id: int | None, session_id: int | None, now: int
) -> Principal:
    """The rights that the same credential carries now.

    Raises:
        InvalidCredentials: revoked, expired, signed out, or the user was disabled.
    """
    known = {"account_id": account_id, "now": now}
    if token_id is not None:
        row = _TOKEN_BY_ID.first(conn, **known, token_id=token_id)
        if row is None:
            raise InvalidCredentials
        return _with_token(conn, row)
    if session_id is not None:
        row = _SESSION_BY_ID.first(conn, **known, session_id=session_id)
        return _principal(conn, row, session_id=session_id)
    return by_account(conn, account_id)


def _with_token(conn: sa.Connection, row: Mapping[str, Any]) -> Principal:
    role = TokenRole(row["role"])
    grants: tuple[RepoGrant, ...] = ()
    if role is TokenRole.FINE_GRAINED:
        found = _GRANTS.all(conn, token_id=row["token_id"])
        grants = tuple(RepoGrant(each["repository_id"], each["write"]) for each in found)
    return Principal(
        account_id=row["id"],
        name=row["name"],
        is_admin=row["is_admin"],
        memberships=_memberships(conn, row["id"]),
        token_role=role,
        token_id=row["token_id"],
        grants=grants,
    )


def _principal(
    conn: sa.Connection, row: Mapping[str, Any] | None, *, session_id: int | None
) -> Principal:
    if row is None:
        raise InvalidCredentials
    return Principal(
        account_id=row["id"],
        name=row["name"],
        is_admin=row["is_admin"],
        memberships=_memberships(conn, row["id"]),
        session_id=session_id,
    )


def _memberships(conn: sa.Connection, account_id: int) -> tuple[tuple[int, Role], ...]:
    found = _MEMBERSHIPS.all(conn, account_id=account_id)
    return tuple((each["organisation_id"], Role(each["role"])) for each in found)
