"""Discussions and pull requests: numbers, states, and what people say in them.

A pull request is a branch ``refs/pr/N`` that begins at the head of main; ``hub.merging`` brings it
there. What may be read follows the repository.
"""

from groundswell.hub.discussions.attachments import Arriving, Attachment, Attachments
from groundswell.hub.discussions.labels import Labels
from groundswell.hub.discussions.reactions import Reaction, Reactions
from groundswell.hub.discussions.service import Discussions
from groundswell.hub.discussions.values import (
    Comment,
    CommentVersion,
    Discussion,
    DiscussionPage,
    DiscussionQuery,
    Happening,
    Label,
    Status,
    Timeline,
    reference_of,
)

__all__ = [
    "Arriving",
    "Attachment",
    "Attachments",
    "Comment",
    "CommentVersion",
    "Discussion",
    "DiscussionPage",
    "DiscussionQuery",
    "Discussions",
    "Happening",
    "Label",
    "Labels",
    "Reaction",
    "Reactions",
    "Status",
    "Timeline",
    "reference_of",
]
