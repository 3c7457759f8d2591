"""Collections and their items as one asker meets them.

Knows the SQL of what may be seen: a private collection for those who read its namespace, an item
for those who may see what it names. ``core.policy`` says the same of one; a test holds the two
together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Forbidden, NotFound, Unauthenticated
from groundswell.core.policy import may_change_collection
from groundswell.core.values import Principal, TokenRole, fold_name
from groundswell.hub.accounts import Account, directory
from groundswell.hub.accounts.rights import require_full_rights
from groundswell.hub.collections.values import Collection, Item, ItemType, parse_slug
from groundswell.hub.repos import Repository, visible_filter
from groundswell.hub.repos.rows import load_without_details
from groundswell.store.tables import (
    accounts,
    collection_items,
    collection_upvotes,
    collections,
    repositories,
)

_named: Final = collections.alias("named")


def visible_collections(
    principal: Principal, table: sa.FromClause = collections
) -> sa.ColumnElement[bool]:
    """Which rows of ``collections`` the principal may see."""
    public = ~table.c.is_private
    if principal.token_role is TokenRole.FINE_GRAINED:
        return public
    if principal.is_admin:
        return sa.true()
    spaces = [organisation for organisation, _role in principal.memberships]
    if principal.account_id is not None:
        spaces.append(principal.account_id)
    return sa.or_(public, table.c.owner_id.in_(spaces)) if spaces else public


def visible_items(principal: Principal) -> sa.Select[Any]:
    """Rows of ``collection_items`` that name something the principal may see."""
    items = collection_items
    joined = items.outerjoin(repositories, items.c.repository_id == repositories.c.id).outerjoin(
        _named, items.c.named_id == _named.c.id
    )
    seen = sa.or_(
        items.c.type == ItemType.PAPER.value,
        sa.and_(items.c.repository_id.is_not(None), visible_filter(principal)),
        sa.and_(items.c.named_id.is_not(None), visible_collections(principal, _named)),
    )
    return sa.select(items).select_from(joined).where(seen)


def find(conn: sa.Connection, principal: Principal, slug: str) -> Collection:
    """The collection of that slug, present or past, without its items.

    Raises:
        NotFound: there is none, or none that the principal may know of.
    """
    parsed = parse_slug(slug)
    if parsed is not None:
        namespace, public_id = parsed
        query = sa.select(collections.c.id).where(
            collections.c.public_id == public_id,
            visible_collections(principal),
            collections.c.owner_id.in_(
                sa.select(accounts.c.id).where(accounts.c.folded == fold_name(namespace))
            ),
        )
        found = load(conn, principal, conn.execute(query).scalars().all())
        if found:
            return found[0]
    raise NotFound("Collection not found")


def find_to_change(conn: sa.Connection, principal: Principal, slug: str) -> Collection:
    """As ``find``, for somebody who may change it.

    Raises:
        NotFound: as ``find``.
        Unauthenticated, Forbidden: the principal may not.
    """
    collection = find(conn, principal, slug)
    check_may_change(principal, collection)
    return collection


def check_may_change(principal: Principal, collection: Collection) -> None:
    """Refuse whoever may see the collection and not change it."""
    if principal.is_anonymous:
        raise Unauthenticated
    require_full_rights(principal)
    if not may_change_collection(principal, collection.owner.id, collection.creator_id):
        raise Forbidden


def load(
    conn: sa.Connection, principal: Principal, numbers: Sequence[int]
) -> tuple[Collection, ...]:
    """The collections of these numbers, in this order, without items. No rights are asked."""
    if not numbers:
        return ()
    chosen = sa.select(collections).where(collections.c.id.in_(numbers))
    rows = {row["id"]: row for row in conn.execute(chosen).mappings()}
    owners = _owners(conn, {row["owner_id"] for row in rows.values()})
    mine = sa.select(collection_upvotes.c.collection_id).where(
        collection_upvotes.c.account_id == principal.account_id,
        collection_upvotes.c.collection_id.in_(numbers),
    )
    upvoted = set(conn.execute(mine).scalars())
    return tuple(
        _collection(rows[number], owners, is_upvoted=number in upvoted)
        for number in numbers
        if number in rows
    )


def _owners(conn: sa.Connection, numbers: Iterable[int]) -> Mapping[int, Account]:
    query = sa.select(accounts).where(accounts.c.id.in_(list(numbers)))
    return {row["id"]: directory.account_from(row) for row in conn.execute(query).mappings()}


def _collection(
    row: sa.RowMapping, owners: Mapping[int, Account], *, is_upvoted: bool
) -> Collection:
    return Collection(
        id=row["id"],
        public_id=row["public_id"],
        owner=owners[row["owner_id"]],
        creator_id=row["creator_id"],
        title=row["title"],
        description=row["description"],
        theme=row["theme"],
        is_private=row["is_private"],
        upvotes=row["upvotes"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        is_upvoted=is_upvoted,
    )


def position_of(conn: sa.Connection, principal: Principal, collection: Collection) -> int:
    """Its place among the collections of its owner that the principal sees."""
    table = collections
    here = sa.select(table.c.position).where(table.c.id == collection.id).scalar_subquery()
    before = sa.select(sa.func.count()).where(
        table.c.owner_id == collection.owner.id,
        visible_collections(principal),
        sa.tuple_(table.c.position, table.c.id) < sa.tuple_(here, sa.literal(collection.id)),
    )
    return int(conn.execute(before).scalar_one())


def items_of(
    conn: sa.Connection, principal: Principal, numbers: Sequence[int], most: int
) -> Mapping[int, tuple[tuple[Item, ...], int]]:
    """The first items of each collection that the principal sees, and how many it sees of all."""
    if not numbers:
        return {}
    seen = visible_items(principal).where(collection_items.c.collection_id.in_(numbers)).subquery()
    within = seen.c.collection_id
    order = (seen.c.position, seen.c.id)
    place = (sa.func.row_number().over(order_by=order, partition_by=within) - 1).label("place")
    count = sa.func.count().over(partition_by=within).label("of_all")
    ranked = sa.select(seen, place, count).subquery()
    query = sa.select(ranked).where(ranked.c.place < most)
    query = query.order_by(ranked.c.collection_id, ranked.c.place)
    rows = conn.execute(query).mappings().all()
    found: dict[int, list[Item]] = defaultdict(list)
    counts: dict[int, int] = {}
    repos = load_without_details(conn, [r["repository_id"] for r in rows if r["repository_id"]])
    named = {
        each.id: each
        for each in load(conn, principal, [r["named_id"] for r in rows if r["named_id"]])
    }
    for row in rows:
        item = _item(row, repos.get(row["repository_id"]), named.get(row["named_id"]))
        found[row["collection_id"]].append(item)
        counts[row["collection_id"]] = row["of_all"]
    return {number: (tuple(found[number]), counts.get(number, 0)) for number in numbers}


def _item(row: sa.RowMapping, repository: Repository | None, named: Collection | None) -> Item:
    name = row["key"]
    if repository is not None:
        name = repository.full_name
    elif named is not None:
        name = named.public_id
    return Item(
        public_id=row["public_id"],
        type=ItemType(row["type"]),
        id=name,
        note=row["note"],
        position=row["place"],
        repository=repository,
        collection=named,
    )
