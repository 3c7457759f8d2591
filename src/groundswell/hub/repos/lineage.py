"""Where a repository was forked from, and what that binds it to.

Knows the rows of ``forks``. A lineage is made of numbers, so it says nothing to who may not see the
repositories behind them: callers look those up for whoever asks. What came from a private or gated
upstream stays as closed as that, until the upstream itself opens
(docs/decisions/0021-forks-are-copies.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Forbidden
from groundswell.core.values import Gate, Principal, Visibility
from groundswell.hub.events import record
from groundswell.hub.repos.rows import Repository, load
from groundswell.store.database import Prepared
from groundswell.store.tables import forks

_STRICTNESS: Final = {Gate.OPEN: 0, Gate.AUTO: 1, Gate.MANUAL: 2}
_OF: Final = Prepared(sa.select(forks).where(forks.c.repository_id == sa.bindparam("number")))


@dataclass(frozen=True, slots=True)
class Lineage:
    """What is on record of a fork. Times are microseconds since the epoch.

    ``root_id`` is where the lineage of the upstream begins. The bounds are those of the upstream
    when something last came from it while it was so closed.
    """

    repository_id: int
    upstream_id: int
    root_id: int
    forked_at: int
    forked_commit: str
    bound_visibility: Visibility
    bound_gate: Gate
    synced_at: int | None = None
    synced_commit: str | None = None


def lineage_of(conn: sa.Connection, repository_id: int) -> Lineage | None:
    """The lineage of a fork; None for what is none."""
    row = _OF.first(conn, number=repository_id)
    if row is None:
        return None
    return Lineage(
        repository_id=row["repository_id"],
        upstream_id=row["upstream_id"],
        root_id=row["root_id"],
        forked_at=row["forked_at"],
        forked_commit=row["forked_commit"],
        bound_visibility=Visibility(row["bound_visibility"]),
        bound_gate=Gate(row["bound_gate"]),
        synced_at=row["synced_at"],
        synced_commit=row["synced_commit"],
    )


def is_more_closed(source: Repository, target: Repository) -> bool:
    """Whether everybody, or whom the gate lets in, may read the target and not the source."""
    if target.is_private:
        return False
    return source.is_private or _STRICTNESS[source.gate] > _STRICTNESS[target.gate]


def begin(
    conn: sa.Connection,
    now: int,
    actor_id: int | None,
    fork_id: int,
    upstream: Repository,
    commit: str,
) -> None:
    """Put on record that the repository is a fork of ``upstream``, from that head of main."""
    above = lineage_of(conn, upstream.id)
    conn.execute(
        sa.insert(forks).values(
            repository_id=fork_id,
            upstream_id=upstream.id,
            root_id=upstream.id if above is None else above.root_id,
            forked_at=now,
            forked_commit=commit,
            bound_visibility=upstream.visibility.value,
            bound_gate=upstream.gate.value,
        )
    )
    # Told of the fork alone: that it is there is nothing the upstream's people may know of.
    payload = {"upstream_id": upstream.id, "commit": commit}
    record(conn, now, "repository.forked", actor_id, fork_id, payload)


def bind(conn: sa.Connection, fork_id: int, upstream: Repository) -> None:
    """More is about to come from the upstream: its bounds of this moment hold too."""
    present = lineage_of(conn, fork_id)
    assert present is not None
    gate = max(present.bound_gate, upstream.gate, key=_STRICTNESS.__getitem__)
    values = {"bound_gate": gate.value}
    if upstream.is_private:
        values["bound_visibility"] = Visibility.PRIVATE.value
    conn.execute(sa.update(forks).where(forks.c.repository_id == fork_id).values(values))


def note_synced(
    conn: sa.Connection,
    now: int,
    actor_id: int | None,
    fork_id: int,
    upstream_id: int,
    commit: str,
) -> None:
    """Say that the upstream came into main by that commit; nothing when it is said already."""
    marked = (
        sa.update(forks)
        .where(
            forks.c.repository_id == fork_id,
            forks.c.upstream_id == upstream_id,
            sa.func.coalesce(forks.c.synced_commit, "") != commit,
        )
        .values(synced_at=now, synced_commit=commit)
    )
    if conn.execute(marked).rowcount:
        payload = {"upstream_id": upstream_id, "commit": commit}
        record(conn, now, "repository.synced", actor_id, fork_id, payload)


def check_bounds(
    conn: sa.Connection,
    principal: Principal,
    present: Repository,
    visibility: Visibility,
    gate: Gate,
) -> None:
    """See that a repository may become so open. The hub's admins may open anything.

    Raises:
        Forbidden: what came from its upstream was, and is, for fewer people.
    """
    opens = present.is_private or _STRICTNESS[gate] < _STRICTNESS[present.gate]
    lineage = lineage_of(conn, present.id)
    if lineage is None or principal.is_admin or visibility is Visibility.PRIVATE or not opens:
        return
    upstream = load(conn, lineage.upstream_id)  # what is gone opens nothing any more
    is_private = lineage.bound_visibility is Visibility.PRIVATE
    if is_private and (upstream is None or upstream.is_private):
        msg = "It was forked from a private repository and stays private as long as that is."
        raise Forbidden(msg)
    least = lineage.bound_gate
    if upstream is not None:
        least = min(least, upstream.gate, key=_STRICTNESS.__getitem__)
    if _STRICTNESS[gate] < _STRICTNESS[least]:
        msg = (
            f"It was forked from a repository with the gate `{least.value}` and keeps one that is "
            "as strict, as long as that has it."
        )
        raise Forbidden(msg)
