"""A discussion and what happened in it, as the Hub API writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from groundswell.http.rendering import renderer
from groundswell.hub.discussions import (
    Comment,
    Discussion,
    Happening,
    Reaction,
    Status,
)
from groundswell.hub.discussions.reactions import KINDS
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.discussion import NOBODY, entry, entry_id, version
from groundswell.wire.hub_api.text import date_text
from groundswell.wire.markdown import LinkBase, plain

Json = dict[str, Any]

# What a review without words says to clients, which know comments only.
_VERDICTS: Final = {
    "approved": "Approved these changes.",
    "changes_requested": "Requested changes.",
    "comment": "Commented on lines.",
}


def item(repository: Repository, discussion: Discussion) -> Json:
    """A discussion in a list."""
    return {
        "num": discussion.number,
        "title": discussion.title,
        "author": {"name": discussion.author or NOBODY},
        "createdAt": date_text(discussion.created_at),
        "status": discussion.status,
        "isPullRequest": discussion.is_pull_request,
        "repo": {"name": repository.full_name, "type": repository.kind.value},
        "pinned": discussion.is_pinned,
        "locked": discussion.is_locked,
        "numComments": discussion.comment_count,
        "labels": [each.name for each in discussion.labels],
        "assignees": [{"name": name} for name in discussion.assignees],
    }


@dataclass(frozen=True, slots=True)
class Entries:
    """Writes entries of a repository's discussions; ``base`` is the hub's address, ``reactions``
    are those at comments.
    """

    repository: Repository
    base: str
    reactions: Mapping[int, tuple[Reaction, ...]] = field(default_factory=dict)

    def one(self, happening: Happening, *, rendered: bool = True) -> Json:
        """An entry that is one."""
        return next(iter(self.of(happening, rendered=rendered)))

    def of(self, happening: Happening, *, rendered: bool = True) -> Iterator[Json]:
        """What an event is to clients: one entry, or one for each commit."""
        told, at, actor = happening.payload, happening.happened_at, happening.actor
        id_ = entry_id(happening.id)
        match happening.type:
            case _ if happening.comment is not None:
                said = _in_words(happening, happening.comment)
                data = self._comment(said, rendered=rendered)
                yield entry(id_, "comment", at, actor, data)
            case "discussion.status_changed":
                yield entry(id_, "status-change", at, actor, {"status": told["status"]})
            case "pull_request.merged":
                yield entry(id_, "status-change", at, actor, {"status": Status.MERGED})
            case "discussion.title_changed":
                names = {"from": told["from"], "to": told["to"]}
                yield entry(id_, "title-change", at, actor, names)
            case "commit.landed":
                commits = told.get("commits") or [[told["new"], ""]]
                for place, (oid, subject) in enumerate(commits):
                    data = {"subject": subject, "oid": oid}
                    yield entry(entry_id(happening.id, place), "commit", at, actor, data)
            case "discussion.locked" | "discussion.unlocked":
                locked = happening.type == "discussion.locked"
                yield entry(id_, "locking-change", at, actor, {"locked": locked})
            case "discussion.pinned" | "discussion.unpinned":
                pinned = happening.type == "discussion.pinned"
                yield entry(id_, "pinning-change", at, actor, {"pinned": pinned})
            case "discussion.labeled" | "discussion.unlabeled":
                change = {"label": told["label"], "added": happening.type == "discussion.labeled"}
                yield entry(id_, "label-change", at, actor, change)
            case "discussion.assigned" | "discussion.unassigned":
                is_on = happening.type == "discussion.assigned"
                change = {"assignee": {"name": told["assignee"]}, "added": is_on}
                yield entry(id_, "assignee-change", at, actor, change)
            case other:
                yield entry(id_, other.replace(".", "-"), at, actor, {})

    def _comment(self, comment: Comment, *, rendered: bool) -> Json:
        latest = version(
            comment.text,
            self._html(comment, rendered=rendered),
            comment.written_at,
            comment.author,
        )
        earlier = [
            version(each.text, plain(each.text).html, each.written_at, comment.author)
            for each in comment.earlier
        ]
        return {
            "edited": comment.is_edited,
            "hidden": comment.is_hidden,
            "hiddenBy": comment.hidden_by,
            "numEdits": comment.version - 1,
            "latest": latest,
            "history": earlier,
            "reactions": [
                {"reaction": KINDS[each.kind], "count": each.count, "users": list(each.names)}
                for each in self.reactions.get(comment.id, ())
            ],
        }

    def _html(self, comment: Comment, *, rendered: bool) -> str:
        if not comment.text.strip():
            return ""
        if not rendered:
            return plain(comment.text).html
        where = LinkBase("/" + self.repository.repo_id.url_path, "main", "", self.base, refers=True)
        key = f"comment-{comment.id}-{comment.version}"
        return renderer().markdown(comment.text, where, key).html


def _in_words(happening: Happening, comment: Comment) -> Comment:
    if comment.text.strip() or comment.is_hidden:
        return comment
    return replace(comment, text=_VERDICTS.get(happening.payload.get("verdict", ""), comment.text))
