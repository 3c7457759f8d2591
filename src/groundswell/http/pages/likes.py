"""Likes and follows in the browser: the buttons, and who likes a repository."""

from __future__ import annotations

from groundswell.core.policy import Action
from groundswell.http.pages.door import Answer, Asked, Redirect, take, with_query
from groundswell.http.pages.repositories import find, head_of, shows, takes
from groundswell.http.pages.views import LikersPage, PersonRow
from groundswell.http.routing import Route
from groundswell.hub.accounts import Account
from groundswell.hub.repos import Repository


def person_of(account: Account) -> PersonRow:
    """An account in a list."""
    return PersonRow(account.name, account.fullname, account.is_organisation)


def is_liked(asked: Asked, repository: Repository) -> bool:
    """Whether who asks likes the repository."""
    likes = asked.hub.likes
    return not asked.principal.is_anonymous and likes.is_given(asked.principal, repository)


def _likers(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    head = head_of(asked, repository)
    cursor = asked.query.get("cursor") or None
    page = asked.hub.likes.likers(repository, cursor=cursor)
    here = f"{head.url}/likers"
    return LikersPage(
        repo=head,
        rows=tuple(person_of(account) for account in page.accounts),
        is_liked=is_liked(asked, repository),
        next_url=with_query(here, cursor=page.next_cursor) if page.next_cursor else None,
        first_url=here if cursor else None,
    )


def _like(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    likes = asked.hub.likes
    change = likes.take_back if asked.fields.get("like") == "no" else likes.give
    change(asked.principal, repository)
    return Redirect(f"/{repository.repo_id.url_path}")


def _follow(asked: Asked) -> Answer:
    account = asked.hub.accounts.find_account(asked.parameters["account"])
    follows = asked.hub.follows
    change = follows.unfollow if asked.fields.get("follow") == "no" else follows.follow
    change(asked.principal, account.name)
    return Redirect(f"/{account.name}")


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows("/likers", _likers, "likers"),
        *takes("/like", _like, "like"),
        take("/-/follow/{account}", _follow, "follow"),
    ]
