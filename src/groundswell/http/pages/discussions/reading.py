"""Lists of discussions, one with what happened in it, and what a pull request changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from groundswell.core.errors import NotFound, RevisionNotFound
from groundswell.core.policy import Action, may
from groundswell.http.pages.discussions.requirements import shown
from groundswell.http.pages.discussions.threads import (
    Cards,
    review_cards,
    reviewers_of,
    standing_of,
)
from groundswell.http.pages.discussions.timeline import NOBODY, Seen, entry_of
from groundswell.http.pages.door import Answer, Asked, with_query
from groundswell.http.pages.repositories import find, head_of, place, tag_of
from groundswell.http.pages.views import (
    CollidingFile,
    CommentCard,
    DiscussionPage,
    DiscussionRow,
    DiscussionsPage,
    LabelRow,
    MergeBox,
    RepoHead,
    SourceBranch,
    TimelineLine,
)
from groundswell.hub.discussions import Discussion, DiscussionQuery, Happening, Label, Status
from groundswell.hub.discussions.reactions import KINDS
from groundswell.hub.discussions.searching import TEXT_LENGTH_MAX
from groundswell.hub.discussions.searching import asked as typed
from groundswell.hub.notifications import About, ThreadKey
from groundswell.hub.repos import Repository

STATUSES: Final = {"open": True, "closed": False, "all": None}
ENTRIES_SHOWN: Final = 50
# Of the comments after the first: a page takes no longer however much each of them says.
TEXT_SHOWN_CHARACTERS: Final = 24 * 1024
COLLISIONS_SHOWN: Final = 20
_LIVE: Final = {Status.DRAFT, Status.OPEN}


def row_of(head: RepoHead, discussion: Discussion) -> DiscussionRow:
    """A discussion in a list."""
    return DiscussionRow(
        number=discussion.number,
        title=discussion.title,
        url=f"{head.url}/discussions/{discussion.number}",
        status=discussion.status.value,
        is_pull_request=discussion.is_pull_request,
        author=discussion.author or NOBODY,
        created_at=discussion.created_at,
        comments=max(0, discussion.comment_count - 1),
        is_pinned=discussion.is_pinned,
        is_locked=discussion.is_locked,
        labels=tuple(label_row(head, each) for each in discussion.labels),
        assignees=discussion.assignees,
    )


def list_url(head: RepoHead, status: str, text: str, page: int = 0) -> str:
    """The address of a list of discussions."""
    number = str(page) if page else None
    return with_query(f"{head.url}/discussions", status=status, search=text, p=number)


def label_row(head: RepoHead, label: Label, *, is_on: bool = False) -> LabelRow:
    """A label that leads to what has it."""
    url = list_url(head, "all", f'label:"{label.name}"')
    return LabelRow(label.id, label.name, label.colour, label.description, url, is_on)


def _count(text: str, digits_max: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits_max else None


def number_of(asked: Asked) -> int:
    """The discussion that the path names. Raises NotFound."""
    number = _count(asked.parameters["number"], 9)
    if number is None:
        raise NotFound
    return number


def show_list(asked: Asked) -> Answer:
    """A page of discussions."""
    repository = find(asked, Action.SEE)
    head = head_of(asked, repository)
    status = asked.query.get("status", "open")
    status = status if status in STATUSES else "open"
    words = asked.query.get("search", "")
    for key in ("label", "assignee", "author"):
        if value := asked.query.get(key, "").replace('"', ""):
            words += f' {key}:"{value}"'
    words = words.strip()[:TEXT_LENGTH_MAX]
    number = _count(asked.query.get("p", ""), 5) or 0
    query = typed(words, DiscussionQuery(open=STATUSES[status], page=number))
    found = asked.hub.discussions.list(repository, query)
    more = found.start + len(found.discussions) < found.count

    return DiscussionsPage(
        repo=head,
        rows=tuple(row_of(head, each) for each in found.discussions),
        status=status,
        words=words,
        older_url=list_url(head, status, words, number + 1) if more else None,
        newer_url=list_url(head, status, words, number - 1) if number else None,
    )


def show_one(asked: Asked) -> Answer:
    """One discussion. What it would change is told to those who may read the content."""
    return page_of(asked, find(asked, Action.SEE), number_of(asked))


def page_of(
    asked: Asked, repository: Repository, number: int, text: str = "", error: str = ""
) -> DiscussionPage:
    """The page of a discussion; ``text`` and ``error`` are of what was just refused."""
    principal = asked.principal
    head = head_of(asked, repository)
    discussion = asked.hub.discussions.get(repository, number)
    asked.hub.inbox.seen(principal, ThreadKey(About.DISCUSSION, discussion.id))
    here = f"{head.url}/discussions/{number}"
    is_own = not principal.is_anonymous and discussion.author == principal.name
    may_contribute = may(principal, Action.CONTRIBUTE, repository.subject).allowed
    may_change = head.may_write or (is_own and may_contribute)
    may_comment = may_contribute and (head.may_write or not discussion.is_locked)
    cards = Cards(asked, head, discussion, may_comment)
    entries, earlier = _entries(cards, repository)
    is_request = discussion.is_pull_request
    return DiscussionPage(
        repo=head,
        row=row_of(head, discussion),
        entries=entries,
        earlier_url=with_query(here, before=str(entries[1].id)) if earlier else None,
        earlier_count=earlier,
        changes_url=f"{here}/files" if is_request else None,
        files_url=place(head, "tree", discussion.reference) if is_request else None,
        source=_source(asked, discussion) if is_request else None,
        merge=_merge_box(asked, repository, head, discussion, may_change=may_change),
        merge_commit=discussion.merge_commit,
        standing=standing_of(asked, repository, discussion),
        reviewers=reviewers_of(asked, repository, discussion, may_ask=may_change and may_comment),
        may_comment=may_comment,
        labels=_labels(asked, head, repository, discussion),
        signs=tuple(KINDS.items()) if may_comment else (),
        may_change=may_change,
        may_write=head.may_write,
        hears=None if principal.is_anonymous else _hears(asked, repository, discussion),
        text=text,
        error=error,
    )


def _hears(asked: Asked, repository: Repository, discussion: Discussion) -> bool:
    return asked.hub.watching.hears_of(asked.principal, repository, discussion.number)


def _source(asked: Asked, discussion: Discussion) -> SourceBranch | None:
    found = asked.hub.forks.source_of(asked.principal, discussion)
    if found is None:
        return None
    return SourceBranch(tag_of(found.repository), found.branch, found.has_more)


def _entries(
    cards: Cards, repository: Repository
) -> tuple[tuple[CommentCard | TimelineLine, ...], int]:
    """The first entry and the newest ones, or those before one; and how many stand between."""
    asked, head, discussion = cards.asked, cards.head, cards.request
    timeline = asked.hub.discussions.timeline
    first = timeline(discussion, after=0, limit=1)
    before = _count(asked.query.get("before", ""), 18)
    shown = timeline(discussion, before=before, limit=ENTRIES_SHOWN).happenings
    happenings = [*first.happenings, *_newest(shown, first.happenings)]
    earlier = 0
    if len(happenings) > 1:
        earlier = asked.hub.discussions.count_before(discussion, happenings[1].id) - 1
    comments = [each.id for each in happenings if each.comment is not None]
    reactions = asked.hub.reactions.at(asked.principal, comments)
    seen = Seen(asked.principal, head, asked.base_url, reactions)
    reviews = review_cards(cards, repository, happenings)
    entries = tuple(
        entry_of(seen, each, is_first=place == 0, review=reviews.get(each.id))
        for place, each in enumerate(happenings)
    )
    return entries, earlier


def _newest(shown: Sequence[Happening], first: Sequence[Happening]) -> list[Happening]:
    """As many of the newest as a page carries: at least one, and the others by their texts."""
    kept: list[Happening] = []
    left = TEXT_SHOWN_CHARACTERS
    for each in reversed(shown):
        left -= len(each.comment.text) if each.comment is not None else 0
        if each in first or (left < 0 and kept):
            break
        kept.append(each)
    kept.reverse()
    return kept


def _labels(
    asked: Asked, head: RepoHead, repository: Repository, discussion: Discussion
) -> tuple[LabelRow, ...]:
    if not head.may_write:
        return ()
    on = {each.id for each in discussion.labels}
    found = asked.hub.labels.of_repository(repository)
    return tuple(label_row(head, each, is_on=each.id in on) for each in found)


def _merge_box(
    asked: Asked,
    repository: Repository,
    head: RepoHead,
    discussion: Discussion,
    *,
    may_change: bool,
) -> MergeBox | None:
    if not discussion.is_pull_request or discussion.status not in _LIVE:
        return None
    if not may(asked.principal, Action.READ, repository.subject).allowed:
        return None
    try:
        found = asked.hub.merging.look(repository, discussion)
    except RevisionNotFound:
        return None
    collisions = tuple(
        CollidingFile(each.path, each.marked or None)
        for each in found.collisions[:COLLISIONS_SHOWN]
    )
    demanded = shown(asked, repository, head, discussion, found.head)
    return MergeBox(
        commits=found.ahead,
        behind=found.behind,
        is_related=found.base is not None,
        collisions=collisions,
        may_merge=head.may_write and discussion.status is Status.OPEN,
        may_update=may_change,
        needs=demanded.needs,
        checks=demanded.checks,
        is_blocked=demanded.is_blocked,
        may_pass_over=demanded.may_pass_over,
        squash_only=demanded.squash_only,
        has_queue=demanded.has_queue,
        queue_url=f"{head.url}/queue",
        queue_place=demanded.queue_place,
    )
