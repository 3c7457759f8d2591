"""What an item of a collection names: looked up by the eyes of who asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, InvalidName, NotFound, RepoMoved, RepoNotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId, RepoKind
from groundswell.hub.collections import finding
from groundswell.hub.collections.values import ItemName, ItemType
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import find
from groundswell.store.tables import collections

_PAPER: Final = re.compile(r"\d{4}\.\d{4,5}|[a-z-]{1,40}(?:\.[A-Z]{2})?/\d{7}", re.ASCII)
_PUBLIC_ID: Final = re.compile(r"[0-9a-f]{24}", re.ASCII)
_KINDS: Final = {
    ItemType.MODEL: RepoKind.MODEL,
    ItemType.DATASET: RepoKind.DATASET,
    ItemType.SPACE: RepoKind.SPACE,
    ItemType.BUCKET: RepoKind.BUCKET,
}


@dataclass(frozen=True, slots=True)
class Target:
    """What an item names. ``key`` is its own within the type."""

    key: str
    repository_id: int | None = None
    named_id: int | None = None


def target_of(conn: sa.Connection, principal: Principal, item: ItemName) -> Target:
    """What the principal means by an item.

    Raises:
        NotFound: nothing, or nothing that the principal may see.
        BadRequest: a paper without the form of an arXiv id.
    """
    if item.type in _KINDS:
        repository = _repository(conn, principal, _KINDS[item.type], item.id)
        return Target(str(repository.id), repository_id=repository.id)
    if item.type is ItemType.PAPER:
        if _PAPER.fullmatch(item.id) is None:
            raise BadRequest("A paper is named by its arXiv id, such as 2307.09288.")
        return Target(item.id)
    named = _collection(conn, principal, item.id)
    return Target(str(named), named_id=named)


def _repository(conn: sa.Connection, principal: Principal, kind: RepoKind, name: str) -> Repository:
    try:
        return find(conn, principal, RepoId.parse(kind, name), Action.SEE)
    except InvalidName as error:
        raise RepoNotFound from error
    except RepoMoved as moved:
        return find(conn, principal, RepoId(kind, moved.namespace, moved.name), Action.SEE)


def _collection(conn: sa.Connection, principal: Principal, name: str) -> int:
    """By slug or by the public id alone, which JavaScript clients send."""
    if "/" in name:
        return finding.find(conn, principal, name).id
    number = None
    if _PUBLIC_ID.fullmatch(name) is not None:
        query = sa.select(collections.c.id).where(
            collections.c.public_id == name, finding.visible_collections(principal)
        )
        number = conn.execute(query).scalar_one_or_none()
    if number is None:
        raise NotFound("Collection not found")
    return int(number)
