"""The Hub API's collections (Hub API, section 13).

Clients give each collection of a list its place themselves, so lists do not tell ``position``.
"""

from __future__ import annotations

from html import escape
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.http.auth import ask, hub_of, signed_in
from groundswell.http.bodies import count_field, flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import only, page_response, query_of, route
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.hub.collections import (
    Collection,
    CollectionChanges,
    CollectionQuery,
    CollectionSort,
    Item,
    ItemName,
    ItemType,
)
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.account import owner_json
from groundswell.wire.hub_api.repository import gated_value
from groundswell.wire.hub_api.text import date_text, last_values, values_of

Json = dict[str, Any]

PAGE_COLLECTIONS: Final = 100
_COLLECTION: Final = "/api/collections/{ns}/{slug}"


def _repository_json(repository: Repository) -> Json:
    return {
        "author": repository.repo_id.namespace,
        "repoType": repository.kind.value,
        "downloads": repository.downloads,
        "likes": repository.likes,
        "lastModified": date_text(repository.modified_at),
        "private": repository.is_private,
        "gated": gated_value(repository.gate),
    }


def _item_json(item: Item, base: str) -> Json:
    told: Json = {
        "_id": item.public_id,
        "id": item.id,
        "type": item.type.value,
        "position": item.position,
    }
    if item.note:
        told["note"] = {"text": item.note, "html": escape(item.note)}
    if item.repository is not None:
        told |= _repository_json(item.repository)
    if item.collection is not None:
        named = item.collection
        told |= {
            "slug": named.slug,
            "title": named.title,
            "description": named.description,
            "theme": named.theme,
            "upvotes": named.upvotes,
            "lastUpdated": date_text(named.updated_at),
            "owner": owner_json(named.owner, base),
        }
    return told


def _collection_json(collection: Collection, base: str) -> Json:
    return {
        "slug": collection.slug,
        "title": collection.title,
        "description": collection.description,
        "gating": False,
        "lastUpdated": date_text(collection.updated_at),
        "owner": owner_json(collection.owner, base),
        "items": [_item_json(item, base) for item in collection.items],
        "theme": collection.theme,
        "private": collection.is_private,
        "upvotes": collection.upvotes,
        "isUpvotedByUser": collection.is_upvoted,
    }


def _whole_json(request: Request, collection: Collection) -> Json:
    """As the one collection that was asked for, rather than one of a list."""
    told = _collection_json(collection, base_url(request))
    return {**told, "position": collection.position}


def _slug_of(request: Request) -> str:
    return f"{request.path_params['ns']}/{request.path_params['slug']}"


def _item_in(body: Json) -> ItemName:
    item = body.get("item")
    if not isinstance(item, dict):
        msg = '"item" must be an object with "type" and "id".'
        raise BadRequest(msg)
    word = only([each.value for each in ItemType], text_field(item, "type"), "type")
    return ItemName(ItemType(word), text_field(item, "id"))


def _optional_text(body: Json, name: str) -> str | None:
    return None if body.get(name) is None else text_field(body, name)


def _optional_place(body: Json) -> int | None:
    place = body.get("position")
    if place is None:
        return None
    if isinstance(place, bool) or not isinstance(place, int):
        msg = '"position" must be a whole number.'
        raise BadRequest(msg)
    return place


async def _list(request: Request) -> Response:
    query = query_of(request)
    last = last_values(query)
    words = [word for field, text in query if field == "q" for word in text.split()]
    sorts = [sort.value for sort in CollectionSort]
    asked = CollectionQuery(
        owners=tuple(values_of(query, "owner")),
        items=tuple(ItemName.parse(text) for text in values_of(query, "item")),
        words=tuple(words),
        sort=CollectionSort(only(sorts, last.get("sort") or "trending", "sort")),
        limit=max(1, count_field(last, "limit", PAGE_COLLECTIONS, PAGE_COLLECTIONS)),
        cursor=last.get("cursor") or None,
    )
    page = await ask(request, hub_of(request).collections.list, asked)
    base = base_url(request)
    items = [_collection_json(collection, base) for collection in page.collections]
    return page_response(request, items, page.next_cursor)


async def _one(request: Request) -> Response:
    collection = await ask(request, hub_of(request).collections.get, _slug_of(request))
    return json_response(_whole_json(request, collection))


async def _create(request: Request) -> Response:
    principal = await signed_in(request)
    body = await json_object(request)
    collection = await ask(
        request,
        hub_of(request).collections.create,
        text_field(body, "namespace", principal.name),
        text_field(body, "title"),
        description=text_field(body, "description", ""),
        is_private=flag_field(body, "private"),
        item=None if body.get("item") is None else _item_in(body),
        note=text_field(body, "note", ""),
    )
    return json_response(_whole_json(request, collection))


async def _change(request: Request) -> Response:
    body = await json_object(request)
    changes = CollectionChanges(
        title=_optional_text(body, "title"),
        description=_optional_text(body, "description"),
        is_private=None if body.get("private") is None else flag_field(body, "private"),
        theme=_optional_text(body, "theme"),
        position=_optional_place(body),
    )
    change = hub_of(request).collections.change
    collection = await ask(request, change, _slug_of(request), changes)
    return json_response({"success": True, "data": _whole_json(request, collection)})


async def _delete(request: Request) -> Response:
    await ask(request, hub_of(request).collections.delete, _slug_of(request))
    return json_response({"success": True})


async def _add_item(request: Request) -> Response:
    body = await json_object(request)
    item, note = _item_in(body), text_field(body, "note", "")
    add = hub_of(request).collections.add_item
    collection = await ask(request, add, _slug_of(request), item, note)
    return json_response(_whole_json(request, collection))


async def _change_item(request: Request) -> Response:
    body = await json_object(request)
    await ask(
        request,
        hub_of(request).collections.change_item,
        _slug_of(request),
        request.path_params["item"],
        note=_optional_text(body, "note"),
        position=_optional_place(body),
    )
    return json_response({"success": True})


async def _delete_item(request: Request) -> Response:
    delete = hub_of(request).collections.delete_item
    await ask(request, delete, _slug_of(request), request.path_params["item"])
    return json_response({"success": True})


async def _upvote(request: Request) -> Response:
    upvotes = await ask(request, hub_of(request).collections.upvote, _slug_of(request))
    return json_response({"upvotes": upvotes})


async def _take_back_upvote(request: Request) -> Response:
    take_back = hub_of(request).collections.take_back_upvote
    return json_response({"upvotes": await ask(request, take_back, _slug_of(request))})


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("GET", "/api/collections", _list, "collections"),
        route("POST", "/api/collections", _create, "create collection"),
        route("GET", _COLLECTION, _one, "collection"),
        route("PATCH", _COLLECTION, _change, "change collection"),
        route("DELETE", _COLLECTION, _delete, "delete collection"),
        route("POST", f"{_COLLECTION}/items", _add_item, "add item"),
        route("PATCH", f"{_COLLECTION}/items/{{item}}", _change_item, "change item"),
        route("DELETE", f"{_COLLECTION}/items/{{item}}", _delete_item, "delete item"),
        route("POST", f"{_COLLECTION}/upvote", _upvote, "upvote"),
        route("DELETE", f"{_COLLECTION}/upvote", _take_back_upvote, "take back upvote"),
    ]
