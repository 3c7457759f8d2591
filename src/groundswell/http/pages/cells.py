"""The picture or sound in one cell of a table, as bytes of its own address."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import EntryNotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.pages.content import Place
from groundswell.http.pages.door import DOOR, asked_of
from groundswell.http.pages.repositories import PATTERNS, find, head_of
from groundswell.http.routing import Route
from groundswell.http.tables import table_answer
from groundswell.hub.content import Located
from groundswell.hub.viewing import Question, format_of, is_too_large, part_count
from groundswell.wire.media import media_of

# As for raw files: whatever it is, it runs nothing and reaches nothing.
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization, Cookie",
}


async def _cell(request: Request) -> Response:
    asked = asked_of(request)
    path = asked.parameters["path"]

    def find_cell(principal: Principal) -> tuple[Located, Question]:
        known = replace(asked, principal=principal)
        repository = find(known, Action.READ)
        revision = asked.parameters["rev"]
        located = known.hub.content.locate(repository, revision, path)
        where = Place(known, repository, head_of(known, repository), revision, located, "")
        form = format_of(path)
        size_bytes = located.entry.size_bytes
        if form is None or is_too_large(form, size_bytes):
            raise EntryNotFound(path, located.commit)
        question = Question(
            "cell",
            form.name,
            size_bytes,
            form.compression,
            part=where.number("part", part_count(form, size_bytes) - 1),
            offset=where.number("row"),
            column=where.number("column", 10_000),
        )
        return located, question

    found = await table_answer(request, find_cell)
    data = base64.b64decode(found.get("bytes", ""))
    media_type = media_of(data[:64]) or ""
    if not data or len(data) < found["size"] or media_type.endswith("+xml") or not media_type:
        raise EntryNotFound(path)
    return Response(data, 200, HEADERS, media_type)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("GET",), f"{pattern}/cell/{{rev}}/{{path*}}", _cell, DOOR, "page cell")
        for pattern in PATTERNS
    ]
