"""What stands in a collection: put in, annotated, ordered, taken out.

Knows that a change to an item which not everybody may see does not show
in the collection's time: its being there is as secret as what it names.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, NotFound
from groundswell.core.values import ANONYMOUS, Principal
from groundswell.hub.collections import finding, ordering
from groundswell.hub.collections.listing import Listing
from groundswell.hub.collections.targets import target_of
from groundswell.hub.collections.values import (
    ITEMS_MAX,
    NOTE_CHARACTERS_MAX,
    POSITION_MAX,
    Collection,
    ItemName,
    check_text,
)
from groundswell.hub.events import record
from groundswell.store.database import insert_ignore
from groundswell.store.tables import collection_items, collections


def add(
    conn: sa.Connection,
    now: int,
    principal: Principal,
    collection: Collection,
    item: ItemName,
    note: str,
) -> None:
    """Put an item at the end of a collection that the principal may change."""
    note = check_text(note, "note", NOTE_CHARACTERS_MAX)
    target = target_of(conn, principal, item)
    here = collection_items.c.collection_id == collection.id
    last = sa.func.coalesce(sa.func.max(collection_items.c.position), -1)
    count, position = conn.execute(sa.select(sa.func.count(), last).where(here)).one()
    if count >= ITEMS_MAX:
        raise BadRequest(f"A collection has at most {ITEMS_MAX} items.")
    row = {
        "public_id": secrets.token_hex(12),
        "collection_id": collection.id,
        "type": item.type.value,
        "key": target.key,
        "repository_id": target.repository_id,
        "named_id": target.named_id,
        "note": note,
        "position": position + 1,
        "added_at": now,
    }
    if not insert_ignore(conn, collection_items, row):
        raise Conflict("This is in the collection already.")
    _tell(conn, now, "item_added", principal, collection, str(row["public_id"]))
    _touch(conn, now, collection, str(row["public_id"]))


class Items(Listing):
    """What one may do with items. See ``Collections``."""

    def add_item(
        self, principal: Principal, slug: str, item: ItemName, note: str = ""
    ) -> Collection:
        """Put something at the end.

        Raises:
            Conflict: it is there already.
            NotFound: also when there is no such thing, or none that the principal may see.
            BadRequest: the collection is full, or the note too long.
        """

        def work(conn: sa.Connection) -> Collection:
            collection = finding.find_to_change(conn, principal, slug)
            add(conn, self._clock(), principal, collection, item, note)
            (changed,) = finding.load(conn, principal, [collection.id])
            return self._whole(conn, principal, changed)

        return self._database.write(work)

    def change_item(
        self,
        principal: Principal,
        slug: str,
        item_id: str,
        *,
        note: str | None = None,
        position: int | None = None,
    ) -> None:
        """Change what is not None.

        Raises:
            NotFound: also when there is no such item, or none that the principal may see.
            BadRequest: the note is too long, or there is no such place.
        """

        def work(conn: sa.Connection) -> None:
            collection = finding.find_to_change(conn, principal, slug)
            number = _find(conn, principal, collection, item_id)
            now = self._clock()
            if note is not None:
                text = check_text(note, "note", NOTE_CHARACTERS_MAX)
                this = collection_items.c.id == number
                conn.execute(sa.update(collection_items).where(this).values(note=text))
            if position is not None:
                _move(conn, principal, collection, number, position)
            _tell(conn, now, "item_changed", principal, collection, item_id)
            _touch(conn, now, collection, item_id)

        self._database.write(work)

    def delete_item(self, principal: Principal, slug: str, item_id: str) -> None:
        """Take something out.

        Raises:
            NotFound: also when there is no such item, or none that the principal may see.
        """

        def work(conn: sa.Connection) -> None:
            collection = finding.find_to_change(conn, principal, slug)
            number = _find(conn, principal, collection, item_id)
            now = self._clock()
            _touch(conn, now, collection, item_id)
            conn.execute(sa.delete(collection_items).where(collection_items.c.id == number))
            _tell(conn, now, "item_removed", principal, collection, item_id)

        self._database.write(work)


def _find(conn: sa.Connection, principal: Principal, collection: Collection, item_id: str) -> int:
    query = finding.visible_items(principal).where(
        collection_items.c.collection_id == collection.id,
        collection_items.c.public_id == item_id[:24],
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None or row["public_id"] != item_id:
        raise NotFound("Item not found")
    return int(row["id"])


def _move(
    conn: sa.Connection, principal: Principal, collection: Collection, number: int, place: int
) -> None:
    if not 0 <= place <= POSITION_MAX:
        raise BadRequest(f"A position is between 0 and {POSITION_MAX}.")
    items = collection_items
    here, order = items.c.collection_id == collection.id, (items.c.position, items.c.id)
    everything = sa.select(items.c.id).where(here).order_by(*order)
    seen = finding.visible_items(principal).with_only_columns(items.c.id).where(here)
    ordered = ordering.moved(
        conn.execute(everything).scalars().all(),
        conn.execute(seen.order_by(*order)).scalars().all(),
        number,
        place,
    )
    rows = [{"number": each, "place": index} for index, each in enumerate(ordered)]
    change = (
        sa.update(items)
        .where(items.c.id == sa.bindparam("number"))
        .values(position=sa.bindparam("place"))
    )
    conn.execute(change, rows)


def _touch(conn: sa.Connection, now: int, collection: Collection, item_id: str) -> None:
    """Let the collection's time tell of a change, when everybody may see the item."""
    everybody = finding.visible_items(ANONYMOUS).where(collection_items.c.public_id == item_id)
    if collection.is_private or conn.execute(everybody).first() is not None:
        this = collections.c.id == collection.id
        conn.execute(sa.update(collections).where(this).values(updated_at=now))


def _tell(
    conn: sa.Connection,
    now: int,
    what: str,
    principal: Principal,
    collection: Collection,
    item_id: str,
) -> None:
    payload = {"collection": collection.public_id, "item": item_id}
    record(conn, now, f"collection.{what}", principal.account_id, None, payload)
