"""Packs as tools of the Model Context Protocol, over its streamable HTTP.

Each message is answered by itself, as JSON: no session is kept, nothing is pushed, so that whoever
calls is asked for their rights each time. What a message means is `wire.mcp`'s; what tools give,
`ask.tools`'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import Forbidden, MethodNotAllowed
from groundswell.http.answers import apart
from groundswell.http.asking.door import DOOR, library_of
from groundswell.http.auth import principal_of
from groundswell.http.errors import json_response
from groundswell.http.origin import base_url
from groundswell.http.places import article_url
from groundswell.http.routing import Route
from groundswell.wire.mcp import Refused, parse_call

if TYPE_CHECKING:
    from groundswell.wire.packs import Citation

_BODY_MAX_BYTES: Final = 256 * 1024
_HEADERS: Final = {"Cache-Control": "private, no-store"}


async def _message(request: Request) -> Response:
    if request.method != "POST":
        # Nothing is pushed, and no session is there to be ended: clients go on without.
        raise MethodNotAllowed({"POST"})
    library = library_of(request)
    _check_origin(request)
    principal = await principal_of(request)
    content, base = await request.body(), base_url(request)

    from groundswell.ask.tools import Tools

    def place(cited: Citation) -> str:
        path = article_url(cited.pack, cited.revision, cited.article, cited.start, cited.stop)
        return f"{base}{path}"

    try:
        call = parse_call(content, request.headers)
        if call is None:
            return Response(status_code=202)
        tools = Tools(library, principal, place)
        answer = await apart(lambda: tools.answer(call))
    except Refused as refused:
        return json_response(refused.as_json(), refused.status, _HEADERS)
    if answer is None:
        return Response(status_code=202)
    return json_response(answer, headers=_HEADERS)


def _check_origin(request: Request) -> None:
    """Pages of other sites do not speak to this hub through somebody's browser.

    Raises:
        Forbidden: the request says that it comes from one.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return
    here, there = urlsplit(base_url(request)), urlsplit(origin)
    if (here.scheme, here.netloc.lower()) != (there.scheme, there.netloc.lower()):
        raise Forbidden("This message came from a page of another site.")


def routes() -> list[Route]:
    """Addresses of this part."""
    most, methods = _BODY_MAX_BYTES, ("POST", "GET", "DELETE")
    return [Route(methods, "/mcp", _message, DOOR, "tools", body_max_bytes=most)]
