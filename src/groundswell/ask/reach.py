"""A pack is never more public than what it was made of.

Knows when the readers of one repository are readers of another. Does not know who they are.
"""

from __future__ import annotations

from groundswell.core.errors import Forbidden
from groundswell.core.values import Gate, RepoId, Visibility
from groundswell.hub.repos import Repository


def is_open(repository: Repository) -> bool:
    """Whether everybody may read it."""
    return repository.visibility is Visibility.PUBLIC and repository.gate is Gate.OPEN


def check_reach(
    source: Repository, target_id: RepoId, target: Repository | None, visibility: Visibility
) -> None:
    """Refuse a pack that somebody could read who may not read its source.

    Args:
        source: what it is made of.
        target_id: the dataset that it goes to.
        target: the same where it exists.
        visibility: of the dataset where it is made now.

    Raises:
        Forbidden: its readers would be others, or more.
    """
    if is_open(source) or (target is not None and target.id == source.id):
        return
    seen_by = visibility if target is None else target.visibility
    namespace = source.repo_id.namespace.lower()
    if seen_by is not Visibility.PRIVATE or target_id.namespace.lower() != namespace:
        msg = (
            f"Not everybody may read {source.full_name}: a pack of it goes into itself, or into a"
            f" private dataset of {source.repo_id.namespace}."
        )
        raise Forbidden(msg)
