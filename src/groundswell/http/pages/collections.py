"""Collections: lists of them, one of them, and the forms that make, change and end one."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound
from groundswell.core.policy import may_change_collection
from groundswell.http.pages.collecting import item_row, row_of, rows_of, url_of
from groundswell.http.pages.door import Answer, Asked, Redirect, show, take, with_query
from groundswell.http.pages.making import owners_of
from groundswell.http.pages.views import (
    CollectionEditPage,
    CollectionPage,
    CollectionsPage,
    NewCollectionPage,
)
from groundswell.http.routing import Route
from groundswell.hub.collections import (
    Collection,
    CollectionChanges,
    CollectionQuery,
    CollectionSort,
    ItemName,
    ItemType,
)
from groundswell.hub.collections.values import THEMES

ON_LIST: Final = 30
TEXT_MAX: Final = 200
WORDS_MAX: Final = 8
KINDS: Final = ("model", "dataset", "space", "paper", "collection")

_SORTS: Final = {"upvotes": CollectionSort.UPVOTES, "modified": CollectionSort.LAST_MODIFIED}
_ONE: Final = "/collections/{ns}/{slug}"


def _slug_of(asked: Asked) -> str:
    return f"{asked.parameters['ns']}/{asked.parameters['slug']}"


def _list(asked: Asked) -> Answer:
    search = asked.query.get("search", "").strip()[:TEXT_MAX]
    sort = asked.query.get("sort", "")
    sort = sort if sort in _SORTS else "upvotes"
    cursor = asked.query.get("cursor") or None
    query = CollectionQuery(
        words=tuple(search.split()[:WORDS_MAX]), sort=_SORTS[sort], limit=ON_LIST, cursor=cursor
    )
    page = asked.hub.collections.list(asked.principal, query)
    kept = {"search": search, "sort": sort}
    return CollectionsPage(
        rows=rows_of(page.collections),
        search=search,
        sort=sort,
        next_url=with_query("/collections", **kept, cursor=page.next_cursor)
        if page.next_cursor
        else None,
        first_url=with_query("/collections", **kept) if cursor else None,
    )


def _show(asked: Asked) -> Answer:
    slug = _slug_of(asked)
    collection = asked.hub.collections.get(asked.principal, slug)
    if collection.slug != slug:
        return Redirect(url_of(collection))
    principal = asked.principal
    return CollectionPage(
        row=row_of(collection),
        items=tuple(item_row(item) for item in collection.items),
        is_upvoted=collection.is_upvoted,
        may_change=may_change_collection(principal, collection.owner.id, collection.creator_id),
    )


def _upvote(asked: Asked) -> Answer:
    slug, collections = _slug_of(asked), asked.hub.collections
    is_taken_back = asked.fields.get("upvote") == "no"
    change = collections.take_back_upvote if is_taken_back else collections.upvote
    change(asked.principal, slug)
    return Redirect(f"/collections/{slug}")


# --- a new one --------------------------------------------------------------------------------


def _new_page(asked: Asked, error: str = "") -> NewCollectionPage:
    principal = asked.signed_in()
    told = {**asked.query, **asked.fields}
    owners = owners_of(asked, principal)
    owner = told.get("owner", "")
    return NewCollectionPage(
        owners=owners,
        owner=owner if owner in owners else principal.name,
        title=told.get("title", "")[:TEXT_MAX],
        description=told.get("description", "")[:1000],
        is_private=told.get("visibility") == "private",
        item=told.get("item", "")[:TEXT_MAX],
        error=error,
    )


def _new(asked: Asked) -> Answer:
    return _new_page(asked)


def _make(asked: Asked) -> Answer:
    principal, fields = asked.signed_in(), asked.fields
    try:
        item = fields.get("item", "")
        collection = asked.hub.collections.create(
            principal,
            fields.get("owner", ""),
            fields.get("title", ""),
            description=fields.get("description", ""),
            is_private=fields.get("visibility") == "private",
            item=ItemName.parse(item) if item else None,
        )
    except (BadRequest, Conflict, Forbidden, NotFound) as error:
        return _new_page(asked, error.message)
    return Redirect(url_of(collection), "collection")


# --- changing one -----------------------------------------------------------------------------


def _edit_page(collection: Collection, error: str = "", error_in: str = "") -> CollectionEditPage:
    return CollectionEditPage(
        row=row_of(collection),
        items=tuple(item_row(item) for item in collection.items),
        themes=THEMES,
        kinds=KINDS,
        error=error,
        error_in=error_in,
    )


def _edit(asked: Asked) -> Answer:
    collections = asked.hub.collections
    return _edit_page(collections.get(asked.principal, _slug_of(asked), to_change=True))


def _change_details(asked: Asked, collection: Collection) -> Answer:
    fields = asked.fields
    changes = CollectionChanges(
        title=fields.get("title", ""),
        description=fields.get("description", ""),
        is_private=fields.get("visibility") == "private",
        theme=fields.get("theme", ""),
    )
    changed = asked.hub.collections.change(asked.principal, collection.slug, changes)
    return Redirect(f"{url_of(changed)}/edit", "saved")


def _add(asked: Asked, collection: Collection) -> Answer:
    kind = asked.fields.get("kind", "")
    if kind not in KINDS:
        msg = "Choose what to put in."
        raise BadRequest(msg)
    item = ItemName(ItemType(kind), asked.fields.get("item", "").strip())
    note = asked.fields.get("note", "")
    asked.hub.collections.add_item(asked.principal, collection.slug, item, note)
    return Redirect(f"{url_of(collection)}/edit", "collected")


def _change_item(asked: Asked, collection: Collection) -> Answer:
    """One item's form: its note, or a step up, a step down, or out."""
    number, act = asked.fields.get("item", ""), asked.fields.get("act", "")
    collections, principal, slug = asked.hub.collections, asked.principal, collection.slug
    here = next((item for item in collection.items if item.public_id == number), None)
    if here is None:
        raise NotFound("The item is not there any more.")
    if act == "remove":
        collections.delete_item(principal, slug, number)
    elif act in {"up", "down"}:
        place = max(0, here.position + (1 if act == "down" else -1))
        collections.change_item(principal, slug, number, position=place)
    else:
        collections.change_item(principal, slug, number, note=asked.fields.get("note", ""))
    return Redirect(f"{url_of(collection)}/edit", "saved")


def _end(asked: Asked, collection: Collection) -> Answer:
    asked.hub.collections.delete(asked.principal, collection.slug)
    return Redirect(with_query(f"/{collection.owner.name}", tab="collections"), "deleted")


_CHANGES: Final = {"details": _change_details, "add": _add, "item": _change_item, "delete": _end}


def _change(asked: Asked) -> Answer:
    collections = asked.hub.collections
    collection = collections.get(asked.principal, _slug_of(asked), to_change=True)
    kind = asked.fields.get("change", "")
    work = _CHANGES.get(kind)
    if work is None:
        msg = "The form does not say what to change."
        raise BadRequest(msg)
    try:
        return work(asked, collection)
    except (BadRequest, Conflict, NotFound) as error:
        return _edit_page(collection, error.message, kind)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/collections", _list, "collections"),
        show("/collections/new", _new, "new collection"),
        take("/collections/new", _make, "new collection"),
        show(_ONE, _show, "collection"),
        show(f"{_ONE}/edit", _edit, "edit collection"),
        take(f"{_ONE}/edit", _change, "edit collection"),
        take(f"{_ONE}/upvote", _upvote, "upvote"),
    ]
