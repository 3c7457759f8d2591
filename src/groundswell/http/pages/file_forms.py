"""Forms that bring files: only from this hub's own pages, streamed to the disk that keeps content.

Knows whose form it may be, and that a file begins only behind a good form token. Does not know what
becomes of the files; only when the whole form has come is anything done with them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import Unauthenticated
from groundswell.http.auth import principal_of
from groundswell.http.pages.door import Asked, asked_of, check_csrf, check_same_origin_strictly
from groundswell.http.pages.multipart import FIELD_BYTES_MAX, Arrived, FormReader
from groundswell.http.receive import upload_place
from groundswell.http.threads import hop
from groundswell.hub.repos import Repository

BATCH_BYTES: Final = 1 << 20

Begin = Callable[[Asked], Repository]
"""The repository that the form is about, for who may send it."""
Finish = Callable[[Request, Asked, Repository, list[Arrived]], Response]
"""What is done with the whole form; ``fields`` of ``Asked`` are there by then."""


def file_form(
    begin: Begin, finish: Finish, *, field_bytes_max: int = FIELD_BYTES_MAX
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that takes such a form in, then hands it over."""

    async def endpoint(request: Request) -> Response:
        check_same_origin_strictly(request)
        principal = await principal_of(request)
        if principal.is_anonymous:
            raise Unauthenticated
        asked = replace(asked_of(request), principal=principal)
        repository = await hop(begin, asked)

        def check(fields: dict[str, str]) -> None:
            check_csrf(asked.hub, principal, fields.get("csrf", ""))

        reader = FormReader(asked.hub.blobs.spool, check, field_bytes_max)

        def work() -> Response:
            fields, files = reader.finish()
            return finish(request, replace(asked, fields=fields), repository, files)

        try:
            await _take_in(request, reader)
            return await hop(work)
        finally:
            await hop(reader.discard)

    return endpoint


async def _take_in(request: Request, reader: FormReader) -> None:
    reader.begin(request.headers.get("content-type", ""))
    batch = bytearray()
    async with upload_place(request):
        async for piece in request.stream():
            batch += piece
            if len(batch) >= BATCH_BYTES:
                await hop(reader.feed, bytes(batch))
                batch.clear()
    await hop(reader.feed, bytes(batch))
