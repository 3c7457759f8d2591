"""Reviews of pull requests: verdicts, what is said on lines of their diffs, and suggestions.

Knows who may review, where a line went, and which verdict of a person counts. Does not know how
many verdicts a merge needs, nor how a diff is drawn.
"""

from groundswell.hub.reviews.service import Reviews
from groundswell.hub.reviews.standing import standing
from groundswell.hub.reviews.values import (
    Decision,
    Half,
    LineComment,
    NewComment,
    Place,
    Review,
    ReviewRequest,
    Thread,
    Verdict,
)

__all__ = [
    "Decision",
    "Half",
    "LineComment",
    "NewComment",
    "Place",
    "Review",
    "ReviewRequest",
    "Reviews",
    "Thread",
    "Verdict",
    "standing",
]
