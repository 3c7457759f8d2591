"""Accounts and memberships in the tables: names, who exists, who belongs to what.

Knows which names are taken, reserved, or look like one that is. Every function runs inside a
transaction of the caller. Does not know credentials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import AccountNotFound, BadRequest, Conflict, InvalidName, NameTaken
from groundswell.core.values import Role, check_name, confusable_key, fold_name
from groundswell.hub.accounts import voices
from groundswell.hub.accounts.secret_values import new_public_id
from groundswell.hub.accounts.values import Account, AccountKind, Member
from groundswell.hub.events import record
from groundswell.store.database import upsert
from groundswell.store.tables import account_names, accounts, memberships

# Words that stand, or may come to stand, where a namespace stands in an address.
_RESERVED_WORDS: Final = """
about access-requests account accounts admin api ask assets auth avatars blob blog buckets
chat collections commit commits compare datasets discussions docs download events
favicon.ico git groups healthz help info join kernels lfs login logout mcp me metrics models
namespaces new notifications oauth objects organisation organisations organization
organizations orgs packs papers posts pricing raw readyz refs register repos resolve
robots.txt search security sessions settings signin signout signup spaces static swell
tasks telemetry tokens tree uploads users v1 v2 v3 validate-yaml webhooks whoami
whoami-v2 xet
"""
RESERVED: Final = frozenset(_RESERVED_WORDS.split())
_RESERVED_LOOKS: Final = frozenset(confusable_key(word) for word in RESERVED)
FIRST_ADMIN: Final = "admin"  # reserved for the hub itself

FULLNAME_LENGTH_MAX: Final = 200
EMAIL_LENGTH_MAX: Final = 254


@dataclass(frozen=True, slots=True)
class Profile:
    """What somebody says of an account that is to be."""

    name: str
    fullname: str = ""
    email: str | None = None
    is_admin: bool = False
    private_by_default: bool = False
    public_id: str | None = None


def check_account_name(name: str, *, is_first_admin: bool = False) -> str:
    """The same name, when an account may carry it.

    Raises:
        InvalidName: with the broken rule.
    """
    check_name(name, "account name")
    if confusable_key(name) in _RESERVED_LOOKS and not is_first_admin:
        msg = f"The name {name!r} is reserved, or looks like one that is."
        raise InvalidName(msg)
    return name


def check_text(text: str, what: str, length_max: int) -> str:
    """The same text, stripped, when it may be shown on one line.

    Raises:
        BadRequest: too long, or with control characters.
    """
    text = text.strip()
    if len(text) > length_max:
        msg = f"The {what} is longer than {length_max} characters."
        raise BadRequest(msg)
    if text and not text.isprintable():
        msg = f"The {what} holds characters that cannot be shown."
        raise BadRequest(msg)
    return text


def check_email(email: str | None) -> str | None:
    """The same address, or None for an empty one. Whether it receives mail is not known here.

    Raises:
        BadRequest: no address.
    """
    if not email:
        return None
    email = check_text(email, "e-mail address", EMAIL_LENGTH_MAX)
    user, at, domain = email.rpartition("@")
    if not (user and at and domain) or " " in email:
        msg = f"Not an e-mail address: {email!r}"
        raise BadRequest(msg)
    return email


def account_from(row: sa.RowMapping) -> Account:
    """A row of ``accounts`` as a value."""
    return Account(
        id=row["id"],
        public_id=row["public_id"],
        kind=AccountKind(row["kind"]),
        name=row["name"],
        fullname=row["fullname"],
        email=row["email"],
        is_admin=row["is_admin"],
        private_by_default=row["private_by_default"],
        is_disabled=row["disabled_at"] is not None,
        created_at=row["created_at"],
    )


def find(conn: sa.Connection, name: str, kind: AccountKind | None = None) -> Account:
    """The account of that name, in any spelling.

    Raises:
        AccountNotFound: there is none, or one of the other kind.
    """
    query = sa.select(accounts).where(accounts.c.folded == fold_name(name))
    row = conn.execute(query).mappings().one_or_none()
    if row is None or (kind is not None and row["kind"] != kind.value):
        what = "user or organisation" if kind is None else kind.value
        msg = f"There is no {what} named {name[:100]!r}."
        raise AccountNotFound(msg)
    return account_from(row)


def by_id(conn: sa.Connection, account_id: int) -> Account:
    """The account of that number.

    Raises:
        AccountNotFound: there is none.
    """
    query = sa.select(accounts).where(accounts.c.id == account_id)
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise AccountNotFound
    return account_from(row)


def create(
    conn: sa.Connection,
    now: int,
    kind: AccountKind,
    profile: Profile,
    *,
    password_hash: str | None = None,
    actor_id: int | None = None,
    is_first_admin: bool = False,
) -> Account:
    """Make an account and take its name for ever.

    Raises:
        InvalidName, BadRequest: a name, fullname or address that is refused.
        NameTaken: the name exists, existed, or looks like one that does.
        Conflict: the public id is taken.
    """
    name = check_account_name(profile.name, is_first_admin=is_first_admin)
    public_id = profile.public_id or new_public_id()
    _check_free(conn, name, public_id)
    row = {
        "public_id": public_id,
        "kind": kind.value,
        "name": name,
        "folded": fold_name(name),
        "fullname": check_text(profile.fullname, "full name", FULLNAME_LENGTH_MAX),
        "email": check_email(profile.email),
        "password_hash": password_hash,
        "is_admin": profile.is_admin,
        "private_by_default": profile.private_by_default,
        "created_at": now,
    }
    created = conn.execute(sa.insert(accounts).values(row).returning(accounts)).mappings().one()
    account = account_from(created)
    conn.execute(
        sa.insert(account_names).values(
            confusable=confusable_key(name), folded=fold_name(name), account_id=account.id
        )
    )
    record(conn, now, f"{kind.value}.created", actor_id, None, _told(account))
    return account


def _check_free(conn: sa.Connection, name: str, public_id: str) -> None:
    names = sa.select(account_names.c.folded).where(
        account_names.c.confusable == confusable_key(name)
    )
    holder = conn.execute(names).scalar_one_or_none()
    if holder is not None:
        taken = holder == fold_name(name)
        msg = (
            f"The name {name!r} is taken."
            if taken
            else f"The name {name!r} looks like {holder!r}, which is taken."
        )
        raise NameTaken(msg)
    ids = sa.select(accounts.c.id).where(accounts.c.public_id == public_id)
    if conn.execute(ids).first() is not None:
        msg = f"The id {public_id!r} is taken."
        raise Conflict(msg)


def password_of(conn: sa.Connection, name: str) -> tuple[int, str | None] | None:
    """The number and password hash of a user who may sign in, or None."""
    query = sa.select(accounts.c.id, accounts.c.password_hash).where(
        accounts.c.folded == fold_name(name),
        accounts.c.kind == AccountKind.USER.value,
        accounts.c.disabled_at.is_(None),
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else (row.id, row.password_hash)


def replace_password(conn: sa.Connection, account_id: int, old: str, new: str) -> None:
    """Keep the same password in newer parameters, unless it was changed meanwhile."""
    conn.execute(
        sa.update(accounts)
        .where(accounts.c.id == account_id, accounts.c.password_hash == old)
        .values(password_hash=new)
    )


def change(
    conn: sa.Connection, now: int, account: Account, actor_id: int | None, **columns: object
) -> None:
    """Set columns of an account; what changed is recorded by name, not by value."""
    conn.execute(sa.update(accounts).where(accounts.c.id == account.id).values(columns))
    told = {**_told(account), "changed": sorted(columns)}
    record(conn, now, f"{account.kind.value}.changed", actor_id, None, told)


def describe(conn: sa.Connection, now: int, account_id: int, fullname: str, email: str) -> None:
    """Set what a user tells of themselves.

    Raises:
        AccountNotFound: there is no such account.
        BadRequest: text that is refused.
    """
    account = by_id(conn, account_id)
    values = {
        "fullname": check_text(fullname, "full name", FULLNAME_LENGTH_MAX),
        "email": check_email(email.strip()),
    }
    conn.execute(sa.update(accounts).where(accounts.c.id == account_id).values(values))
    record(conn, now, "user.described", account_id, None, _told(account))


def set_disabled(
    conn: sa.Connection, now: int, account: Account, *, disabled: bool, actor_id: int | None
) -> None:
    """Close an account, or open it again. Doing it twice changes nothing.

    Raises:
        Conflict: it is the last admin who could open it again.
    """
    if account.is_disabled == disabled:
        return
    if disabled and account.is_admin:
        _check_other_admin(conn, account)
    moment = now if disabled else None
    conn.execute(sa.update(accounts).where(accounts.c.id == account.id).values(disabled_at=moment))
    voices.count(conn, account.id, closed=disabled)
    verb = "disabled" if disabled else "enabled"
    record(conn, now, f"{account.kind.value}.{verb}", actor_id, None, _told(account))


def _check_other_admin(conn: sa.Connection, account: Account) -> None:
    others = sa.select(accounts.c.id).where(
        accounts.c.is_admin, accounts.c.disabled_at.is_(None), accounts.c.id != account.id
    )
    if conn.execute(others.limit(1)).first() is None:
        msg = f"{account.name!r} is the hub's only admin."
        raise Conflict(msg)


def listed(
    conn: sa.Connection, kind: AccountKind | None, after: str, limit: int
) -> tuple[Account, ...]:
    """Accounts in the order of their folded names, from after ``after``."""
    query = sa.select(accounts).where(accounts.c.folded > fold_name(after))
    if kind is not None:
        query = query.where(accounts.c.kind == kind.value)
    rows = conn.execute(query.order_by(accounts.c.folded).limit(limit)).mappings()
    return tuple(account_from(row) for row in rows)


# --- memberships --------------------------------------------------------------------------------


def members(
    conn: sa.Connection, *, organisation: Account | None = None, user: Account | None = None
) -> tuple[Member, ...]:
    """The members of an organisation, or the organisations of a user, by name.

    Disabled accounts are left out.
    """
    assert (organisation is None) != (user is None)
    mine = memberships.c.organisation_id if organisation else memberships.c.user_id
    other = memberships.c.user_id if organisation else memberships.c.organisation_id
    known = organisation or user
    assert known is not None
    query = (
        sa.select(accounts, memberships.c.role.label("member_role"))
        .join_from(memberships, accounts, other == accounts.c.id)
        .where(mine == known.id, accounts.c.disabled_at.is_(None))
        .order_by(accounts.c.folded)
    )
    found = []
    for row in conn.execute(query).mappings():
        account, role = account_from(row), Role(row["member_role"])
        found.append(Member(known, account, role) if organisation else Member(account, known, role))
    return tuple(found)


def role_of(conn: sa.Connection, organisation_id: int, user_id: int) -> Role | None:
    """The role of a user in an organisation."""
    query = sa.select(memberships.c.role).where(
        memberships.c.organisation_id == organisation_id, memberships.c.user_id == user_id
    )
    found = conn.execute(query).scalar_one_or_none()
    return None if found is None else Role(found)


def set_member(
    conn: sa.Connection,
    now: int,
    organisation: Account,
    user: Account,
    role: Role | None,
    *,
    actor_id: int | None,
) -> None:
    """Give a user a role in an organisation, or with None take it away.

    Raises:
        Conflict: the organisation would be left without an admin.
    """
    before = role_of(conn, organisation.id, user.id)
    if before is role:
        return
    if before is Role.ADMIN:
        _check_other_organisation_admin(conn, organisation, user)
    row = {"organisation_id": organisation.id, "user_id": user.id}
    if role is None:
        conn.execute(sa.delete(memberships).filter_by(**row))
    else:
        upsert(conn, memberships, {**row, "role": role.value}, update=["role"])
    told = {**_told(organisation), "user": user.name, "role": None if role is None else role.value}
    record(conn, now, "organisation.member_changed", actor_id, None, told)


def _check_other_organisation_admin(
    conn: sa.Connection, organisation: Account, user: Account
) -> None:
    others = sa.select(memberships.c.user_id).where(
        memberships.c.organisation_id == organisation.id,
        memberships.c.role == Role.ADMIN.value,
        memberships.c.user_id != user.id,
    )
    if conn.execute(others.limit(1)).first() is None:
        msg = f"{user.name!r} is the only admin of {organisation.name!r}."
        raise Conflict(msg)


def _told(account: Account) -> dict[str, object]:
    return {"account_id": account.id, "name": account.name}


def has_admin(conn: sa.Connection) -> bool:
    """Whether the hub has an admin, disabled or not."""
    return (
        conn.execute(sa.select(accounts.c.id).where(accounts.c.is_admin).limit(1)).first()
        is not None
    )


def names_of(conn: sa.Connection, account_ids: Sequence[int]) -> dict[int, str]:
    """Account names by number: for lists that show who did something."""
    if not account_ids:
        return {}
    query = sa.select(accounts.c.id, accounts.c.name).where(accounts.c.id.in_(account_ids))
    return {row.id: row.name for row in conn.execute(query)}
