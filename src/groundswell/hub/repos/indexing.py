"""The part of a repository's row that is made from its files."""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.hub import facts
from groundswell.store import tables

_table = tables.repositories


def write_description(
    conn: sa.Connection, repository_id: int, head: str | None, described: facts.Description
) -> None:
    """Put what was read into the row and its tags; sizes are added up from the links."""
    links, blobs, tags = tables.links, tables.blobs, tables.repository_tags
    used = (
        sa.select(sa.func.coalesce(sa.func.sum(blobs.c.size_bytes), 0))
        .join_from(links, blobs, links.c.sha256 == blobs.c.sha256)
        .where(links.c.repository_id == repository_id)
    )
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
            facts=described.facts,
            parameter_count=described.parameter_count,
            used_bytes=used.scalar_subquery(),
        )
    )
    conn.execute(sa.delete(tags).where(tags.c.repository_id == repository_id))
    rows = [
        {"repository_id": repository_id, "position": position, "tag": tag}
        for position, tag in enumerate(described.tags)
    ]
    if rows:
        conn.execute(sa.insert(tags), rows)
