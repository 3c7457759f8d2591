"""The repository as every use case sees it, and how a row becomes one.

Knows the columns of ``repositories`` and its tags. Does not know who may see what: that is
``core.policy``, asked by ``finding``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.policy import Subject
from groundswell.core.values import AccessStatus, Gate, RepoId, RepoKind, Visibility
from groundswell.store import tables
from groundswell.store.database import Prepared, portions

_table = tables.repositories
_tags = tables.repository_tags
_BY_NUMBER: Final = Prepared(
    sa.select(_table).where(_table.c.id == sa.bindparam("number"), _table.c.deleted_at.is_(None))
)
_TAGS_OF_ONE: Final = Prepared(
    sa.select(_tags.c.tag)
    .where(_tags.c.repository_id == sa.bindparam("number"))
    .order_by(_tags.c.position)
)

Json = dict[str, Any]
"""A JSON object: keys are strings, values are what ``json`` reads and writes."""


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository at one moment.

    ``repo_id`` has the canonical spelling. Times are microseconds since the epoch, sizes bytes.
    ``head_commit`` is the head of main, None when it has none. ``card`` is the README's front
    matter, None when there is none. ``facts`` holds ``config``, ``safetensors``, ``gguf`` and
    ``faults`` (docs/formats/card.md), each only when known. ``access`` is where the request for
    access of the principal stands for whom it was found; None without a gate or a request. How its
    contents are read may be remembered as long as ``plans`` stays the same.
    """

    id: int
    public_id: str
    repo_id: RepoId
    owner_id: int
    creator_id: int | None
    visibility: Visibility
    gate: Gate
    disabled: bool
    created_at: int
    modified_at: int
    head_commit: str | None = None
    card: Json | None = None
    description: str | None = None
    library_name: str | None = None
    pipeline_tag: str | None = None
    sdk: str | None = None
    facts: Json = field(default_factory=dict)
    parameter_count: int | None = None
    used_bytes: int = 0
    plans: int = 0
    downloads: int = 0
    likes: int = 0
    trending: int = 0
    tags: tuple[str, ...] = ()
    settings: Json = field(default_factory=dict)
    access: AccessStatus | None = None

    @property
    def kind(self) -> RepoKind:
        """Model, dataset, space or kernel."""
        return self.repo_id.kind

    @property
    def full_name(self) -> str:
        """``namespace/name`` in its canonical spelling."""
        return self.repo_id.full_name

    @property
    def is_private(self) -> bool:
        """Whether only members may know of it."""
        return self.visibility is Visibility.PRIVATE

    @property
    def subject(self) -> Subject:
        """What ``policy.may`` wants to know of it, for the principal it was found for."""
        return Subject(
            repository_id=self.id,
            owner_id=self.owner_id,
            creator_id=self.creator_id,
            visibility=self.visibility,
            gate=self.gate,
            disabled=self.disabled,
            has_access=self.access is AccessStatus.ACCEPTED,
        )


def repository_from(
    row: Mapping[str, Any] | sa.RowMapping,
    tags: Sequence[str] = (),
    *,
    access: AccessStatus | None = None,
) -> Repository:
    """A row of ``repositories`` as a value."""
    return Repository(
        id=row["id"],
        public_id=row["public_id"],
        repo_id=RepoId(RepoKind(row["kind"]), row["namespace"], row["name"]),
        owner_id=row["owner_id"],
        creator_id=row["creator_id"],
        visibility=Visibility(row["visibility"]),
        gate=Gate(row["gate"]),
        disabled=row["disabled"],
        created_at=row["created_at"],
        # The clock may have been put back since it was made.
        modified_at=max(row["modified_at"], row["created_at"]),
        head_commit=row["head_commit"],
        card=row["card"],
        description=row["description"],
        library_name=row["library_name"],
        pipeline_tag=row["pipeline_tag"],
        sdk=row["sdk"],
        facts=row["facts"] or {},
        parameter_count=row["parameter_count"],
        used_bytes=row["used_bytes"],
        plans=row["plans"],
        downloads=row["downloads"],
        likes=row["likes"],
        trending=row["trending"],
        tags=tuple(tags),
        settings=row["settings"] or {},
        access=access,
    )


def without_details() -> sa.Select[Any]:
    """Rows of ``repositories`` with nothing in place of card, facts and settings."""
    heavy = {"card", "facts", "settings"}
    columns = [
        sa.null().label(column.name) if column.name in heavy else column for column in _table.c
    ]
    return sa.select(*columns)


def load_without_details(conn: sa.Connection, numbers: Sequence[int]) -> dict[int, Repository]:
    """The repositories of these numbers, without tags, card, facts and settings. No rights are
    asked.
    """
    found: dict[int, Repository] = {}
    for some in portions(numbers):
        rows = conn.execute(without_details().where(_table.c.id.in_(some))).mappings()
        found |= {row["id"]: repository_from(row) for row in rows}
    return found


def tags_of(conn: sa.Connection, repository_ids: Sequence[int]) -> Mapping[int, list[str]]:
    """The tags of each of these repositories, in the order of their cards."""
    tags: dict[int, list[str]] = {repository_id: [] for repository_id in repository_ids}
    if not tags:
        return tags
    query = (
        sa.select(_tags.c.repository_id, _tags.c.tag)
        .where(_tags.c.repository_id.in_(tags))
        .order_by(_tags.c.repository_id, _tags.c.position)
    )
    for repository_id, tag in conn.execute(query):
        tags[repository_id].append(tag)
    return tags


def tags_of_one(conn: sa.Connection, repository_id: int) -> list[str]:
    """The tags of one repository, in the order of its card."""
    return [row["tag"] for row in _TAGS_OF_ONE.all(conn, number=repository_id)]


def row_of(conn: sa.Connection, repository_id: int) -> Mapping[str, Any] | None:
    """The row of that number, deleted ones left out."""
    return _BY_NUMBER.first(conn, number=repository_id)


def load(conn: sa.Connection, repository_id: int) -> Repository | None:
    """The repository of that number, deleted ones left out. No rights are asked."""
    row = row_of(conn, repository_id)
    return None if row is None else repository_from(row, tags_of_one(conn, repository_id))
