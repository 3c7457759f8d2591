"""The part of a repository's row that is made from its files and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.hub import facts
from groundswell.store import tables

LINKS_FACT: Final = "links"

_table = tables.repositories
_links = tables.links
_blobs = tables.blobs


@dataclass(frozen=True, slots=True)
class Held:
    """What a repository's links add up to. ``until`` is the time of the newest, in microseconds."""

    count: int = 0
    until: int = 0
    size_bytes: int = 0


def measure(conn: sa.Connection, repository_id: int, previous: Mapping[str, Any]) -> Held:
    """Add up the sizes of all linked blobs, from where the last reading (``previous``) ended.

    When links went away meanwhile, the count shows it and everything is added up again.
    """
    count = conn.execute(
        sa.select(sa.func.count()).where(_links.c.repository_id == repository_id)
    ).scalar_one()
    kept = previous.get(LINKS_FACT)
    before = Held(*kept) if isinstance(kept, list) and len(kept) == 3 else Held()
    newer = _after(conn, repository_id, before.until)
    if before.count + newer.count != count:
        return _after(conn, repository_id, -1)
    size_bytes = before.size_bytes + newer.size_bytes
    return Held(count, max(before.until, newer.until), size_bytes)


def _after(conn: sa.Connection, repository_id: int, time: int) -> Held:
    """What the links made after that time add up to."""
    query = (
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.max(_links.c.linked_at), 0),
            sa.func.coalesce(sa.func.sum(_blobs.c.size_bytes), 0),
        )
        .join_from(_links, _blobs, _links.c.sha256 == _blobs.c.sha256)
        .where(_links.c.repository_id == repository_id, _links.c.linked_at > time)
    )
    count, until, size_bytes = conn.execute(query).one()
    return Held(count, until, int(size_bytes))


def write_description(
    conn: sa.Connection,
    repository_id: int,
    head: str | None,
    described: facts.Description,
    held: Held,
) -> None:
    """Put what was read and added up into the row and its tags."""
    tags = tables.repository_tags
    conn.execute(
        sa.update(_table)
        .where(_table.c.id == repository_id)
        .values(
            head_commit=head,
            card=described.card,
            description=described.description,
            library_name=described.library_name,
            pipeline_tag=described.pipeline_tag,
            sdk=described.sdk,
            facts=described.facts | {LINKS_FACT: list(astuple(held))},
            parameter_count=described.parameter_count,
            used_bytes=held.size_bytes,
        )
    )
    conn.execute(sa.delete(tags).where(tags.c.repository_id == repository_id))
    rows = [
        {"repository_id": repository_id, "position": position, "tag": tag}
        for position, tag in enumerate(described.tags)
    ]
    if rows:
        conn.execute(sa.insert(tags), rows)
