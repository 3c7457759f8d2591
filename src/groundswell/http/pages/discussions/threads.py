"""Threads and reviews in the words of a page, for who looks at them.

Texts are rendered up to a bound for each page; what comes later is shown as it is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from groundswell.core.errors import RevisionNotFound
from groundswell.core.policy import Action, may
from groundswell.http.pages.door import Asked
from groundswell.http.pages.views import (
    AskedRow,
    EarlierText,
    RepoHead,
    ReviewCard,
    ReviewersBox,
    SaidLine,
    StandingRow,
    ThreadCard,
)
from groundswell.http.rendering import renderer
from groundswell.hub.discussions import Discussion, Happening, Status
from groundswell.hub.discussions.comments import REVIEWING
from groundswell.hub.repos import Repository
from groundswell.hub.reviews import Half, LineComment, Place, Review, Thread
from groundswell.hub.reviews.suggestions import split
from groundswell.wire.markdown import LinkBase, plain

RENDERED_MAX: Final = 200  # texts of one page
REVIEW_THREADS_SHOWN: Final = 20
PAGE_THREADS_SHOWN: Final = 100
EXCERPT_LINES_SHOWN: Final = 12
EARLIER_SHOWN_CHARACTERS: Final = 64 * 1024  # of one page
_LIVE: Final = {Status.DRAFT, Status.OPEN}


@dataclass(slots=True)
class Cards:
    """Makes the cards of one page of a pull request."""

    asked: Asked
    head: RepoHead
    request: Discussion
    may_speak: bool
    _rendered: int = field(default=0, init=False)
    _shown: int = field(default=0, init=False)
    _earlier_left: int = field(default=EARLIER_SHOWN_CHARACTERS, init=False)

    @property
    def is_own(self) -> bool:
        """Whether who looks opened the pull request."""
        principal = self.asked.principal
        return not principal.is_anonymous and self.request.author == principal.name

    def thread(self, found: Thread, *, alone: bool) -> ThreadCard:
        """A thread; ``alone`` when its lines do not stand beside it."""
        name = self.asked.principal.name
        is_said = not any(each.is_pending for each in found.comments)
        involved = self.head.may_write or self.is_own or found.author == name
        # The lines that a suggestion would replace are told with it.
        with_lines = alone or any(each.suggestion is not None for each in found.comments)
        lines = found.excerpt.split("\n")[:EXCERPT_LINES_SHOWN] if found.excerpt else []
        return ThreadCard(
            id=found.id,
            path=found.place.path,
            where=_where(found),
            said=tuple(self._said(found, each) for each in found.comments),
            excerpt=tuple(lines) if with_lines else (),
            is_outdated=found.is_outdated,
            is_resolved=found.is_resolved,
            resolved_by=found.resolved_by or "",
            may_reply=self.may_speak and is_said,
            may_resolve=self.may_speak and is_said and involved,
        )

    def _said(self, thread: Thread, comment: LineComment) -> SaidLine:
        principal = self.asked.principal
        own = not principal.is_anonymous and comment.author == principal.name
        is_lines = thread.place.side is Half.NEW and thread.place.first_line is not None
        suggestion = comment.suggestion if is_lines else None
        around = comment.text if suggestion is None else split(comment.text)[0]
        applied = comment.applied_commit or ""
        is_open = suggestion is not None and not applied and not comment.is_pending
        return SaidLine(
            id=comment.id,
            author=comment.author,
            written_at=comment.written_at,
            html=self._html(around, _key(comment)) if around.strip() else "",
            suggestion=None if suggestion is None else tuple(suggestion.split("\n")[:-1]),
            applied_id=applied[:8],
            applied_url=f"{self.head.url}/commit/{applied}" if applied else "",
            is_hidden=comment.is_hidden,
            is_pending=comment.is_pending,
            may_remove=(own or self.head.may_write) and not comment.is_hidden,
            may_edit=own and self.may_speak and not comment.is_hidden,
            text=comment.text if own and self.may_speak else "",
            is_edited=comment.edited_at is not None,
            earlier=self._earlier(comment),
            may_apply=is_open and not thread.is_outdated and self._may_push,
        )

    def _earlier(self, comment: LineComment) -> tuple[EarlierText, ...]:
        """The newest of what it said before, as far as the page carries it."""
        kept: list[EarlierText] = []
        for each in reversed(comment.earlier):
            self._earlier_left -= len(each.text)
            if self._earlier_left < 0:
                break
            kept.insert(0, EarlierText(each.text, each.written_at))
        return tuple(kept)

    @property
    def _may_push(self) -> bool:
        involved = self.head.may_write or (self.is_own and self.head.may_contribute)
        return involved and self.request.status in _LIVE

    def _html(self, text: str, key: str) -> str:
        self._rendered += 1
        if self._rendered > RENDERED_MAX:
            return plain(text).html
        where = LinkBase(self.head.url, "main", "", self.asked.base_url)
        return renderer().markdown(text, where, key).html

    def review(self, found: Review) -> ReviewCard:
        """What stands above and below the words of a review."""
        left = max(0, min(REVIEW_THREADS_SHOWN, PAGE_THREADS_SHOWN - self._shown))
        shown = found.threads[:left]
        self._shown += len(shown)
        return ReviewCard(
            id=found.id,
            decision=found.decision.value,
            commit=found.commit[:8],
            commit_url=f"{self.head.url}/commit/{found.commit}",
            dismissed_by=found.dismissed_by or "",
            dismissal_reason=found.dismissal_reason,
            threads=tuple(self.thread(each, alone=True) for each in shown),
            threads_left_out=len(found.threads) - len(shown),
            may_dismiss=(
                self.head.may_write and found.decision.value != "comment" and not found.is_dismissed
            ),
        )


def _key(comment: LineComment) -> str:
    """By what its HTML is remembered: a text of its own for each time it was written."""
    return f"line-{comment.id}-{comment.edited_at or comment.written_at}"


def _where(found: Thread) -> str:
    place: Place = found.present or found.place
    if place.first_line is None or place.last_line is None:
        return "the file"
    before = "old " if place.side is Half.OLD else ""
    if place.first_line == place.last_line:
        return f"{before}line {place.last_line}"
    return f"{before}lines {place.first_line} to {place.last_line}"


def standing_of(
    asked: Asked, repository: Repository, request: Discussion
) -> tuple[StandingRow, ...]:
    """Where the reviewers of a pull request stand; nowhere for who may not read it."""
    if not request.is_pull_request:
        return ()
    if not may(asked.principal, Action.READ, repository.subject).allowed:
        return ()
    try:
        found = asked.hub.reviews.reading.standing(asked.principal, repository, request)
    except RevisionNotFound:
        return ()
    return tuple(
        StandingRow(each.reviewer, each.verdict, each.given_at, each.is_stale, each.may_write)
        for each in found
    )


def reviewers_of(
    asked: Asked, repository: Repository, request: Discussion, *, may_ask: bool
) -> ReviewersBox | None:
    """Who is asked for a review; with whom to ask, for who may. None where there is nothing to
    show.
    """
    principal = asked.principal
    if not request.is_pull_request:
        return None
    if not may(principal, Action.READ, repository.subject).allowed:
        return None
    may_ask = may_ask and request.status in _LIVE
    rows = tuple(
        AskedRow(
            each.reviewer,
            each.asked_by,
            each.asked_at,
            is_answered=each.is_answered,
            may_remove=may_ask or each.reviewer == principal.name,
        )
        for each in asked.hub.reviews.requests.listed(principal, repository, request)
    )
    if not rows and not may_ask:
        return None
    suggested = asked.hub.suggesting.people(principal, repository, request) if may_ask else ()
    return ReviewersBox(rows, suggested, may_ask=may_ask)


def review_cards(
    cards: Cards, repository: Repository, happenings: Iterable[Happening]
) -> dict[int, ReviewCard]:
    """The reviews among these entries, by entry; none for who may not read the content."""
    said = [each.id for each in happenings if each.type == REVIEWING]
    principal = cards.asked.principal
    if not said or not may(principal, Action.READ, repository.subject).allowed:
        return {}
    reading = cards.asked.hub.reviews.reading
    try:
        found = reading.listed(principal, repository, cards.request, only=said)
    except RevisionNotFound:
        return {}
    return {each.comment_id: cards.review(each) for each in found}
