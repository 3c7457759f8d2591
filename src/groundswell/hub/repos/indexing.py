"""The part of a repository's row that is made from its files and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.hub import facts
from groundswell.hub.repos.rows import tags_of_one
from groundswell.store import tables
from groundswell.store.database import Prepared

LINKS_FACT: Final = "links"

_table = tables.repositories
_links = tables.links
_blobs = tables.blobs
_tags = tables.repository_tags
_COUNT: Final = Prepared(
    sa.select(sa.func.count().label("count")).where(
        _links.c.repository_id == sa.bindparam("number")
    )
)
_SUM_AFTER: Final = Prepared(
    sa.select(
        sa.func.count().label("count"),
        sa.func.coalesce(sa.func.max(_links.c.linked_at), 0).label("until"),
        sa.func.coalesce(sa.func.sum(_blobs.c.size_bytes), 0).label("size_bytes"),
    )
    .join_from(_links, _blobs, _links.c.sha256 == _blobs.c.sha256)
    .where(
        _links.c.repository_id == sa.bindparam("number"), _links.c.linked_at > sa.bindparam("time")
    )
)
_WRITTEN: Final = (
    "head_commit",
    "card",
    "description",
    "library_name",
    "pipeline_tag",
    "sdk",
    "facts",
    "parameter_count",
    "used_bytes",
)
_WRITE: Final = Prepared(
    sa.update(_table)
    .where(_table.c.id == sa.bindparam("number"))
    .values({name: sa.bindparam(f"new_{name}", type_=_table.c[name].type) for name in _WRITTEN})
)


@dataclass(frozen=True, slots=True)
class Held:
    """What a repository's links add up to. ``until`` is the time of the newest, in microseconds."""

    count: int = 0
    until: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read at a head of main. ``previous`` are the facts of the reading before."""

    repository_id: int
    head: str | None
    described: facts.Description
    previous: Mapping[str, Any]

    def write(self, conn: sa.Connection) -> None:
        """Put it into the row, with the sizes as they add up now."""
        held = measure(conn, self.repository_id, self.previous)
        write_description(conn, self.repository_id, self.head, self.described, held)


def measure(conn: sa.Connection, repository_id: int, previous: Mapping[str, Any]) -> Held:
    """Add up the sizes of all linked blobs, from where the last reading (``previous``) ended.

    When links went away meanwhile, the count shows it and everything is added up again.
    """
    counted = _COUNT.first(conn, number=repository_id)
    count = counted["count"] if counted is not None else 0
    kept = previous.get(LINKS_FACT)
    before = Held(*kept) if isinstance(kept, list) and len(kept) == 3 else Held()
    newer = _after(conn, repository_id, before.until)
    if before.count + newer.count != count:
        return _after(conn, repository_id, -1)
    size_bytes = before.size_bytes + newer.size_bytes
    return Held(count, max(before.until, newer.until), size_bytes)


def _after(conn: sa.Connection, repository_id: int, time: int) -> Held:
    """What the links made after that time add up to."""
    found = _SUM_AFTER.first(conn, number=repository_id, time=time)
    assert found is not None
    return Held(found["count"], found["until"], int(found["size_bytes"]))


def write_description(
    conn: sa.Connection,
    repository_id: int,
    head: str | None,
    described: facts.Description,
    held: Held,
) -> None:
    """Put what was read and added up into the row and its tags."""
    _WRITE.run(
        conn,
        number=repository_id,
        new_head_commit=head,
        new_card=described.card,
        new_description=described.description,
        new_library_name=described.library_name,
        new_pipeline_tag=described.pipeline_tag,
        new_sdk=described.sdk,
        new_facts=described.facts | {LINKS_FACT: list(astuple(held))},
        new_parameter_count=described.parameter_count,
        new_used_bytes=held.size_bytes,
    )
    if tags_of_one(conn, repository_id) == list(described.tags):
        return
    conn.execute(sa.delete(_tags).where(_tags.c.repository_id == repository_id))
    rows = [
        {"repository_id": repository_id, "position": position, "tag": tag}
        for position, tag in enumerate(described.tags)
    ]
    if rows:
        conn.execute(sa.insert(_tags), rows)
