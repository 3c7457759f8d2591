"""Relations: where a repository comes from and what came of it, by its forks and by what cards say.

Forks are on record; what a card says is only said (`declared`). Knows rows of forks, tags and names
next to the rule of what may be seen. Does not read files, and draws nothing.
"""

from groundswell.hub.relations.service import Relations
from groundswell.hub.relations.values import (
    COUNTED_MAX,
    RELATIVES_MAX,
    Ancestry,
    Base,
    Bond,
    Kin,
    Relation,
    Relative,
    Seen,
)

__all__ = [
    "COUNTED_MAX",
    "RELATIVES_MAX",
    "Ancestry",
    "Base",
    "Bond",
    "Kin",
    "Relation",
    "Relations",
    "Relative",
    "Seen",
]
