"""Which packs there are to ask."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.http.answers import apart
from groundswell.http.asking.door import DOOR, library_of
from groundswell.http.auth import principal_of
from groundswell.http.errors import json_response
from groundswell.http.routing import Route

if TYPE_CHECKING:
    from groundswell.ask.library import PackRef, Summary

_LISTED_MAX: Final = 100


def _pack_json(ref: PackRef, summary: Summary) -> dict[str, Any]:
    counts = summary.counts
    return {
        "name": ref.name,
        "title": summary.title,
        "languages": list(summary.languages),
        "licence": summary.licence,
        "commit": ref.commit,
        "articles": counts.articles,
        "passages": counts.passages,
        "characters": counts.characters,
    }


async def _packs(request: Request) -> Response:
    library, principal = library_of(request), await principal_of(request)

    def work() -> list[dict[str, Any]]:
        return [_pack_json(*each) for each in islice(library.listed(principal), _LISTED_MAX)]

    return json_response(
        {"packs": await apart(work)}, headers={"Cache-Control": "private, no-store"}
    )


def routes() -> list[Route]:
    """Addresses of this part."""
    return [Route(("GET",), "/v1/packs", _packs, DOOR, "packs")]
