"""What is connected in packs: around an entity, and from one entity to another; and what people say
of such edges.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, Unauthenticated
from groundswell.http.answers import apart
from groundswell.http.asking.door import DOOR, library_of
from groundswell.http.auth import hub_of, principal_of
from groundswell.http.bodies import json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.routing import Route
from groundswell.wire.hub_api.text import last_values, parse_query, values_of

_PACKS_MAX: Final = 8
_KINDS_MAX: Final = 8
_NAME_CHARACTERS_MAX: Final = 400
_HEADERS: Final = {"Cache-Control": "private, no-store"}

# A correction with the longest names, quote and note, every character of them an escape.
_BODY_MAX_BYTES: Final = 256 * 1024
_OVERLAYS_MAX: Final = 4

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


def _overlays(query: Query) -> tuple[str, ...] | None:
    """Whose corrections are heeded: an empty name alone says nobody's."""
    sent = values_of(query, "overlay")
    if len(sent) > _OVERLAYS_MAX or any(len(each) > _NAME_CHARACTERS_MAX for each in sent):
        raise BadRequest(f'"overlay" may be given {_OVERLAYS_MAX} times.')
    return tuple(dict.fromkeys(each for each in sent if each)) if sent else None


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
    fields, chosen, overlays = last_values(query), _chosen(query), _overlays(query)
    entity = _title(fields.get("entity", ""), "entity")
    hops = _number(fields.get("hops", "1"), "hops")
    nodes_max = _number(fields.get("limit", "60"), "limit")

    def work() -> Json:
        from groundswell.ask.graphs.replies import Asked, as_json, explore

        asked = Asked(*chosen, overlays)
        return as_json(explore(library, principal, asked, entity, hops, nodes_max))

    return json_response(await apart(work), headers=_HEADERS)


async def _way(request: Request) -> Response:
    library, principal = library_of(request), await principal_of(request)
    query = parse_query(request.scope.get("query_string", b""))
    fields, chosen, overlays = last_values(query), _chosen(query), _overlays(query)
    first = _title(fields.get("from", ""), "from")
    second = _title(fields.get("to", ""), "to")

    def work() -> Json:
        from groundswell.ask.graphs.replies import Asked, as_json, connect

        return as_json(connect(library, principal, Asked(*chosen, overlays), first, second))

    return json_response(await apart(work), headers=_HEADERS)


def _end(body: Json, name: str) -> tuple[str, str]:
    end = body.get(name)
    if not isinstance(end, dict):
        raise BadRequest(f'"{name}" is an article: {{"pack": "me/notes", "article": "its/path"}}.')
    return text_field(end, "pack"), text_field(end, "article")


async def _correct(request: Request) -> Response:
    library, principal = library_of(request), await principal_of(request)
    if principal.is_anonymous:
        raise Unauthenticated
    body = await json_object(request)
    ends = _end(body, "source"), _end(body, "target")
    verdict, kind = text_field(body, "verdict"), text_field(body, "kind", "added")
    texts = [text_field(body, name, "") for name in ("label", "quote", "note", "overlay")]
    hub = hub_of(request)

    def work() -> Json:
        from groundswell.ask.overlays import Saying, correct, verdict_of
        from groundswell.ask.rewriting import Rewriting
        from groundswell.wire.corrections import End

        source, target = (End(*end) for end in ends)
        saying = Saying(verdict_of(verdict), source, target, kind, *texts)
        rewriting = Rewriting(hub.repos, hub.content, hub.commits)
        return correct(library, rewriting, principal, saying).as_json()

    return json_response(await apart(work), headers=_HEADERS)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("GET",), "/v1/graph", _graph, DOOR, "graph"),
        Route(("GET",), "/v1/graph/way", _way, DOOR, "way between entities"),
        Route(
            ("POST",),
            "/v1/graph/corrections",
            _correct,
            DOOR,
            "correct graph",
            body_max_bytes=_BODY_MAX_BYTES,
        ),
    ]
