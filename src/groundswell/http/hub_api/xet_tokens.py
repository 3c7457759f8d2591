"""The Hub API's Xet tokens: the address of the content store and a right to use it.

Clients read either the JSON or the headers, so both are always there (Hub API 8.1).
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.policy import Action, may
from groundswell.core.values import Principal
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, route
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.hub.blobs import XetScope, XetToken
from groundswell.hub.repos import Repository
from groundswell.wiring import Hub


def _read_token(
    hub: Hub, principal: Principal, repository: Repository, base: str, revision: str | None
) -> XetToken:
    if revision is not None:
        hub.content.resolve_revision(repository, revision)
    return hub.blobs.issue_xet_token(principal, repository, XetScope.READ, base)


def _write_token(hub: Hub, principal: Principal, repository: Repository, base: str) -> XetToken:
    """A new branch may be uploaded to before it exists, so the revision is not looked up.

    Whoever may only propose sends content for a pull request: that is decided by the repository,
    and what a commit may do with the content is decided when it is made.
    """
    assert may(principal, Action.CONTRIBUTE, repository.subject).allowed
    return hub.blobs.issue_xet_token(principal, repository, XetScope.WRITE, base)


def token_response(token: XetToken) -> Response:
    """A token as clients read it: in the body and in headers."""
    body = {
        "casUrl": token.cas_url,
        "accessToken": token.access_token,
        "exp": token.expires_at_seconds,
    }
    headers = {
        "X-Xet-Cas-Url": token.cas_url,
        "X-Xet-Access-Token": token.access_token,
        "X-Xet-Token-Expiration": str(token.expires_at_seconds),
        "Cache-Control": "no-store",
    }
    return json_response(body, headers=headers)


async def _read(request: Request) -> Response:
    revision = request.path_params.get("rev")
    token = await answer(request, Action.READ, _read_token, base_url(request), revision)
    return token_response(token)


async def _write(request: Request) -> Response:
    token = await answer(request, Action.CONTRIBUTE, _write_token, base_url(request))
    return token_response(token)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("GET", f"{REPOSITORY}/xet-read-token", _read, "xet read token"),
        route("GET", f"{REPOSITORY}/xet-read-token/{{rev}}", _read, "xet read token"),
        route("GET", f"{REPOSITORY}/xet-write-token", _write, "xet write token"),
        route("GET", f"{REPOSITORY}/xet-write-token/{{rev}}", _write, "xet write token"),
    ]
