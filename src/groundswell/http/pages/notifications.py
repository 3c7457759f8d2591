"""The inbox in the browser: looked at, sorted through, threads heard of or not."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import BadRequest, InvalidName, RepoNotFound
from groundswell.core.policy import Action
from groundswell.core.values import RepoId, RepoKind
from groundswell.http.pages.activity import NOBODY
from groundswell.http.pages.discussions.reading import number_of
from groundswell.http.pages.door import (
    Answer,
    Asked,
    Redirect,
    local_path,
    show,
    take,
    with_query,
)
from groundswell.http.pages.repositories import find, takes
from groundswell.http.pages.views import NotificationRow, NotificationsPage
from groundswell.http.routing import Route
from groundswell.hub.notifications import Filter, Mark, Notification, ThreadKey
from groundswell.hub.repos import Repository

AT: Final = "/notifications"
_KINDS: Final = {kind.plural: kind for kind in RepoKind}

_REASONS: Final = {
    "mention": "you are mentioned",
    "assigned": "you are to see to it",
    "review": "your review is asked for",
    "deciding": "you decide about them",
    "asked": "you asked for it",
    "author": "you opened it",
    "comment": "you take part",
    "chosen": "you chose to hear of it",
    "watching": "you watch the repository",
}
_WORDS: Final = {
    "discussion.created": "opened it",
    "discussion.commented": "said something",
    "discussion.status_changed": "opened or closed it",
    "discussion.assigned": "gave it to somebody",
    "pull_request.merged": "merged it",
    "commit.landed": "brought commits",
    "comment.edited": "changed what they said",
    "review.requested": "asked for a review",
    "review.submitted": "reviewed it",
    "review.dismissed": "dismissed a review",
    "review_thread.answered": "answered in a review",
    "access.requested": "asks for access",
    "access.granted": "let you in",
    "access.rejected": "turned your request down",
}


def _icon(notification: Notification) -> str:
    if notification.number is None:
        return "lock"
    return "branch" if notification.is_pull_request else "talk"


def _row(notification: Notification) -> NotificationRow:
    repository = notification.repository
    at = f"/{notification.url_path}"
    if notification.type == "discussion.commented":
        at += f"#entry-{notification.event_id}"
    return NotificationRow(
        id=str(notification.thread),
        icon=_icon(notification),
        title=notification.title,
        url=at,
        repo=repository.full_name,
        repo_url=f"/{repository.repo_id.url_path}",
        number=notification.number,
        actor=notification.actor or NOBODY,
        text=_WORDS.get(notification.type, "changed it"),
        reason=_REASONS.get(notification.reason.value, ""),
        happened_at=notification.happened_at,
        is_read=notification.is_read,
        is_private=repository.is_private,
    )


def _repository(asked: Asked, key: str) -> Repository | None:
    """The repository that ``models/ns/name`` means; None for no key."""
    if not key:
        return None
    word, _, name = key.partition("/")
    try:
        repo_id = RepoId.parse(_KINDS[word], name)
    except (KeyError, InvalidName) as error:
        raise RepoNotFound from error
    return asked.hub.repos.find(asked.principal, repo_id, Action.SEE)


def _show(asked: Asked) -> Answer:
    principal = asked.signed_in()
    which = Filter.ALL if asked.query.get("which") == "all" else Filter.UNREAD
    key, cursor = asked.query.get("repo", "")[:300], asked.query.get("cursor") or None
    repository = _repository(asked, key)
    page = asked.hub.inbox.list(principal, which, repository, cursor=cursor)
    chosen = {"which": which.value if which is Filter.ALL else None, "repo": key}
    after = page.next_cursor
    return NotificationsPage(
        rows=tuple(_row(each) for each in page.notifications),
        which=which.value,
        here=asked.target,
        repo="" if repository is None else repository.full_name,
        repo_key=key,
        next_url=with_query(AT, **chosen, cursor=after) if after else None,
        first_url=with_query(AT, **chosen) if cursor else None,
    )


def _mark(asked: Asked) -> Answer:
    principal, do = asked.signed_in(), asked.fields.get("do", "")
    if do == "all":
        asked.hub.inbox.mark_all_read(principal)
    elif do in set(Mark):
        thread = ThreadKey.parse(asked.fields.get("thread", ""))
        asked.hub.inbox.mark(principal, [thread], Mark(do))
    else:
        msg = "The form does not say what to do."
        raise BadRequest(msg)
    return Redirect(local_path(asked.fields.get("next", ""), AT))


def _hear(asked: Asked) -> Answer:
    repository, number = find(asked, Action.SEE), number_of(asked)
    hears = asked.fields.get("hear") != "no"
    asked.hub.watching.set_hears_of(asked.principal, repository, number, hears=hears)
    here = f"/{repository.repo_id.url_path}/discussions/{number}"
    return Redirect(local_path(asked.fields.get("next", ""), here))


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show(AT, _show, "notifications"),
        take(AT, _mark, "notifications"),
        *takes("/discussions/{number}/hear", _hear, "hear of discussion"),
    ]
