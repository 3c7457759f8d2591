"""Collections in the browser: what the pages that show and change them share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import RepoKind
from groundswell.http.pages.door import Answer, Asked, Redirect, with_query
from groundswell.http.pages.repositories import find, takes
from groundswell.http.pages.views import Collecting, CollectionRow, ItemRow, Tag
from groundswell.http.pages.wording import quantity
from groundswell.http.routing import Route
from groundswell.hub.accounts.rights import require_full_rights
from groundswell.hub.collections import Collection, CollectionQuery, Item, ItemName, ItemType
from groundswell.hub.repos import Repository

HELD_IN_MAX: Final = 5
CHOICES_MAX: Final = 100
_TYPES: Final = {
    RepoKind.MODEL: ItemType.MODEL,
    RepoKind.DATASET: ItemType.DATASET,
    RepoKind.SPACE: ItemType.SPACE,
}


def url_of(collection: Collection) -> str:
    """Path of a collection's page."""
    return f"/collections/{collection.slug}"


def _name_of(item: Item) -> str:
    return item.collection.title if item.collection is not None else item.id


def row_of(collection: Collection) -> CollectionRow:
    """A collection in a list."""
    return CollectionRow(
        title=collection.title,
        url=url_of(collection),
        owner=collection.owner.name,
        description=collection.description,
        theme=collection.theme,
        is_private=collection.is_private,
        upvotes=collection.upvotes,
        item_count=collection.item_count,
        updated_at=collection.updated_at,
        items=tuple(_name_of(item) for item in collection.items[:4]),
    )


def rows_of(collections: Iterable[Collection]) -> tuple[CollectionRow, ...]:
    """Collections in a list."""
    return tuple(row_of(collection) for collection in collections)


def item_row(item: Item) -> ItemRow:
    """An item on its collection's page."""
    url, detail, is_private = None, "", False
    if item.repository is not None:
        url = f"/{item.repository.repo_id.url_path}"
        counts = (
            f"{quantity(item.repository.downloads)} downloads",
            f"{quantity(item.repository.likes)} likes",
        )
        detail, is_private = " · ".join(counts), item.repository.is_private
    elif item.collection is not None:
        url, is_private = url_of(item.collection), item.collection.is_private
        detail = f"by {item.collection.owner.name}"
    return ItemRow(
        public_id=item.public_id,
        kind=item.type.value,
        name=_name_of(item),
        url=url,
        note=item.note,
        detail=detail,
        is_private=is_private,
    )


def collecting_of(asked: Asked, repository: Repository) -> Collecting | None:
    """What the page of a repository says of collections; None for kinds that go into none."""
    kind = _TYPES.get(repository.kind)
    if kind is None:
        return None
    item = ItemName(kind, repository.full_name)
    collections, principal = asked.hub.collections, asked.principal
    query = CollectionQuery(items=(item,), limit=HELD_IN_MAX)
    held_in = collections.list(principal, query).collections
    choices = () if principal.is_anonymous else collections.changeable(principal)[:CHOICES_MAX]
    return Collecting(
        held_in=tuple(Tag(each.title, url_of(each)) for each in held_in),
        choices=tuple((each.slug, f"{each.owner.name}: {each.title}") for each in choices),
        item=f"{kind.value}s/{repository.full_name}",
    )


def _collect(asked: Asked) -> Answer:
    """The form on a repository's page: put it into a collection."""
    repository = find(asked, Action.SEE)
    require_full_rights(asked.principal)
    kind, slug = _TYPES.get(repository.kind), asked.fields.get("collection", "")
    if kind is None or not slug:
        msg = "Choose a collection."
        raise BadRequest(msg)
    item, note = ItemName(kind, repository.full_name), asked.fields.get("note", "")
    collection = asked.hub.collections.add_item(asked.principal, slug, item, note)
    return Redirect(url_of(collection), "collected")


def new_url(item: str) -> str:
    """Path of the form for a new collection with this item."""
    return with_query("/collections/new", item=item)


def routes() -> list[Route]:
    """Addresses of this part."""
    return takes("/collect", _collect, "collect")
