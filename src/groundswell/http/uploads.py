"""Files for comments: brought here with their type, shown from here inside pages.

Source: Hub API, section 11. Knows headers. An attachment is sent with the type that its bytes have
and under the edge's policy for raw files, so that it runs nothing whatever it holds; nobody but who
asked may keep it, as the right to see it may end.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from groundswell.core.errors import BadRequest, NotFound, TooLarge
from groundswell.core.values import Principal, RecipePlan, size_text
from groundswell.http.auth import ask, hub_of, principal_of
from groundswell.http.bodies import declared_length
from groundswell.http.errors import render_json_error
from groundswell.http.origin import base_url
from groundswell.http.receive import receiving, upload_place
from groundswell.http.routing import Door, Route
from groundswell.http.stream import Content, answer_content
from groundswell.http.threads import hop
from groundswell.hub.discussions import Attachment
from groundswell.hub.discussions.attachments import MEDIA_BYTES_MAX, bytes_max_of
from groundswell.wire.media import EXTENSIONS, declared_media
from groundswell.wiring import Hub

DOOR: Final = Door("uploads", render_json_error)

_NAME: Final = re.compile(r"([0-9a-f]{32})(?:\.[a-z0-9]{2,4})?", re.ASCII)
_TAKEN: Final = ", ".join(EXTENSIONS)


def _announced(request: Request) -> str:
    media_type = declared_media(request.headers.get("content-type", ""))
    if media_type is None:
        msg = f"The Content-Type must be one of these: {_TAKEN}."
        raise BadRequest(msg)
    most, length = bytes_max_of(media_type), declared_length(request.scope)
    if length is not None and length > most:
        msg = f"A file of this type may have {size_text(most)}."
        raise TooLarge(msg)
    return media_type


async def _take(request: Request) -> Response:
    """Take one file; the answer is its address, as text."""
    async with receiving(request) as incoming:
        principal = await principal_of(request)
        attachments = hub_of(request).attachments
        await hop(attachments.check, principal)
        media_type = _announced(request)
        arriving = await hop(attachments.begin, principal, media_type)
        try:
            async with upload_place(request):
                await incoming.into(arriving.write)
            made = await hop(attachments.finish, principal, arriving)
        finally:
            await hop(arriving.discard)
    return PlainTextResponse(base_url(request) + made.path)


def _find(principal: Principal, hub: Hub, name: str) -> tuple[Attachment, RecipePlan]:
    match = _NAME.fullmatch(name)
    if match is None:
        msg = "No such attachment"
        raise NotFound(msg)
    return hub.attachments.find(principal, match[1])


async def _give(request: Request) -> Response:
    """Send one file, whole or in ranges."""
    found, plan = await ask(request, _find, hub_of(request), request.path_params["name"])
    headers = {
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie",
        "Content-Disposition": "inline",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    content = Content(plan, found.size_bytes, found.sha256, found.media_type, headers)
    return answer_content(request, content)


def routes() -> list[Route]:
    """Addresses of this door."""
    return [
        Route(
            ("POST",), "/uploads", _take, DOOR, "upload attachment",
            body_max_bytes=MEDIA_BYTES_MAX, takes_content=True,
        ),
        Route(("GET",), "/uploads/{name}", _give, DOOR, "attachment"),
    ]  # fmt: skip
