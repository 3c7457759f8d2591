"""Stylesheet, scripts, the icon, avatars, and what robots are told."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import NotFound
from groundswell.http.pages.door import DOOR
from groundswell.http.pages.templating import SCRIPT_TYPE, STATIC_PREFIX, static_files
from groundswell.http.pages.wording import TINTS
from groundswell.http.routing import Route

FOREVER: Final = "public, max-age=31536000, immutable"
FOR_A_DAY: Final = "public, max-age=86400"
# A worker has the policy of its own answer, not that of the page: it may load our scripts, no more.
_SCRIPT_POLICY: Final = "default-src 'none'; script-src 'self'; frame-ancestors 'none'"
_PUBLIC_ID = re.compile(r"([0-9a-f]{24})\.svg", re.ASCII)
_TINT_COLOURS: Final = ("#0a6570", "#7a4b13", "#54407e", "#1d6b3a", "#9a3a4a", "#2c5488")
# Every page of a hub with many revisions is endless: robots read cards and lists, no more.
_ROBOTS: Final = """User-agent: *
Disallow: /*/tree/
Disallow: /*/blob/
Disallow: /*/raw/
Disallow: /*/resolve/
Disallow: /*/commits/
Disallow: /*/commit/
Disallow: /api/
Disallow: /settings/
Disallow: /login
"""


async def _static(request: Request) -> Response:
    files = static_files()
    file = files.by_name.get(request.path_params["file"])
    if file is None:
        raise NotFound
    current = request.path_params["version"] == files.version
    headers = {"Cache-Control": FOREVER if current else "no-cache"}
    if file.media_type == SCRIPT_TYPE:
        headers["Content-Security-Policy"] = _SCRIPT_POLICY
    return Response(file.content, headers=headers, media_type=file.media_type)


async def _favicon(_request: Request) -> Response:
    file = static_files().by_name["favicon.svg"]
    return Response(file.content, headers={"Cache-Control": FOR_A_DAY}, media_type=file.media_type)


async def _avatar(request: Request) -> Response:
    """A small pattern that belongs to a public id; it tells nothing about who exists."""
    match = _PUBLIC_ID.fullmatch(request.path_params["file"])
    if match is None:
        raise NotFound
    digits = [int(digit, 16) for digit in match[1]]
    colour = _TINT_COLOURS[digits[0] % TINTS]
    waves = "".join(
        f'<path d="M0 {9 + 6 * row + digits[row + 1] % 5}c8 0 8-{2 + digits[row + 4] % 5} '
        f'16-{2 + digits[row + 4] % 5}s8 {digits[row + 7] % 6} 16 {digits[row + 7] % 6}V32H0z" '
        f'fill="#fff" fill-opacity=".{2 + row}"/>'
        for row in range(3)
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" fill="{colour}"/>{waves}</svg>'
    )
    return Response(svg, headers={"Cache-Control": FOR_A_DAY}, media_type="image/svg+xml")


async def _robots(_request: Request) -> Response:
    return Response(_ROBOTS, headers={"Cache-Control": FOR_A_DAY}, media_type="text/plain")


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("GET",), f"{STATIC_PREFIX}/{{version}}/{{file}}", _static, DOOR, "static"),
        Route(("GET",), "/favicon.ico", _favicon, DOOR, "favicon"),
        Route(("GET",), "/avatars/{file}", _avatar, DOOR, "avatar"),
        Route(("GET",), "/robots.txt", _robots, DOOR, "robots"),
    ]
