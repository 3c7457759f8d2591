"""Atom feeds of what the pages show: for whoever may see it, anonymous or by Basic or Bearer.

No address carries a token (docs/decisions/0026-activity-and-notifications.md): a reader of private
feeds is given a name and a token. Errors are plain text, since no person looks at them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from email.utils import formatdate
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from groundswell.core.errors import GroundswellError, RevisionNotFound, Unauthenticated
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoKind
from groundswell.http.auth import ask
from groundswell.http.errors import error_headers, status_for
from groundswell.http.pages.activity import row
from groundswell.http.pages.door import Asked, asked_of
from groundswell.http.pages.repositories import PATTERNS, find
from groundswell.http.routing import Door, Route
from groundswell.hub.activity import Activity
from groundswell.hub.discussions import DiscussionQuery
from groundswell.hub.repos import Repository
from groundswell.hub.search import ListQuery, Sort
from groundswell.wire import atom
from groundswell.wire.atom import Entry, Feed

ENTRIES_MAX: Final = 50
_SORTS: Final = {"new": Sort.CREATED_AT, "trending": Sort.TRENDING}

Make = Callable[[Asked], Feed]


def _render_error(request: Request, error: GroundswellError) -> Response:
    anonymous = bool(request.scope.get("asks_anonymously", True))
    status = status_for(error, anonymous=anonymous)
    headers = error_headers(error)
    if status == Unauthenticated.status:
        headers["WWW-Authenticate"] = 'Basic realm="Groundswell", charset="UTF-8"'
    return PlainTextResponse(error.message + "\n", status, headers)


DOOR: Final = Door("feeds", _render_error)


def _serve(make: Make) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers with a feed; what a reader has already is not sent again. It is
    made, and rights are judged, each time.
    """

    async def endpoint(request: Request) -> Response:
        asked = asked_of(request)

        def work(principal: Principal) -> Response:
            feed = make(replace(asked, principal=principal))
            body = atom.write(feed)
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            headers = {
                "ETag": tag,
                "Last-Modified": formatdate(feed.updated_at // 1_000_000, usegmt=True),
                "Cache-Control": "private, no-cache",
                "Vary": "Authorization, Cookie",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            }
            known = request.headers.get("if-none-match", "")[:2000]
            if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
                return Response(status_code=304, headers=headers)
            return Response(body, headers=headers, media_type=atom.MEDIA_TYPE)

        return await ask(request, work)

    return endpoint


def _feed(asked: Asked, title: str, page: str, entries: Iterable[Entry], began_at: int = 0) -> Feed:
    base = asked.base_url
    return Feed(title, base + asked.path, base + page, tuple(entries)[:ENTRIES_MAX], began_at)


def _entry(asked: Asked, activity: Activity) -> Entry:
    told = row(activity)
    of = "" if told.target == told.repo else f" of {told.repo}"
    words = f"{told.actor} {told.text} {told.target}{of}"
    return Entry(
        id=f"{asked.base_url}/-/events/{activity.id}",
        title=f"{words}: {told.title}" if told.title else words,
        url=asked.base_url + told.url,
        updated_at=activity.happened_at,
        author=told.actor,
        text=told.excerpt,
    )


def _activity(asked: Asked) -> Feed:
    repository = find(asked, Action.SEE)
    read = asked.hub.activities.of_repository
    page = read(asked.principal, repository, limit=ENTRIES_MAX)
    entries = [_entry(asked, each) for each in page.activities]
    at = f"/{repository.repo_id.url_path}/activity"
    title = f"Activity of {repository.full_name}"
    return _feed(asked, title, at, entries, repository.created_at)


def _commits(asked: Asked) -> Feed:
    repository = find(asked, Action.SEE)
    base = f"{asked.base_url}/{repository.repo_id.url_path}"
    try:
        commits = asked.hub.content.log(repository, "main", limit=ENTRIES_MAX, page=0).commits
    except RevisionNotFound:
        commits = ()
    entries = [
        Entry(
            id=f"{base}/commit/{each.id}",
            title=each.title or "(no message)",
            url=f"{base}/commit/{each.id}",
            updated_at=each.time,
            author=each.author.name,
            text=each.description,
        )
        for each in commits
    ]
    at = f"/{repository.repo_id.url_path}/commits/main"
    title = f"Commits of {repository.full_name}"
    return _feed(asked, title, at, entries, repository.created_at)


def _discussions(asked: Asked) -> Feed:
    repository = find(asked, Action.SEE)
    at = f"/{repository.repo_id.url_path}/discussions"
    found = asked.hub.discussions.list(repository, DiscussionQuery()).discussions
    newest = sorted(found, key=lambda each: -each.created_at)
    entries = [
        Entry(
            id=f"{asked.base_url}{at}/{each.number}",
            title=f"#{each.number} {each.title} ({each.status.value})",
            url=f"{asked.base_url}{at}/{each.number}",
            updated_at=each.created_at,
            author=each.author or "",
        )
        for each in newest
    ]
    title = f"Discussions of {repository.full_name}"
    return _feed(asked, title, at, entries, repository.created_at)


def _account(asked: Asked) -> Feed:
    name = asked.parameters["account"].removesuffix(".atom")
    account = asked.hub.accounts.find_account(name)
    read = asked.hub.activities.of_account
    page = read(asked.principal, account.name, limit=ENTRIES_MAX)
    entries = [_entry(asked, each) for each in page.activities]
    at = f"/{account.name}?tab=activity"
    return _feed(asked, f"Activity of {account.name}", at, entries, account.created_at)


def _repositories(asked: Asked) -> Feed:
    kind = next(kind for kind in RepoKind if kind.plural == asked.parameters["kind"])
    word = asked.parameters["feed"].removesuffix(".atom")
    query = ListQuery(sort=_SORTS[word], limit=ENTRIES_MAX)
    found = asked.hub.search.list(asked.principal, kind, query).repositories
    entries = [_made(asked, each) for each in found]
    at = f"/{kind.plural}?sort={'created' if word == 'new' else word}"
    return _feed(asked, f"{word.capitalize()} {kind.plural}", at, entries)


def _made(asked: Asked, repository: Repository) -> Entry:
    url = f"{asked.base_url}/{repository.repo_id.url_path}"
    return Entry(
        id=f"{asked.base_url}/-/repositories/{repository.public_id}",
        title=repository.full_name,
        url=url,
        updated_at=repository.created_at,
        author=repository.repo_id.namespace,
        text=repository.description or "",
    )


def _route(pattern: str, make: Make, name: str) -> Route:
    return Route(("GET",), pattern, _serve(make), DOOR, f"feed {name}")


def routes() -> list[Route]:
    """Addresses of this part."""
    found = [
        _route("/-/feeds/accounts/{account}", _account, "account"),
        _route(
            "/-/feeds/{kind:models|datasets|spaces}/{feed:new.atom|trending.atom}",
            _repositories,
            "repositories",
        ),
    ]
    parts = (("activity", _activity), ("commits", _commits), ("discussions", _discussions))
    for name, make in parts:
        found += [_route(f"{pattern}/{name}.atom", make, name) for pattern in PATTERNS]
    return found
