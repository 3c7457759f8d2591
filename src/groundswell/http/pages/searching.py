"""Searching the whole hub: one page for everything, and what is suggested while somebody types."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.values import Principal, is_storable
from groundswell.http.auth import ask, hub_of
from groundswell.http.errors import json_response
from groundswell.http.pages.collecting import rows_of as collection_rows_of
from groundswell.http.pages.collecting import url_of as collection_url_of
from groundswell.http.pages.door import DOOR, Answer, Asked, show, with_query
from groundswell.http.pages.likes import person_of
from groundswell.http.pages.lists import LISTED
from groundswell.http.pages.repositories import rows_of
from groundswell.http.pages.views import Found, SearchPage
from groundswell.http.routing import Route
from groundswell.hub.collections import CollectionQuery
from groundswell.hub.search import ListQuery, Sort
from groundswell.wiring import Hub

ON_PAGE: Final = 6
SUGGESTED: Final = 4
TEXT_MAX: Final = 200
WORDS_MAX: Final = 8


def words_of(text: str) -> tuple[str, ...]:
    """The words of a search; none when it cannot stand in any name."""
    text = text[:TEXT_MAX]
    return tuple(text.split()[:WORDS_MAX]) if is_storable(text) else ()


def _query(words: tuple[str, ...], limit: int) -> ListQuery:
    return ListQuery(words=words, sort=Sort.TRENDING, limit=limit)


def _search(asked: Asked) -> Answer:
    text = asked.query.get("search", "").strip()[:TEXT_MAX]
    words = words_of(text)
    if not words:
        return SearchPage(text, (), (), ())
    search, principal = asked.hub.search, asked.principal
    found = []
    for kind in LISTED:
        page = search.list(principal, kind, _query(words, ON_PAGE))
        if page.repositories:
            more = with_query(f"/{kind.plural}", search=text) if page.next_cursor else None
            found.append(Found(kind.value, rows_of(page.repositories), more))
    collections = asked.hub.collections.list(principal, CollectionQuery(words=words, limit=ON_PAGE))
    people = asked.hub.accounts.find_named(words, ON_PAGE)
    return SearchPage(
        text,
        tuple(found),
        collection_rows_of(collections.collections),
        tuple(person_of(account) for account in people),
    )


async def _suggest(request: Request) -> Response:
    words = words_of(request.query_params.get("search", ""))
    found = await ask(request, _suggestions, hub_of(request), words) if words else []
    return json_response(found, headers={"Cache-Control": "private, no-store"})


def _suggestions(principal: Principal, hub: Hub, words: tuple[str, ...]) -> list[dict[str, Any]]:
    """Names and their addresses, each of what the asker may see."""
    found: list[dict[str, Any]] = []
    for kind in LISTED:
        page = hub.search.list(principal, kind, _query(words, SUGGESTED))
        found += [
            {"kind": kind.value, "name": each.full_name, "url": f"/{each.repo_id.url_path}"}
            for each in page.repositories
        ]
    collections = hub.collections.list(principal, CollectionQuery(words=words, limit=SUGGESTED))
    found += [
        {"kind": "collection", "name": each.title, "url": collection_url_of(each)}
        for each in collections.collections
    ]
    found += [
        {
            "kind": "organisation" if each.is_organisation else "user",
            "name": each.name,
            "url": f"/{each.name}",
        }
        for each in hub.accounts.find_named(words, SUGGESTED)
    ]
    return found


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/search", _search, "search"),
        Route(("GET",), "/-/suggest", _suggest, DOOR, "suggestions"),
    ]
