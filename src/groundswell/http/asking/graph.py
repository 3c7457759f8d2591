"""What is connected in packs: around an entity, and from one entity to another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.http.answers import apart
from groundswell.http.asking.door import DOOR, library_of
from groundswell.http.auth import principal_of
from groundswell.http.errors import json_response
from groundswell.http.routing import Route
from groundswell.wire.hub_api.text import parse_query

if TYPE_CHECKING:
    from groundswell.ask.graphs.replies import Asked, Explored
    from groundswell.ask.library import Library
    from groundswell.core.values import Principal

_PACKS_MAX: Final = 8
_KINDS_MAX: Final = 8
_NAME_CHARACTERS_MAX: Final = 400
_NODES_DEFAULT: Final = 60

Query = list[tuple[str, str]]


def _asked(query: Query) -> Asked:
    from groundswell.ask.graphs.replies import Asked

    packs = tuple(dict.fromkeys(value for name, value in query if name == "pack" and value))
    kinds = tuple(dict.fromkeys(value for name, value in query if name == "kind" and value))
    if len(packs) > _PACKS_MAX or any(len(each) > _NAME_CHARACTERS_MAX for each in packs):
        raise BadRequest(f'"pack" may be given {_PACKS_MAX} times.')
    if len(kinds) > _KINDS_MAX:
        raise BadRequest(f'"kind" may be given {_KINDS_MAX} times.')
    return Asked(packs, kinds)


def _text(query: Query, name: str) -> str:
    text = dict(query).get(name, "").strip()
    if not text:
        raise BadRequest(f'"{name}" is missing: the title of an article, or its path.')
    return text


def _number(query: Query, name: str, default: int) -> int:
    text = dict(query).get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise BadRequest(f'"{name}" is a number.')
    return int(text)


def _around(library: Library, principal: Principal, query: Query) -> Explored:
    from groundswell.ask.graphs.replies import explore

    hops, nodes_max = _number(query, "hops", 1), _number(query, "limit", _NODES_DEFAULT)
    return explore(library, principal, _asked(query), _text(query, "entity"), hops, nodes_max)


def _way(library: Library, principal: Principal, query: Query) -> Explored:
    from groundswell.ask.graphs.replies import connect

    ends = _text(query, "from"), _text(query, "to")
    return connect(library, principal, _asked(query), *ends)


def _endpoint(
    work: Callable[[Library, Principal, Query], Explored],
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        library, principal = library_of(request), await principal_of(request)
        query = parse_query(request.scope.get("query_string", b""))

        def answer() -> dict[str, Any]:
            from groundswell.ask.graphs.replies import as_json

            return as_json(work(library, principal, query))

        headers = {"Cache-Control": "private, no-store"}
        return json_response(await apart(answer), headers=headers)

    return endpoint


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("GET",), "/v1/graph", _endpoint(_around), DOOR, "graph"),
        Route(("GET",), "/v1/graph/way", _endpoint(_way), DOOR, "way between entities"),
    ]
