"""``Collections``: made, found, listed, changed, ended; and what stands in them.

Every change looks at the collection and decides again inside its own transaction, with its event.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    CollectionExists,
    Forbidden,
    Unauthenticated,
)
from groundswell.core.policy import may_create_in
from groundswell.core.values import Principal, is_storable
from groundswell.hub.accounts.rights import require_full_rights
from groundswell.hub.collections import finding, ordering
from groundswell.hub.collections.items import Items, add
from groundswell.hub.collections.values import (
    COLLECTIONS_MAX,
    DESCRIPTION_CHARACTERS_MAX,
    POSITION_MAX,
    THEMES,
    Collection,
    CollectionChanges,
    ItemName,
    check_text,
    check_theme,
    check_title,
    folded_title,
    slug_of,
)
from groundswell.hub.events import record
from groundswell.hub.repos import names
from groundswell.store.database import insert_ignore
from groundswell.store.tables import collection_upvotes, collections

_ONE: Final = 1


class Collections(Items):
    """Everything one may do with collections. ``slug`` may be an old one.

    Whatever takes a slug raises NotFound for a collection that is missing or hidden, and what
    changes one Unauthenticated or Forbidden for whoever may see it and not do that.
    """

    def create(
        self,
        principal: Principal,
        namespace: str,
        title: str,
        *,
        description: str = "",
        is_private: bool = False,
        item: ItemName | None = None,
        note: str = "",
    ) -> Collection:
        """Make a collection, with a first item or none.

        Raises:
            BadRequest: texts above their bounds, or too many collections in the namespace.
            CollectionExists: the namespace has one of this title.
            AccountNotFound: there is no such namespace.
            NotFound: no such item, or none that the principal may see.
        """
        title = check_title(title)
        description = check_text(description, "description", DESCRIPTION_CHARACTERS_MAX)
        if principal.is_anonymous:
            raise Unauthenticated
        if not is_storable(namespace):
            raise AccountNotFound

        def work(conn: sa.Connection) -> Collection:
            owner = names.owner_of(conn, namespace)
            if not may_create_in(principal, owner.id):
                msg = f"You may not make collections under the namespace {owner.name!r}."
                raise Forbidden(msg)
            _check_free(conn, owner.id, owner.name, title)
            now = self._clock()
            values = {
                "public_id": secrets.token_hex(12),
                "owner_id": owner.id,
                "creator_id": principal.account_id,
                "title": title,
                "folded": folded_title(title),
                "description": description,
                "theme": THEMES[secrets.randbelow(len(THEMES))],
                "is_private": is_private,
                "position": _last_position(conn, owner.id) + 1,
                "created_at": now,
                "updated_at": now,
            }
            made = conn.execute(sa.insert(collections).values(values).returning(collections.c.id))
            (collection,) = finding.load(conn, principal, [int(made.scalar_one())])
            _tell(conn, now, "created", principal, collection)
            if item is not None:
                add(conn, now, principal, collection, item, note)
            return self._whole(conn, principal, collection)

        return self._database.write(work)

    def change(self, principal: Principal, slug: str, changes: CollectionChanges) -> Collection:
        """Change what is not None.

        Raises:
            BadRequest: texts above their bounds, no such theme or place.
            CollectionExists: the namespace has another one of this title.
        """

        def work(conn: sa.Connection) -> Collection:
            collection = finding.find_to_change(conn, principal, slug)
            now = self._clock()
            values = _values(changes)
            if "title" in values:
                _check_free(
                    conn, collection.owner.id, collection.owner.name, values["title"], collection.id
                )
            if values:
                this = collections.c.id == collection.id
                statement = sa.update(collections).where(this)
                conn.execute(statement.values(**values, updated_at=now))
            if changes.position is not None:
                _move(conn, principal, collection, changes.position)
            (changed,) = finding.load(conn, principal, [collection.id])
            _tell(conn, now, "changed", principal, changed)
            return self._whole(conn, principal, changed)

        return self._database.write(work)

    def delete(self, principal: Principal, slug: str) -> None:
        """End a collection, and its place in others."""

        def work(conn: sa.Connection) -> None:
            collection = finding.find_to_change(conn, principal, slug)
            conn.execute(sa.delete(collections).where(collections.c.id == collection.id))
            _tell(conn, self._clock(), "deleted", principal, collection)

        self._database.write(work)

    def upvote(self, principal: Principal, slug: str) -> int:
        """Say that one thinks well of it; how many do. Twice is once.

        Raises:
            NotFound, Unauthenticated, Forbidden: as everywhere in this class.
        """

        def work(conn: sa.Connection) -> int:
            collection = finding.find(conn, principal, slug)
            require_full_rights(principal)
            now = self._clock()
            row = {"collection_id": collection.id, "account_id": principal.account_id}
            if not insert_ignore(conn, collection_upvotes, {**row, "upvoted_at": now}):
                return collection.upvotes
            _tell(conn, now, "upvoted", principal, collection)
            return _count(conn, collection, _ONE)

        return self._database.write(work)

    def take_back_upvote(self, principal: Principal, slug: str) -> int:
        """Say so no longer; how many still do. Idempotent."""

        def work(conn: sa.Connection) -> int:
            collection = finding.find(conn, principal, slug)
            require_full_rights(principal)
            mine = sa.delete(collection_upvotes).where(
                collection_upvotes.c.collection_id == collection.id,
                collection_upvotes.c.account_id == principal.account_id,
            )
            if not conn.execute(mine).rowcount:
                return collection.upvotes
            _tell(conn, self._clock(), "upvote_withdrawn", principal, collection)
            return _count(conn, collection, -_ONE)

        return self._database.write(work)


def _values(changes: CollectionChanges) -> dict[str, Any]:
    """The columns that change, each within its bounds."""
    values: dict[str, Any] = {}
    if changes.title is not None:
        values["title"] = check_title(changes.title)
        values["folded"] = folded_title(changes.title)
    if changes.description is not None:
        text = check_text(changes.description, "description", DESCRIPTION_CHARACTERS_MAX)
        values["description"] = text
    if changes.theme is not None:
        values["theme"] = check_theme(changes.theme)
    if changes.is_private is not None:
        values["is_private"] = changes.is_private
    return values


def _check_free(
    conn: sa.Connection, owner_id: int, namespace: str, title: str, number: int = 0
) -> None:
    """Whoever may make a collection in a namespace sees all of its collections."""
    table = collections
    query = sa.select(table.c.id, table.c.title, table.c.public_id).where(
        table.c.owner_id == owner_id, table.c.folded == folded_title(title), table.c.id != number
    )
    row = conn.execute(query).one_or_none()
    if row is not None:
        raise CollectionExists(slug_of(namespace, row.title, row.public_id))
    if number == 0:
        count = sa.select(sa.func.count()).where(table.c.owner_id == owner_id)
        if conn.execute(count).scalar_one() >= COLLECTIONS_MAX:
            raise BadRequest(f"A namespace has at most {COLLECTIONS_MAX} collections.")


def _last_position(conn: sa.Connection, owner_id: int) -> int:
    last = sa.func.coalesce(sa.func.max(collections.c.position), -1)
    query = sa.select(last).where(collections.c.owner_id == owner_id)
    return int(conn.execute(query).scalar_one())


def _move(conn: sa.Connection, principal: Principal, collection: Collection, place: int) -> None:
    table = collections
    if not 0 <= place <= POSITION_MAX:
        raise BadRequest(f"A position is between 0 and {POSITION_MAX}.")
    of_owner = table.c.owner_id == collection.owner.id
    order = sa.select(table.c.id).where(of_owner).order_by(table.c.position, table.c.id)
    everything = conn.execute(order).scalars().all()
    seen = conn.execute(order.where(finding.visible_collections(principal))).scalars().all()
    rows = [
        {"number": number, "place": index}
        for index, number in enumerate(ordering.moved(everything, seen, collection.id, place))
    ]
    change = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("number"))
        .values(position=sa.bindparam("place"))
    )
    conn.execute(change, rows)


def _count(conn: sa.Connection, collection: Collection, more: int) -> int:
    this = collections.c.id == collection.id
    change = sa.update(collections).where(this).values(upvotes=collections.c.upvotes + more)
    return int(conn.execute(change.returning(collections.c.upvotes)).scalar_one())


def _tell(
    conn: sa.Connection, now: int, what: str, principal: Principal, collection: Collection
) -> None:
    payload = {"collection": collection.public_id, "is_private": collection.is_private}
    record(conn, now, f"collection.{what}", principal.account_id, None, payload)
