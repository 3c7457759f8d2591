"""The Hub API's lists: models, datasets, spaces, filtered and page by page (Hub API, section 4)."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.values import Principal, RepoKind
from groundswell.http.auth import ask, hub_of
from groundswell.http.bodies import count_field, flag_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import KINDS, here, query_of, route
from groundswell.http.routing import Route
from groundswell.hub.search import LIMIT_MAX, ListPage, ListQuery, Sort, parse_count_range
from groundswell.wire.hub_api.expand import LISTED, LISTED_IN_FULL, check_expand
from groundswell.wire.hub_api.repository import repository_json
from groundswell.wire.hub_api.text import last_values, next_link, values_of
from groundswell.wire.hub_api.tree import sibling
from groundswell.wiring import Hub

Json = dict[str, Any]
Query = list[tuple[str, str]]

# Lists that tell files read a tree for each repository: their pages are shorter.
WITH_FILES_LIMIT_MAX: Final = 100

_SORTS: Final = {sort.value.lower(): sort for sort in Sort} | {
    "last_modified": Sort.LAST_MODIFIED,
    "created_at": Sort.CREATED_AT,
    "trending_score": Sort.TRENDING,
}


def _sort_in(text: str | None) -> Sort:
    if not text:
        return Sort.TRENDING
    found = _SORTS.get(text.lower())
    if found is None:
        options = "|".join(f'"{sort.value}"' for sort in Sort)
        msg = f"Invalid sort: expected one of {options}"
        raise BadRequest(msg)
    return found


def list_query(kind: RepoKind, query: Query, fields: tuple[str, ...]) -> ListQuery:
    """The question that a query asks.

    Raises:
        BadRequest: a sort, number or range that does not exist.
    """
    last = last_values(query)
    words = [word for field, text in query if field == "search" for word in text.split()]
    filters = values_of(query, "filter") + values_of(query, "tags")
    filters += [f"dataset:{name}" for name in values_of(query, "trained_dataset")]
    if kind is RepoKind.SPACE:
        filters += [f"dataset:{name}" for name in values_of(query, "datasets")]
    parameters = last.get("num_parameters")
    gated = flag_field(last, "gated") if last.get("gated") else None
    most = WITH_FILES_LIMIT_MAX if "siblings" in fields else LIMIT_MAX
    return ListQuery(
        author=last.get("author") or None,
        words=tuple(words),
        filters=tuple(filters),
        pipeline_tag=last.get("pipeline_tag") or None,
        library=last.get("library") or None,
        gated=gated,
        parameters=parse_count_range(parameters) if parameters else None,
        sort=_sort_in(last.get("sort")),
        descending=last.get("direction", "-1") != "1",
        limit=max(1, count_field(last, "limit", most, most)),
        cursor=last.get("cursor") or None,
        details=bool({"cardData", "config", "safetensors", "gguf"} & set(fields)),
    )


def fields_of(kind: RepoKind, query: Query) -> tuple[str, ...]:
    """Which fields each item tells.

    Raises:
        BadRequest: an ``expand`` that does not exist.
    """
    asked = check_expand(kind, values_of(query, "expand"))
    if asked:
        return asked
    last = last_values(query)
    fields = list(LISTED[kind])
    if flag_field(last, "full"):
        fields += LISTED_IN_FULL[kind]
    for flag in ("cardData", "config"):
        if flag_field(last, flag):
            fields.append(flag)
    return tuple(dict.fromkeys(fields))


def _page(
    principal: Principal, hub: Hub, kind: RepoKind, asked: ListQuery, fields: tuple[str, ...]
) -> tuple[ListPage, list[Json]]:
    page = hub.search.list(principal, kind, asked)
    items: list[Json] = []
    for repository in page.repositories:
        known: Json = {}
        if "siblings" in fields and repository.head_commit is not None:
            known["siblings"] = [
                sibling(entry, blobs=False)
                for entry in hub.content.siblings.files(repository.id, repository.head_commit)
            ]
        items.append(repository_json(repository, fields, known))
    return page, items


async def _list(request: Request) -> Response:
    kind, query = KINDS[request.path_params["kind"]], query_of(request)
    fields = fields_of(kind, query)
    asked = list_query(kind, query, fields)
    page, items = await ask(request, _page, hub_of(request), kind, asked, fields)
    headers = {}
    if page.next_cursor is not None:
        headers["Link"] = next_link(here(request), query, {"cursor": page.next_cursor})
    if page.total is not None:
        headers["X-Total-Count"] = str(page.total)
    return json_response(items, headers=headers)


async def _tags_by_type(request: Request) -> Response:
    """Facets: the tags that public repositories carry, sorted into types by their prefix."""
    kind = RepoKind.MODEL if request.path_params["which"].startswith("models") else RepoKind.DATASET
    found = await ask(request, _tags, hub_of(request), kind)
    return json_response(found)


_TAG_PAGES_MAX: Final = 10


def _tags(principal: Principal, hub: Hub, kind: RepoKind) -> dict[str, list[Json]]:
    types: dict[str, dict[str, Json]] = {"library": {}, "pipeline_tag": {}, "other": {}}
    cursor: str | None = None
    for _ in range(_TAG_PAGES_MAX):
        page = hub.search.list(principal, kind, ListQuery(cursor=cursor, details=False))
        for repository in page.repositories:
            for tag in repository.tags:
                prefix, colon, label = tag.partition(":")
                if tag == repository.library_name:
                    prefix, label = "library", tag
                elif tag == repository.pipeline_tag:
                    prefix, label = "pipeline_tag", tag
                elif not colon:
                    prefix, label = "other", tag
                of_type = types.setdefault(prefix, {})
                of_type.setdefault(tag, {"id": tag, "label": label, "type": prefix})
        cursor = page.next_cursor
        if cursor is None:
            break
    return {name: sorted(tags.values(), key=lambda tag: tag["id"]) for name, tags in types.items()}


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("GET", f"/api/{{kind:{'|'.join(KINDS)}}}", _list, "list"),
        route(
            "GET",
            "/api/{which:models-tags-by-type|datasets-tags-by-type}",
            _tags_by_type,
            "tags by type",
        ),
    ]
