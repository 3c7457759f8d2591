"""The pages of accounts: what a user or organisation has, likes, collects, and who follows whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from groundswell.core.errors import AccountNotFound
from groundswell.core.policy import may_create_in
from groundswell.core.values import RepoKind, share_text, size_text
from groundswell.http.pages import activity, collecting
from groundswell.http.pages.buckets import bucket_row
from groundswell.http.pages.door import Answer, Asked, Redirect, show, with_query
from groundswell.http.pages.likes import person_of
from groundswell.http.pages.lists import recent
from groundswell.http.pages.repositories import rows_of
from groundswell.http.pages.views import AccountPage, Fact, MemberRow
from groundswell.http.routing import Route
from groundswell.hub.overviews import Overview

ON_ACCOUNT: Final = 20
ON_TAB: Final = 50
# Names that accounts may have from before there was a page of that name.
_OTHER_PAGES: Final = frozenset({"ask"})


def _people(asked: Asked, name: str, *, is_organisation: bool) -> tuple[MemberRow, ...]:
    accounts = asked.hub.accounts
    if is_organisation:
        members = accounts.list_members(name)
        return tuple(MemberRow(m.user.name, m.user.fullname, m.role.value) for m in members)
    members = accounts.list_memberships(name)
    return tuple(
        MemberRow(m.organisation.name, m.organisation.fullname, m.role.value) for m in members
    )


def _storage(asked: Asked, account_id: int) -> tuple[Fact, ...]:
    """What the namespace's repositories take together: for those who may read all of them."""
    size = asked.hub.blobs.sizes.of_namespace(account_id)
    if size is None or size.linked_bytes == 0 or not asked.reads_namespace(account_id):
        return ()
    holds, limit = size_text(size.linked_bytes), asked.hub.blobs.quotas.limit_of(account_id)
    room = "" if limit is None else f"of {size_text(limit)}"
    return (
        Fact("Large files", holds, note=room),
        Fact(
            "Stored in",
            size_text(size.rest_bytes),
            note=share_text(size.rest_bytes, size.linked_bytes),
        ),
    )


def _tabs(overview: Overview) -> tuple[tuple[str, str, int], ...]:
    buckets = overview.repository_counts[RepoKind.BUCKET.value]
    found = [
        ("repositories", "Repositories", sum(overview.repository_counts.values()) - buckets),
        ("buckets", "Buckets", buckets),
        ("collections", "Collections", overview.collection_count),
        ("followers", "Followers", overview.follower_count),
        ("activity", "Activity", 0),
    ]
    if not overview.account.is_organisation:
        found.insert(3, ("likes", "Likes", overview.like_count))
        found.append(("following", "Following", overview.following_count))
    return tuple(found)


def _with_repositories(asked: Asked, page: AccountPage) -> AccountPage:
    return replace(
        page,
        models=recent(asked, RepoKind.MODEL, ON_ACCOUNT, page.name),
        datasets=recent(asked, RepoKind.DATASET, ON_ACCOUNT, page.name),
        spaces=recent(asked, RepoKind.SPACE, ON_ACCOUNT, page.name),
    )


def _with_collections(asked: Asked, page: AccountPage) -> AccountPage:
    found = asked.hub.collections.of_owner(asked.principal, page.name)
    return replace(page, collections=collecting.rows_of(found))


def _with_buckets(asked: Asked, page: AccountPage) -> AccountPage:
    cursor = asked.query.get("cursor") or None
    found = asked.hub.buckets.list(asked.principal, page.name, cursor=cursor, limit=ON_TAB)
    rows = tuple(bucket_row(each) for each in found.buckets)
    return replace(_paged(asked, page, found.next_cursor), buckets=rows)


def _paged(asked: Asked, page: AccountPage, next_cursor: str | None) -> AccountPage:
    here = page.url
    return replace(
        page,
        next_url=with_query(here, tab=page.tab, cursor=next_cursor) if next_cursor else None,
        first_url=with_query(here, tab=page.tab) if asked.query.get("cursor") else None,
    )


def _with_activity(asked: Asked, page: AccountPage) -> AccountPage:
    cursor = asked.query.get("cursor") or None
    found = asked.hub.activities.of_account(asked.principal, page.name, cursor=cursor)
    told = activity.rows(found.activities)
    return replace(_paged(asked, page, found.next_cursor), activities=told)


def _with_likes(asked: Asked, page: AccountPage) -> AccountPage:
    cursor = asked.query.get("cursor") or None
    likes = asked.hub.likes.of_account
    found = likes(asked.principal, page.name, cursor=cursor, limit=ON_TAB)
    rows = rows_of(like.repository for like in found.likes)
    return replace(_paged(asked, page, found.next_cursor), likes=rows)


def _with_people(asked: Asked, page: AccountPage) -> AccountPage:
    cursor, follows = asked.query.get("cursor") or None, asked.hub.follows
    listed = follows.followers if page.tab == "followers" else follows.following
    found = listed(asked.principal, page.name, cursor=cursor, limit=ON_TAB)
    people = tuple(person_of(each.account) for each in found.accounts)
    return replace(_paged(asked, page, found.next_cursor), people=people)


_FILL: Final[dict[str, Callable[[Asked, AccountPage], AccountPage]]] = {
    "repositories": _with_repositories,
    "buckets": _with_buckets,
    "collections": _with_collections,
    "likes": _with_likes,
    "followers": _with_people,
    "following": _with_people,
    "activity": _with_activity,
}


def _account(asked: Asked) -> Answer:
    principal = asked.principal
    overview = asked.hub.overviews.of(principal, asked.parameters["ns"])
    account, tabs = overview.account, _tabs(overview)
    tab = asked.query.get("tab", "")
    page = AccountPage(
        name=account.name,
        fullname=account.fullname,
        kind=account.kind.value,
        created_at=account.created_at,
        members=_people(asked, account.name, is_organisation=account.is_organisation),
        models=(),
        datasets=(),
        spaces=(),
        may_create=may_create_in(principal, account.id),
        is_self=principal.account_id == account.id,
        storage=_storage(asked, account.id),
        tab=tab if tab in {key for key, _, _ in tabs} else "repositories",
        tabs=tabs,
        is_followed=overview.is_followed,
        url=account_url(account.name),
    )
    return _FILL[page.tab](asked, page)


def account_url(name: str) -> str:
    """Where an account's page is: of one that is called as another page is, under ``/users``."""
    return f"/users/{name}" if name.lower() in _OTHER_PAGES else f"/{name}"


def namesake_url(asked: Asked, name: str) -> str:
    """The page of the account of this name; "" when there is none."""
    try:
        return account_url(asked.hub.accounts.find_account(name).name)
    except AccountNotFound:
        return ""


def _apart(asked: Asked) -> Answer:
    name = asked.parameters["ns"]
    if account_url(name) == f"/{name}":
        return Redirect(with_query(f"/{quote(name, safe='')}", **asked.query))
    return _account(asked)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [show("/users/{ns}", _apart, "account apart"), show("/{ns}", _account, "account")]
