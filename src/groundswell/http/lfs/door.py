"""What both parts of the LFS door share: names in paths, errors in LFS's form, signed addresses."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import (
    GroundswellError,
    InvalidName,
    NotFound,
    QuotaExceeded,
    RepoNotFound,
    StorageFull,
    Unauthenticated,
)
from groundswell.core.values import HISTORY_KINDS, RepoId, RepoKind
from groundswell.http.errors import header_text, json_response, status_for
from groundswell.http.routing import Door, Endpoint, Route
from groundswell.wire.lfs import MEDIA_TYPE, write_error

UPLOAD: Final = "lfs-upload"
DOWNLOAD: Final = "lfs-download"
PART: Final = "lfs-part"
COMPLETE: Final = "lfs-complete"
VERIFY: Final = "lfs-verify"

_CHALLENGE: Final = 'Basic realm="Groundswell", charset="UTF-8"'
_KINDS: Final = {kind.plural: kind for kind in HISTORY_KINDS}
_PREFIXED: Final = "|".join(kind.plural for kind in HISTORY_KINDS if kind.prefix)
_PREFIXES: Final = ("", f"/{{kind:{_PREFIXED}}}")


def _render(request: Request, error: GroundswellError) -> Response:
    """LFS's own JSON; whoever has not signed in is asked to, also where nothing may be seen."""
    anonymous = bool(request.scope.get("asks_anonymously", True))
    status = status_for(error, anonymous=anonymous)
    # Programs made for the hub's API show this; git-lfs takes 403 for a wrong password.
    headers = {"X-Error-Message": header_text(error.message)}
    if isinstance(error, QuotaExceeded):
        status = StorageFull.status
    if status == Unauthenticated.status:
        headers |= {"LFS-Authenticate": _CHALLENGE, "WWW-Authenticate": _CHALLENGE}
    body = write_error(error, str(request.scope.get("request_id", "")))
    return json_response(body, status, headers, media_type=MEDIA_TYPE)


DOOR: Final = Door("lfs", _render, hides_methods=True)


def lfs_response(value: Any) -> Response:  # noqa: ANN401 - JSON
    """A JSON answer of LFS's media type."""
    return json_response(value, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)


def repo_id_of(request: Request) -> RepoId:
    """The repository that the path names, with or without ``.git``.

    Raises:
        RepoNotFound: no name of a repository.
    """
    parameters = request.path_params
    kind = _KINDS[parameters["kind"]] if "kind" in parameters else RepoKind.MODEL
    name = parameters["name"].removesuffix(".git")
    try:
        return RepoId.parse(kind, f"{parameters['ns']}/{name}")
    except InvalidName as error:
        raise RepoNotFound from error


def lfs_url(base: str, repo_id: RepoId, rest: str) -> str:
    """Absolute address below a repository's LFS endpoint."""
    return f"{base}/{repo_id.url_path}.git/info/lfs/{rest}"


def repository_routes(
    methods: tuple[str, ...],
    rest: str,
    endpoint: Endpoint,
    name: str,
    **more: Any,  # noqa: ANN401 - Route's fields
) -> list[Route]:
    """A route below the LFS endpoint of repositories of every kind."""
    return [
        Route(methods, f"{prefix}/{{ns}}/{{name}}/info/lfs/{rest}", endpoint, DOOR, name, **more)
        for prefix in _PREFIXES
    ]


async def absent(request: Request) -> Response:
    """Locks and whatever else LFS could have: 404 tells clients to go on without."""
    del request
    raise NotFound
