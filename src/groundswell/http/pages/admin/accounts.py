"""Accounts of the hub: listed, made, closed and opened, and given a new password."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound
from groundswell.http.pages.door import Answer, Asked, show, take, with_query
from groundswell.http.pages.views import UserRow, UsersPage
from groundswell.http.routing import Route
from groundswell.hub.accounts import Account
from groundswell.hub.accounts.secret_values import new_password

ON_PAGE: Final = 100
TEXT_MAX: Final = 200
WORDS_MAX: Final = 8


def check_admin(asked: Asked) -> None:
    """Raises Unauthenticated or Forbidden for everybody but the hub's admins."""
    if not asked.signed_in().is_admin:
        raise Forbidden


def _row(account: Account) -> UserRow:
    return UserRow(
        account.name,
        account.fullname,
        account.email or "",
        account.kind.value,
        is_admin=account.is_admin,
        is_disabled=account.is_disabled,
        created_at=account.created_at,
    )


def _page(asked: Asked, error: str = "", told: str = "") -> UsersPage:
    accounts = asked.hub.accounts
    search = asked.query.get("search", "").strip()[:TEXT_MAX]
    if search:
        found = accounts.find_named(search.split()[:WORDS_MAX], ON_PAGE, with_closed=True)
        return UsersPage(tuple(map(_row, found)), None, search, error, told)
    left = accounts.list_accounts(after=asked.query.get("after", "")[:100], limit=ON_PAGE + 1)
    rows = tuple(map(_row, left[:ON_PAGE]))
    more = with_query("/-/admin/users", after=rows[-1].name) if len(left) > ON_PAGE else None
    return UsersPage(rows, more, search, error, told)


def _users(asked: Asked) -> Answer:
    check_admin(asked)
    return _page(asked)


def _change(asked: Asked) -> Answer:
    check_admin(asked)
    try:
        return _page(asked, told=_done(asked))
    except (BadRequest, Conflict, NotFound) as error:
        return _page(asked, error.message)


def _done(asked: Asked) -> str:
    """Do what the form says; what there is to tell of it, once."""
    fields, accounts, by = asked.fields, asked.hub.accounts, asked.principal
    name = fields.get("name", "").strip()[:TEXT_MAX]
    what = fields.get("do", "")
    if what == "add":
        password = new_password()
        accounts.create_user(
            name,
            password,
            fullname=fields.get("fullname", "")[:TEXT_MAX],
            email=fields.get("email", "").strip()[:TEXT_MAX] or None,
            is_admin=fields.get("admin") == "yes",
            by=by,
        )
        return f"The password of {name}: {password}"
    if what == "password":
        password = new_password()
        accounts.set_password(name, password, by=by)
        return f"The new password of {name}: {password}"
    if what not in {"disable", "enable"}:
        raise BadRequest("Nothing to do.")
    accounts.set_disabled(name, disabled=what == "disable", by=by)
    return f"{name} is {'closed' if what == 'disable' else 'open'}."


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/-/admin/users", _users, "users"),
        take("/-/admin/users", _change, "users"),
    ]
