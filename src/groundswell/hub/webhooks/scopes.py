"""Which events webhooks are told of, and by which words.

The words are those of the Hub's payload, version 3. What is not listed here is told to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from groundswell.hub.webhooks.values import Domain


@dataclass(frozen=True, slots=True)
class Scope:
    """An event as a payload names it."""

    action: str
    scope: str

    @property
    def domain(self) -> Domain:
        """What a webhook has to be interested in."""
        is_talk = self.scope.startswith("discussion")
        return Domain.DISCUSSION if is_talk else Domain.REPO


SCOPES: Final = {
    "repository.created": Scope("create", "repo"),
    "repository.restored": Scope("create", "repo"),
    "repository.deleted": Scope("delete", "repo"),
    "repository.moved": Scope("move", "repo"),
    "repository.changed": Scope("update", "repo.config"),
    "commit.landed": Scope("update", "repo.content"),
    "reference.changed": Scope("update", "repo.content"),
    "discussion.created": Scope("create", "discussion"),
    "discussion.title_changed": Scope("update", "discussion"),
    "discussion.status_changed": Scope("update", "discussion"),
    "discussion.locked": Scope("update", "discussion"),
    "discussion.unlocked": Scope("update", "discussion"),
    "discussion.pinned": Scope("update", "discussion"),
    "discussion.unpinned": Scope("update", "discussion"),
    "pull_request.merged": Scope("update", "discussion"),
    "discussion.commented": Scope("create", "discussion.comment"),
    "comment.edited": Scope("update", "discussion.comment"),
    "comment.hidden": Scope("update", "discussion.comment"),
}
TEST: Final = Scope("update", "repo.config")
"""What a test says that it is; the header of a test names it ``test``."""
