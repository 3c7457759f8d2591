"""Activity in the words of a page: of repositories and accounts, and home for who is signed in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from groundswell.core.policy import Action
from groundswell.core.values import RepoKind
from groundswell.http.pages.door import Answer, Asked, Redirect, with_query
from groundswell.http.pages.repositories import (
    find,
    head_of,
    row_of,
    rows_of,
    shows,
    takes,
)
from groundswell.http.pages.views import ActivityRow, FeedPage, RepoActivityPage
from groundswell.http.pages.wording import plural
from groundswell.http.routing import Route
from groundswell.hub.activity import Activity
from groundswell.hub.notifications import Level
from groundswell.hub.search import ListQuery, Sort

NOBODY: Final = "somebody"
OWN_SHOWN: Final = 8

_HEADS: Final = "refs/heads/"
_TAGS: Final = "refs/tags/"
_STATES: Final = {"closed": "closed", "open": "opened again"}


def row(activity: Activity) -> ActivityRow:
    """One line of activity: ``actor text target``."""
    repository = activity.repository
    url = f"/{repository.repo_id.url_path}"
    icon, text, target, at = _told(activity, url)
    return ActivityRow(
        icon=icon,
        actor=activity.actor or NOBODY,
        text=text,
        target=target,
        url=at,
        repo=repository.full_name,
        repo_url=url,
        happened_at=activity.happened_at,
        is_private=repository.is_private,
        title="" if activity.thread is None else activity.thread.title,
        excerpt=activity.excerpt,
    )


def rows(activities: Iterable[Activity]) -> tuple[ActivityRow, ...]:
    """Lines of activity."""
    return tuple(row(each) for each in activities)


def _told(activity: Activity, url: str) -> tuple[str, str, str, str]:
    """Icon, words, what they speak of, and its address."""
    repository = activity.repository
    whole = (repository.full_name, url)
    if activity.thread is not None:
        return _in_thread(activity, url)
    match activity.type:
        case "repository.created":
            return (repository.kind.value, f"made the {repository.kind.value}", *whole)
        case "repository.moved":
            return ("link", f"moved a {repository.kind.value}, which is now", *whole)
        case "repository.liked":
            return ("heart", "likes", *whole)
        case _:
            return _moved(activity, url)


def _moved(activity: Activity, url: str) -> tuple[str, str, str, str]:
    reference, commit = activity.reference or "", activity.commit
    is_tag = reference.startswith(_TAGS)
    name = reference.removeprefix(_TAGS).removeprefix(_HEADS)
    icon, what = ("tag", "the tag") if is_tag else ("branch", "the branch")
    if commit is None:
        return icon, f"deleted {what} {name} of", activity.repository.full_name, url
    if is_tag:
        return icon, "tagged", name, f"{url}/commit/{commit}"
    return "history", f"committed to {name}:", commit[:8], f"{url}/commit/{commit}"


def _in_thread(activity: Activity, url: str) -> tuple[str, str, str, str]:
    thread = activity.thread
    assert thread is not None
    what = "the pull request" if thread.is_pull_request else "the discussion"
    name, at = f"#{thread.number}", f"{url}/discussions/{thread.number}"
    icon = "branch" if thread.is_pull_request else "talk"
    match activity.type:
        case "discussion.created":
            return icon, f"opened {what}", name, at
        case "discussion.commented":
            return "talk", f"said something in {what}", name, f"{at}#entry-{activity.id}"
        case "pull_request.merged":
            return "branch", "merged the pull request", name, at
        case "discussion.status_changed":
            if activity.before == "draft" and activity.status == "open":
                return icon, "made ready for review", name, at
            return icon, f"{_STATES.get(activity.status or '', 'changed')} {what}", name, at
        case _:
            count = plural(activity.commit_count or 1, "commit")
            return "history", f"brought {count} to {what}", name, at


def _of_repository(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    head, cursor = head_of(asked, repository), asked.query.get("cursor") or None
    page = asked.hub.activities.of_repository(asked.principal, repository, cursor=cursor)
    here = f"{head.url}/activity"
    return RepoActivityPage(
        repo=head,
        rows=rows(page.activities),
        feeds=(
            ("Activity", f"{head.url}/activity.atom"),
            ("Commits", f"{head.url}/commits.atom"),
            ("Discussions", f"{head.url}/discussions.atom"),
        ),
        next_url=with_query(here, cursor=page.next_cursor) if page.next_cursor else None,
        first_url=here if cursor else None,
    )


def home(asked: Asked) -> Answer:
    """What happens around who is signed in."""
    cursor = asked.query.get("cursor") or None
    principal, search = asked.signed_in(), asked.hub.search
    page = asked.hub.activities.home(principal, cursor=cursor)
    query = ListQuery(author=principal.name, sort=Sort.LAST_MODIFIED, limit=OWN_SHOWN)
    kinds = (RepoKind.MODEL, RepoKind.DATASET, RepoKind.SPACE)
    own = [each for kind in kinds for each in search.list(principal, kind, query).repositories]
    own.sort(key=lambda each: -each.modified_at)
    newest = ListQuery(sort=Sort.CREATED_AT, limit=OWN_SHOWN)
    return FeedPage(
        rows=rows(page.activities),
        own=tuple(row_of(each) for each in own[:OWN_SHOWN]),
        recent=rows_of(search.list(principal, RepoKind.MODEL, newest).repositories),
        next_url=with_query("/", cursor=page.next_cursor) if page.next_cursor else None,
        first_url="/" if cursor else None,
    )


def _watch(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    wanted = asked.fields.get("level", "")
    level = Level(wanted) if wanted in set(Level) else Level.PARTICIPATING
    asked.hub.watching.set_level(asked.principal, repository, level)
    return Redirect(f"/{repository.repo_id.url_path}/activity", "saved")


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows("/activity", _of_repository, "activity"),
        *takes("/watch", _watch, "watch"),
    ]
