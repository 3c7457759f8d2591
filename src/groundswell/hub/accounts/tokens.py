"""Tokens in the tables: made, listed, revoked. Only digests are kept.

Every function runs inside a transaction of the caller. Does not decide who may call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, NotFound, RepoNotFound
from groundswell.core.values import RepoGrant, RepoId, RepoKind, TokenRole, fold_name
from groundswell.hub.accounts.directory import check_text
from groundswell.hub.accounts.secret_values import digest, new_token_value
from groundswell.hub.accounts.values import NewToken, Token
from groundswell.hub.events import record
from groundswell.store.tables import repositories, repository_names, token_grants, tokens

TOKEN_NAME_LENGTH_MAX: Final = 200
GRANTS_MAX: Final = 1_000


def create(  # noqa: PLR0913 - the columns of a token
    conn: sa.Connection,
    now: int,
    account_id: int,
    name: str,
    role: TokenRole,
    *,
    grants: Sequence[RepoGrant] = (),
    expires_at: int | None = None,
    value: str | None = None,
    actor_id: int | None = None,
) -> NewToken:
    """Make a token. ``value`` is given only by an import.

    Raises:
        BadRequest: a name, expiry or list of repositories that is refused.
    """
    name = check_text(name, "token's name", TOKEN_NAME_LENGTH_MAX)
    if not name:
        msg = "The token's name is empty."
        raise BadRequest(msg)
    if expires_at is not None and expires_at <= now:
        msg = "The token's expiry is in the past."
        raise BadRequest(msg)
    if bool(grants) != (role is TokenRole.FINE_GRAINED):
        msg = "A fine-grained token names its repositories; the other roles name none."
        raise BadRequest(msg)
    if len(grants) > GRANTS_MAX:
        msg = f"A token names at most {GRANTS_MAX} repositories."
        raise BadRequest(msg)
    value = value or new_token_value()
    row = {
        "account_id": account_id,
        "name": name,
        "digest": digest(value),
        "last4": value[-4:],
        "role": role.value,
        "created_at": now,
        "expires_at": expires_at,
    }
    created = conn.execute(sa.insert(tokens).values(row).returning(tokens)).mappings().one()
    token = _token_from(created, tuple(grants))
    if grants:
        rows = [
            {"token_id": token.id, "repository_id": g.repository_id, "write": g.write}
            for g in {g.repository_id: g for g in grants}.values()
        ]
        conn.execute(sa.insert(token_grants), rows)
    record(conn, now, "token.created", actor_id, None, _told(token))
    return NewToken(value, token)


def listed(conn: sa.Connection, account_id: int) -> tuple[Token, ...]:
    """Every token of an account, also revoked and expired ones, newest first."""
    query = sa.select(tokens).where(tokens.c.account_id == account_id)
    rows = conn.execute(query.order_by(tokens.c.id.desc())).mappings().all()
    grants = _grants(conn, [row["id"] for row in rows])
    return tuple(_token_from(row, grants.get(row["id"], ())) for row in rows)


def by_id(conn: sa.Connection, token_id: int) -> Token:
    """The token of that number.

    Raises:
        NotFound: there is none.
    """
    row = conn.execute(sa.select(tokens).where(tokens.c.id == token_id)).mappings().one_or_none()
    if row is None:
        msg = "There is no such token."
        raise NotFound(msg)
    return _token_from(row, _grants(conn, [token_id]).get(token_id, ()))


def owner_of(conn: sa.Connection, value: str) -> int | None:
    """The account that has a token of that value, revoked or not."""
    query = sa.select(tokens.c.account_id).where(tokens.c.digest == digest(value))
    return conn.execute(query).scalar_one_or_none()


def revoke(
    conn: sa.Connection, now: int, account_id: int, token_id: int, *, actor_id: int | None
) -> Token:
    """Revoke a token of that account at once and for good. Doing it twice changes nothing.

    Raises:
        NotFound: the account has no such token.
    """
    token = by_id(conn, token_id)
    if token.account_id != account_id:
        msg = "There is no such token."
        raise NotFound(msg)
    if token.revoked_at is None:
        conn.execute(sa.update(tokens).where(tokens.c.id == token_id).values(revoked_at=now))
        record(conn, now, "token.revoked", actor_id, None, _told(token))
    return by_id(conn, token_id)


def touch(conn: sa.Connection, now: int, token_id: int) -> None:
    """Note that a token was used."""
    conn.execute(sa.update(tokens).where(tokens.c.id == token_id).values(used_at=now))


def repository_ids(conn: sa.Connection, repo_ids: Sequence[RepoId]) -> tuple[int, ...]:
    """The numbers of repositories by their present names: for a grant that an operator makes.

    Raises:
        RepoNotFound: naming the one that is missing.
    """
    found = []
    for repo_id in repo_ids:
        query = sa.select(repository_names.c.repository_id).where(
            repository_names.c.kind == repo_id.kind.value,
            repository_names.c.namespace_folded == fold_name(repo_id.namespace),
            repository_names.c.name_folded == fold_name(repo_id.name),
            repository_names.c.state == "current",
        )
        repository_id = conn.execute(query).scalar_one_or_none()
        if repository_id is None:
            msg = f"There is no {repo_id.kind.value} named {repo_id.full_name!r}."
            raise RepoNotFound(msg)
        found.append(repository_id)
    return tuple(found)


def repository_full_names(conn: sa.Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Names with their prefix (``datasets/ns/name``) by number, of what was not deleted."""
    if not numbers:
        return {}
    query = sa.select(
        repositories.c.id, repositories.c.kind, repositories.c.namespace, repositories.c.name
    ).where(repositories.c.id.in_(numbers), repositories.c.deleted_at.is_(None))
    return {
        row.id: RepoId(RepoKind(row.kind), row.namespace, row.name).url_path
        for row in conn.execute(query)
    }


def _grants(conn: sa.Connection, token_ids: Sequence[int]) -> dict[int, tuple[RepoGrant, ...]]:
    if not token_ids:
        return {}
    query = (
        sa.select(token_grants)
        .where(token_grants.c.token_id.in_(token_ids))
        .order_by(token_grants.c.repository_id)
    )
    found: dict[int, tuple[RepoGrant, ...]] = {}
    for row in conn.execute(query):
        grant = RepoGrant(row.repository_id, row.write)
        found[row.token_id] = (*found.get(row.token_id, ()), grant)
    return found


def _token_from(row: sa.RowMapping, grants: tuple[RepoGrant, ...]) -> Token:
    return Token(
        id=row["id"],
        account_id=row["account_id"],
        name=row["name"],
        role=TokenRole(row["role"]),
        last4=row["last4"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
        grants=grants,
    )


def _told(token: Token) -> dict[str, object]:
    return {
        "token_id": token.id,
        "account_id": token.account_id,
        "name": token.name,
        "role": token.role.value,
    }
