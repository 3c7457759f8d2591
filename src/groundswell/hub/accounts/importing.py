"""Writes an import document in one transaction: for migrations and test beds.

Importing the same document again changes nothing; what it does not name stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa

from groundswell.core.errors import Conflict, Malformed
from groundswell.core.values import Role, fold_name
from groundswell.hub.accounts import directory, tokens
from groundswell.hub.accounts.directory import FIRST_ADMIN, Profile
from groundswell.hub.accounts.import_document import (
    ImportDocument,
    ImportedMember,
    ImportedOrganisation,
    ImportedUser,
    placed,
)
from groundswell.hub.accounts.values import Account, AccountKind
from groundswell.store.tables import account_names, accounts


@dataclass(frozen=True, slots=True)
class ImportCount:
    """What an import added; all zero when it was imported before."""

    users: int = 0
    organisations: int = 0
    tokens: int = 0
    members: int = 0


def password_hashes(conn: sa.Connection) -> dict[str, str | None]:
    """What is kept of each user's password, by folded name."""
    query = sa.select(accounts.c.folded, accounts.c.password_hash).where(
        accounts.c.kind == AccountKind.USER.value
    )
    return {row.folded: row.password_hash for row in conn.execute(query)}


def write(conn: sa.Connection, now: int, document: ImportDocument) -> ImportCount:
    """Add what is missing and set what differs, in the caller's transaction.

    Raises:
        Malformed, Conflict: with the place in the document; the transaction must not be kept.
    """
    count = ImportCount()
    for user in document.users:
        count = _write_user(conn, now, user, count)
    for organisation in document.organisations:
        count = _write_organisation(conn, now, organisation, count)
    return count


def _write_user(
    conn: sa.Connection, now: int, user: ImportedUser, count: ImportCount
) -> ImportCount:
    with placed(f"{user.where}.name"):
        account = _existing(conn, AccountKind.USER, user.profile)
        if account is None:
            account = directory.create(
                conn,
                now,
                AccountKind.USER,
                user.profile,
                password_hash=user.password_hash,
                is_first_admin=user.profile.name == FIRST_ADMIN,
            )
            count = replace(count, users=count.users + 1)
        else:
            _update(conn, now, account, user.profile, password_hash=user.password_hash)
    for token in user.tokens:
        with placed(f"{token.where}.value"):
            owner_id = tokens.owner_of(conn, token.value)
            if owner_id == account.id:
                continue
            if owner_id is not None:
                msg = "Another account has this token."
                raise Conflict(msg)
        tokens.create(conn, now, account.id, token.name, token.role, value=token.value)
        count = replace(count, tokens=count.tokens + 1)
    return count


def _write_organisation(
    conn: sa.Connection, now: int, organisation: ImportedOrganisation, count: ImportCount
) -> ImportCount:
    with placed(f"{organisation.where}.name"):
        account = _existing(conn, AccountKind.ORGANISATION, organisation.profile)
        if account is None:
            account = directory.create(conn, now, AccountKind.ORGANISATION, organisation.profile)
            count = replace(count, organisations=count.organisations + 1)
        else:
            _update(
                conn,
                now,
                account,
                organisation.profile,
                sets_default=organisation.sets_default,
            )
    # Admins first: an organisation is never without one on the way.
    for member in sorted(organisation.members, key=lambda each: each.role is not Role.ADMIN):
        user = _member(conn, member)
        if directory.role_of(conn, account.id, user.id) is member.role:
            continue
        with placed(member.where):
            directory.set_member(conn, now, account, user, member.role, actor_id=None)
        count = replace(count, members=count.members + 1)
    return count


def _member(conn: sa.Connection, member: ImportedMember) -> Account:
    query = sa.select(accounts).where(
        accounts.c.folded == fold_name(member.user), accounts.c.kind == AccountKind.USER.value
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise Malformed(f"{member.where}.user", f"there is no user named {member.user[:100]!r}")
    return directory.account_from(row)


def _existing(conn: sa.Connection, kind: AccountKind, profile: Profile) -> Account | None:
    query = sa.select(account_names.c.account_id).where(
        account_names.c.folded == fold_name(profile.name), account_names.c.retired_at.is_(None)
    )
    account_id = conn.execute(query).scalar_one_or_none()
    if account_id is None:
        return None
    account = directory.by_id(conn, account_id)
    if account.kind is not kind:
        msg = f"{profile.name!r} is the name of another kind of account."
        raise Conflict(msg)
    if profile.public_id is not None and profile.public_id != account.public_id:
        msg = f"{profile.name!r} has another id already."
        raise Conflict(msg)
    return account


def _update(
    conn: sa.Connection,
    now: int,
    account: Account,
    profile: Profile,
    *,
    password_hash: str | None = None,
    sets_default: bool = False,
) -> None:
    changes: dict[str, object] = {}
    if profile.fullname and profile.fullname != account.fullname:
        changes["fullname"] = profile.fullname
    if profile.email is not None and profile.email != account.email:
        changes["email"] = profile.email
    if sets_default and profile.private_by_default != account.private_by_default:
        changes["private_by_default"] = profile.private_by_default
    if password_hash is not None:
        changes["password_hash"] = password_hash
    if changes:
        directory.change(conn, now, account, None, **changes)
