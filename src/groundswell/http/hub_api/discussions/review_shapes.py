"""Reviews, threads and verdicts as our part of the Hub API writes them.

No client knows these shapes; they follow those of discussions beside them.
"""

from __future__ import annotations

from typing import Any

from groundswell.hub.reviews import LineComment, Review, ReviewRequest, Thread, Verdict
from groundswell.wire.hub_api.discussion import entry_id
from groundswell.wire.hub_api.text import date_text

Json = dict[str, Any]


def review(found: Review) -> Json:
    """A review with the threads that it began."""
    dismissed = None
    if found.is_dismissed:
        dismissed = {"by": {"name": found.dismissed_by}, "reason": found.dismissal_reason}
    return {
        "id": found.id,
        "author": {"name": found.reviewer},
        "verdict": found.decision.value,
        "commit": found.commit,
        "createdAt": date_text(found.submitted_at),
        "event": entry_id(found.comment_id),
        "comment": found.text,
        "dismissed": dismissed,
        "threads": [thread(each) for each in found.threads],
    }


def thread(found: Thread) -> Json:
    """A thread: where it was begun, where that stands today, and what is said."""
    place, present = found.place, found.present
    return {
        "id": found.id,
        "review": found.review_id,
        "author": {"name": found.author},
        "path": place.path,
        "side": place.side.value,
        "startLine": place.first_line,
        "line": place.last_line,
        "commit": found.commit,
        "excerpt": found.excerpt,
        "outdated": found.is_outdated,
        "presentStartLine": None if present is None else present.first_line,
        "presentLine": None if present is None else present.last_line,
        "resolved": found.is_resolved,
        "resolvedBy": found.resolved_by,
        "comments": [_comment(each) for each in found.comments],
    }


def _comment(found: LineComment) -> Json:
    return {
        "id": found.id,
        "author": {"name": found.author},
        "createdAt": date_text(found.written_at),
        "comment": found.text,
        "editedAt": None if found.edited_at is None else date_text(found.edited_at),
        "history": [
            {"createdAt": date_text(each.written_at), "comment": each.text}
            for each in found.earlier
        ],
        "hidden": found.is_hidden,
        "pending": found.is_pending,
        "suggestion": found.suggestion,
        "appliedIn": found.applied_commit,
    }


def asked(found: ReviewRequest) -> Json:
    """Somebody who was asked for a review."""
    return {
        "reviewer": {"name": found.reviewer},
        "requestedBy": {"name": found.asked_by},
        "requestedAt": date_text(found.asked_at),
        "answered": found.is_answered,
    }


def verdict(found: Verdict) -> Json:
    """Where a reviewer stands."""
    return {
        "reviewer": {"name": found.reviewer},
        "verdict": found.verdict,
        "commit": found.commit,
        "createdAt": date_text(found.given_at),
        "stale": found.is_stale,
        "mayWrite": found.may_write,
    }
