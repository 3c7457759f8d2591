"""Collections to look at: one with everything in it, and lists with the first items of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, NotFound
from groundswell.core.policy import may_change_collection, may_create_in
from groundswell.core.values import Principal, fold_name, is_storable
from groundswell.hub.accounts import directory
from groundswell.hub.collections import finding
from groundswell.hub.collections.targets import target_of
from groundswell.hub.collections.values import (
    COLLECTIONS_MAX,
    FILTERS_MAX,
    ITEMS_MAX,
    LISTED_ITEMS,
    PAGE_COLLECTIONS_MAX,
    Collection,
    CollectionPage,
    CollectionQuery,
    CollectionSort,
    ItemName,
)
from groundswell.hub.cursors import Order, next_cursor
from groundswell.store.database import Database
from groundswell.store.tables import accounts, collection_items, collections

WORD_CHARACTERS_MAX: Final = 200

_ORDERS: Final = {
    CollectionSort.LAST_MODIFIED: Order(collections.c.updated_at, collections.c.id),
    CollectionSort.TRENDING: Order(collections.c.upvotes, collections.c.id),
    CollectionSort.UPVOTES: Order(collections.c.upvotes, collections.c.id),
}


class Listing:
    """Finds and lists collections for a principal. See ``Collections``."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def get(self, principal: Principal, slug: str, *, to_change: bool = False) -> Collection:
        """The collection with all items that the principal sees.

        Raises:
            Unauthenticated, Forbidden: ``to_change``, and the principal may not.
        """
        find = finding.find_to_change if to_change else finding.find

        def work(conn: sa.Connection) -> Collection:
            return self._whole(conn, principal, find(conn, principal, slug))

        return self._database.read(work)

    def list(self, principal: Principal, query: CollectionQuery) -> CollectionPage:
        """One page of the collections that the principal may see, each with its first items.

        Raises:
            BadRequest: a limit, text or cursor that cannot be.
        """
        _check(query)
        order = _ORDERS[query.sort]

        def work(conn: sa.Connection) -> CollectionPage:
            table = collections
            chosen = sa.select(table.c.id, order.value).where(
                finding.visible_collections(principal), *_conditions(conn, principal, query)
            )
            rows = conn.execute(order.page(chosen, query.cursor, query.limit)).mappings().all()
            numbers = [row["id"] for row in rows[: query.limit]]
            cursor = next_cursor(rows, query.limit, str(order.value.key), "id")
            return CollectionPage(self._briefly(conn, principal, numbers), cursor)

        return self._database.read(work)

    def of_owner(self, principal: Principal, namespace: str) -> tuple[Collection, ...]:
        """Every collection of a namespace that the principal may see, in its owner's order.

        Raises:
            AccountNotFound: there is no such namespace.
        """

        def work(conn: sa.Connection) -> tuple[Collection, ...]:
            table = collections
            owner = directory.find(conn, namespace)
            query = (
                sa.select(table.c.id)
                .where(table.c.owner_id == owner.id, finding.visible_collections(principal))
                .order_by(table.c.position, table.c.id)
                .limit(COLLECTIONS_MAX)
            )
            return self._briefly(conn, principal, conn.execute(query).scalars().all())

        return self._database.read(work)

    def changeable(self, principal: Principal) -> tuple[Collection, ...]:
        """The collections that the principal may change as an owner or member, without items."""
        spaces = [number for number, _role in principal.memberships]
        if principal.account_id is not None:
            spaces.append(principal.account_id)
        table = collections
        query = (
            sa.select(table.c.id)
            .where(table.c.owner_id.in_([n for n in spaces if may_create_in(principal, n)]))
            .order_by(table.c.updated_at.desc(), table.c.id.desc())
            .limit(COLLECTIONS_MAX)
        )

        def work(conn: sa.Connection) -> tuple[Collection, ...]:
            found = finding.load(conn, principal, conn.execute(query).scalars().all())
            return tuple(
                each
                for each in found
                if may_change_collection(principal, each.owner.id, each.creator_id)
            )

        return self._database.read(work)

    def _whole(
        self, conn: sa.Connection, principal: Principal, collection: Collection
    ) -> Collection:
        items, count = finding.items_of(conn, principal, [collection.id], ITEMS_MAX)[collection.id]
        position = finding.position_of(conn, principal, collection)
        return replace(collection, items=items, item_count=count, position=position)

    def _briefly(
        self,
        conn: sa.Connection,
        principal: Principal,
        numbers: Any,  # noqa: ANN401 - a sequence of rows' numbers
    ) -> tuple[Collection, ...]:
        items = finding.items_of(conn, principal, numbers, LISTED_ITEMS)
        return tuple(
            replace(each, items=items[each.id][0], item_count=items[each.id][1])
            for each in finding.load(conn, principal, numbers)
        )


def _check(query: CollectionQuery) -> None:
    if not 1 <= query.limit <= PAGE_COLLECTIONS_MAX:
        raise BadRequest(f"limit must be between 1 and {PAGE_COLLECTIONS_MAX}.")
    filters = len(query.owners) + len(query.items) + len(query.words)
    if filters > FILTERS_MAX:
        raise BadRequest(f"At most {FILTERS_MAX} owners, items and words.")
    if any(len(word) > WORD_CHARACTERS_MAX or not is_storable(word) for word in query.words):
        raise BadRequest(f"A word has at most {WORD_CHARACTERS_MAX} characters, none of them zero.")


def _conditions(
    conn: sa.Connection, principal: Principal, query: CollectionQuery
) -> Iterator[sa.ColumnElement[bool]]:
    table = collections
    if query.owners:
        folded = [fold_name(name) for name in query.owners if is_storable(name)]
        owners = sa.select(accounts.c.id).where(accounts.c.folded.in_(folded))
        yield table.c.owner_id.in_(owners)
    for item in query.items:
        yield _holds(conn, principal, item)
    place = sa.func.strpos if conn.dialect.name == "postgresql" else sa.func.instr
    for word in query.words:
        texts = (sa.func.lower(table.c.title), sa.func.lower(table.c.description))
        yield sa.or_(*(place(text, word.lower()) > 0 for text in texts))


def _holds(conn: sa.Connection, principal: Principal, item: ItemName) -> sa.ColumnElement[bool]:
    """Whether the item is in the collection; of what the principal may not see, nothing is."""
    try:
        target = target_of(conn, principal, item)
    except (NotFound, BadRequest):
        return sa.false()
    items = collection_items
    return sa.exists().where(
        items.c.collection_id == collections.c.id,
        items.c.type == item.type.value,
        items.c.key == target.key,
    )
