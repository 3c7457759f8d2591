"""Which relations of a repository somebody may know of.

Knows rows of forks next to the rule of what may be seen: a relation whose other end is hidden is
none. Does not know git.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal
from groundswell.hub.cursors import Order, next_cursor
from groundswell.hub.forks.values import (
    NETWORK_NODES_MAX,
    Fork,
    ForkPage,
    Kinship,
    Network,
    Node,
)
from groundswell.hub.repos import Repository, visible_filter
from groundswell.hub.repos.finding import load_for
from groundswell.hub.repos.lineage import lineage_of
from groundswell.hub.repos.rows import repository_from, without_details
from groundswell.store.tables import forks, repositories

_LATEST: Final = Order(forks.c.forked_at, forks.c.repository_id)


def upstream_of(conn: sa.Connection, principal: Principal, repository_id: int) -> Repository | None:
    """What the repository was forked from, when the principal may see it."""
    above = lineage_of(conn, repository_id)
    found = None if above is None else load_for(conn, principal, above.upstream_id)
    if found is None or not may(principal, Action.SEE, found.subject).allowed:
        return None
    return found


def kinship_of(conn: sa.Connection, principal: Principal, repository_id: int) -> Kinship:
    """Upstream, and number of forks."""
    query = (
        sa.select(sa.func.count())
        .join_from(forks, repositories, forks.c.repository_id == repositories.c.id)
        .where(forks.c.upstream_id == repository_id, visible_filter(principal))
    )
    count = conn.execute(query).scalar_one()
    return Kinship(upstream_of(conn, principal, repository_id), count)


def page_of(
    conn: sa.Connection, principal: Principal, repository_id: int, cursor: str | None, limit: int
) -> ForkPage:
    """A page of direct forks, latest first.

    Raises:
        BadRequest: a cursor that no page gave, or a limit that cannot be.
    """
    query = (
        without_details()
        .add_columns(forks.c.forked_at, forks.c.repository_id)
        .join_from(repositories, forks, forks.c.repository_id == repositories.c.id)
        .where(forks.c.upstream_id == repository_id, visible_filter(principal))
    )
    rows = conn.execute(_LATEST.page(query, cursor, limit)).mappings().all()
    found = tuple(Fork(repository_from(row), row["forked_at"]) for row in rows[:limit])
    return ForkPage(found, next_cursor(rows, limit, "forked_at", "repository_id"))


def are_kin(conn: sa.Connection, one: int, other: int) -> bool:
    """Whether one of the two was forked from the other."""
    both = ((lineage_of(conn, one), other), (lineage_of(conn, other), one))
    return any(above is not None and above.upstream_id == number for above, number in both)


def check_kin(conn: sa.Connection, one: Repository, other: Repository) -> None:
    """Raise BadRequest unless one of the two was forked from the other."""
    if not are_kin(conn, one.id, other.id):
        msg = f"Neither of {one.full_name} and {other.full_name} was forked from the other."
        raise BadRequest(msg)


def network_of(conn: sa.Connection, principal: Principal, repository: Repository) -> Network:
    """Everything that a way of visible repositories leads to from this one."""
    own = lineage_of(conn, repository.id)
    root = repository.id if own is None else own.root_id
    query = (
        sa.select(forks.c.repository_id, forks.c.upstream_id, forks.c.forked_at)
        .where(forks.c.root_id == root)
        .order_by(forks.c.forked_at, forks.c.repository_id)
        .limit(NETWORK_NODES_MAX + 1)
    )
    rows = conn.execute(query).all()
    upstreams = {row.repository_id: row.upstream_id for row in rows[:NETWORK_NODES_MAX]}
    times = {row.repository_id: row.forked_at for row in rows[:NETWORK_NODES_MAX]}
    if own is not None:
        upstreams[repository.id], times[repository.id] = own.upstream_id, own.forked_at
    wanted = list({root, repository.id, *upstreams, *upstreams.values()})
    visible = _visible(conn, principal, wanted)
    nodes = _tree(repository.id, upstreams, times, visible)
    return Network(nodes, len(rows) <= NETWORK_NODES_MAX)


def _visible(
    conn: sa.Connection, principal: Principal, numbers: Sequence[int]
) -> dict[int, Repository]:
    # Two numbers for each node at most: no engine minds so many.
    query = without_details().where(repositories.c.id.in_(numbers), visible_filter(principal))
    return {row["id"]: repository_from(row) for row in conn.execute(query).mappings()}


def _tree(
    number: int,
    upstreams: Mapping[int, int],
    times: Mapping[int, int],
    visible: Mapping[int, Repository],
) -> tuple[Node, ...]:
    """The tree that the repository stands in, from the topmost one that is seen from it."""
    below: dict[int, list[int]] = {}
    for fork, upstream in upstreams.items():
        if fork in visible and upstream in visible:
            below.setdefault(upstream, []).append(fork)
    top = number
    while upstreams.get(top) in visible:
        top = upstreams[top]
    nodes: list[Node] = []
    waiting: list[tuple[int, int, int | None]] = [(top, 0, None)] if top in visible else []
    while waiting:
        here, depth, parent = waiting.pop()
        is_top = parent is None
        nodes.append(Node(visible[here], depth, parent, None if is_top else times.get(here)))
        place = len(nodes) - 1
        waiting += [(each, depth + 1, place) for each in reversed(below.get(here, []))]
    return tuple(nodes)
