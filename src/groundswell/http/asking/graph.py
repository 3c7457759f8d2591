"""What is connected in packs: around an entity, and from one entity to another."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.http.answers import apart
from groundswell.http.asking.door import DOOR, library_of
from groundswell.http.auth import principal_of
from groundswell.http.errors import json_response
from groundswell.http.routing import Route
from groundswell.wire.hub_api.text import last_values, parse_query, values_of

_PACKS_MAX: Final = 8
_KINDS_MAX: Final = 8
_NAME_CHARACTERS_MAX: Final = 400
_HEADERS: Final = {"Cache-Control": "private, no-store"}

Query = list[tuple[str, str]]
Json = dict[str, Any]


def _chosen(query: Query) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Packs and kinds of edges."""
    packs, kinds = values_of(query, "pack"), values_of(query, "kind")
    if len(packs) > _PACKS_MAX or any(len(each) > _NAME_CHARACTERS_MAX for each in packs):
        raise BadRequest(f'"pack" may be given {_PACKS_MAX} times.')
    if len(kinds) > _KINDS_MAX:
        raise BadRequest(f'"kind" may be given {_KINDS_MAX} times.')
    return tuple(dict.fromkeys(packs)), tuple(kinds)


def _title(text: str, name: str) -> str:
    if not text.strip():
        raise BadRequest(f'"{name}" is missing: the title of an article, or its path.')
    return text.strip()


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise BadRequest(f'"{name}" is a number.')
    return int(text)


async def _graph(request: Request) -> Response:
    library, principal = library_of(request), await principal_of(request)
    query = parse_query(request.scope.get("query_string", b""))
    fields, chosen = last_values(query), _chosen(query)
    entity = _title(fields.get("entity", ""), "entity")
    hops = _number(fields.get("hops", "1"), "hops")
    nodes_max = _number(fields.get("limit", "60"), "limit")

    def work() -> Json:
        from groundswell.ask.graphs.replies import Asked, as_json, explore

        return as_json(explore(library, principal, Asked(*chosen), entity, hops, nodes_max))

    return json_response(await apart(work), headers=_HEADERS)


async def _way(request: Request) -> Response:
    library, principal = library_of(request), await principal_of(request)
    query = parse_query(request.scope.get("query_string", b""))
    fields, chosen = last_values(query), _chosen(query)
    first = _title(fields.get("from", ""), "from")
    second = _title(fields.get("to", ""), "to")

    def work() -> Json:
        from groundswell.ask.graphs.replies import Asked, as_json, connect

        return as_json(connect(library, principal, Asked(*chosen), first, second))

    return json_response(await apart(work), headers=_HEADERS)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("GET",), "/v1/graph", _graph, DOOR, "graph"),
        Route(("GET",), "/v1/graph/way", _way, DOOR, "way between entities"),
    ]
