"""A pack is never more public than what it was made of, nor what speaks of packs than they are.

Knows when the readers of one repository are readers of another. Does not know who they are.
"""

from __future__ import annotations

from collections.abc import Iterable

from groundswell.core.errors import BadRequest, Forbidden
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


def check_discreet(teller: Repository, packs: Iterable[Repository]) -> None:
    """Refuse to tell everybody of packs that not everybody may read.

    Raises:
        BadRequest: the teller is public, and one of the packs is not open.
    """
    if teller.visibility is not Visibility.PUBLIC:
        return
    for pack in packs:
        if not is_open(pack):
            raise BadRequest(
                f"Not everybody may read {pack.full_name}, and everybody may read"
                f" {teller.full_name}: it must not tell of it. Use a private dataset."
            )
