"""The record of a discussion in the words of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from groundswell.core.values import Principal
from groundswell.http.pages.views import (
    CommentCard,
    CommitLine,
    EarlierText,
    ReactionChip,
    RepoHead,
    ReviewCard,
    TimelineLine,
)
from groundswell.http.pages.wording import plural
from groundswell.http.rendering import renderer
from groundswell.hub.discussions import Comment, Happening, Reaction
from groundswell.hub.discussions.reactions import KINDS
from groundswell.wire.markdown import LinkBase

COMMITS_SHOWN: Final = 50
NOBODY: Final = "somebody"

_WORDS: Final = {
    "discussion.locked": ("lock", "locked this: only maintainers may comment"),
    "discussion.unlocked": ("talk", "unlocked this"),
    "discussion.pinned": ("tag", "pinned this"),
    "discussion.unpinned": ("tag", "unpinned this"),
    "queue.entered": ("branch", "put this into the queue of merges"),
}
_STATES: Final = {"open": "opened this", "closed": "closed this"}


@dataclass(frozen=True, slots=True)
class Seen:
    """Who looks, at which repository's page, from where; and the reactions at what is shown."""

    principal: Principal
    head: RepoHead
    origin: str
    reactions: Mapping[int, tuple[Reaction, ...]]


def entry_of(
    seen: Seen, happening: Happening, *, is_first: bool, review: ReviewCard | None = None
) -> CommentCard | TimelineLine:
    """One entry, for who looks at it."""
    if happening.comment is not None:
        return replace(_card(seen, happening.comment, is_first=is_first), review=review)
    icon, text = _told(happening)
    return TimelineLine(
        id=happening.id,
        author=happening.actor or ("" if happening.type == "queue.left" else NOBODY),
        icon=icon,
        text=text,
        happened_at=happening.happened_at,
        commits=_commits(seen.head, happening),
    )


def _told(happening: Happening) -> tuple[str, str]:
    told = happening.payload
    match happening.type:
        case "discussion.status_changed":
            is_ready = told.get("from") == "draft" and told["status"] == "open"
            said = _STATES.get(told["status"], "changed this")
            return "talk", "marked this ready for review" if is_ready else said
        case "discussion.title_changed":
            return "gear", f"renamed this from “{told['from']}”"
        case "pull_request.merged":
            return "branch", "merged this"
        case "review.requested" | "review.unrequested":
            return "people", _asked_for_review(happening)
        case "review.dismissed":
            return "trash", f"dismissed the review of {told['reviewer']}: {told['reason']}"
        case "commit.landed":
            count = told.get("commit_count", 1)
            return "history", f"brought {plural(count, 'commit')}"
        case _:
            return _told_of_upkeep(happening)


def _told_of_upkeep(happening: Happening) -> tuple[str, str]:
    """What is told of how a discussion is seen to: queue and rules, labels and people."""
    told = happening.payload
    match happening.type:
        case "queue.left":
            let_go = f"The queue of merges let go of this: {told['reason']}."
            own = "took this out of the queue of merges"
            return "branch", let_go if happening.actor is None else own
        case "rule.overridden":
            return "lock", f"passed over rules: {'; '.join(told['reasons'])}"
        case _ if "label" in told:
            does = "added" if happening.type == "discussion.labeled" else "took away"
            return "tag", f"{does} the label “{told['label']}”"
        case _ if "assignee" in told:
            return "people", _assigned(happening)
        case other:
            return _WORDS.get(other, ("talk", other.replace(".", " ").replace("_", " ")))


def _asked_for_review(happening: Happening) -> str:
    told = happening.payload
    if happening.type == "review.requested":
        return f"asked {' and '.join(told['reviewers'])} for a review"
    if told["reviewer"] == happening.actor:
        return "will not review this"
    return f"asks {told['reviewer']} for a review no longer"


def _assigned(happening: Happening) -> str:
    name = happening.payload["assignee"]
    if happening.type == "discussion.unassigned":
        return f"let {name} see to this no longer"
    return "sees to this" if name == happening.actor else f"asked {name} to see to this"


def _commits(head: RepoHead, happening: Happening) -> tuple[CommitLine, ...]:
    if happening.type != "commit.landed":
        return ()
    commits = happening.payload.get("commits") or [[happening.payload["new"], ""]]
    author = happening.actor or NOBODY
    return tuple(
        CommitLine(oid, f"{head.url}/commit/{oid}", title or "(no message)", author, None)
        for oid, title in commits[-COMMITS_SHOWN:]
    )


def _chip(reaction: Reaction) -> ReactionChip:
    names = list(reaction.names)
    more = reaction.count - len(names)
    who = ", ".join(names) + (f" and {plural(more, 'other')}" if more > 0 else "")
    sign = KINDS[reaction.kind]
    return ReactionChip(reaction.kind, sign, reaction.count, who, reaction.is_own)


def _card(seen: Seen, comment: Comment, *, is_first: bool) -> CommentCard:
    principal, head = seen.principal, seen.head
    is_own = not principal.is_anonymous and comment.author == principal.name
    html = ""
    if comment.text.strip():
        where = LinkBase(head.url, "main", "", seen.origin, refers=True)
        html = renderer().markdown(comment.text, where, f"{comment.id}-{comment.version}").html
    return CommentCard(
        id=comment.id,
        author=comment.author or NOBODY,
        created_at=comment.created_at,
        html=html,
        is_hidden=comment.is_hidden,
        hidden_by=comment.hidden_by or "",
        is_first=is_first,
        earlier=tuple(EarlierText(each.text, each.written_at) for each in comment.earlier),
        text=comment.text if is_own else "",
        may_edit=is_own and not comment.is_hidden,
        may_hide=(is_own or head.may_write) and not comment.is_hidden,
        reactions=tuple(_chip(each) for each in seen.reactions.get(comment.id, ())),
    )
