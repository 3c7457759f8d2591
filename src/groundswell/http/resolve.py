"""Downloads: HEAD and GET of a file at a revision, with the headers that clients build caches on.

Source: Hub API, section 9. Knows addresses and headers; which bytes a file has is `Content`'s, how
they are sent is `stream`'s. A raw file never runs script on the hub's origin: the edge's policy
sandboxes it, and only types that browsers show as media keep their type.
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import (
    BadRequest,
    DisabledRepo,
    GatedRepo,
    GroundswellError,
    InvalidName,
    RepoNotFound,
)
from groundswell.core.policy import Action
from groundswell.core.values import HISTORY_KINDS, BytesPlan, Principal, RepoId, RepoKind
from groundswell.http.auth import ask, hub_of
from groundswell.http.errors import json_response, render_json_error
from groundswell.http.origin import base_url
from groundswell.http.routing import Door, Route
from groundswell.http.stream import Content, answer_content
from groundswell.hub.blobs import XetScope
from groundswell.hub.buckets import LocatedFile
from groundswell.hub.content import Located
from groundswell.hub.repos import Repository
from groundswell.wiring import Hub

# Files that say what a gated repository is and under which licence: readable by whoever sees it.
OPEN_FILES: Final = frozenset({"README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"})

# Files whose download counts as one of the repository: each user fetches one of them once.
COUNTED_FILES: Final = frozenset(
    {"config.json", "adapter_config.json", "model_index.json", "params.json", "config.yaml"}
)

XET_FILE_INFO: Final = "application/vnd.xet-fileinfo+json"

_TEXT: Final = "text/plain; charset=utf-8"
_BINARY: Final = "application/octet-stream"
_SHOWN: Final = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/svg+xml",
        "audio/mpeg",
        "audio/wav",
        "audio/x-wav",
        "audio/flac",
        "audio/ogg",
        "video/mp4",
        "video/webm",
        "application/pdf",
    }
)
_BY_KIND: Final = {kind.plural: kind for kind in HISTORY_KINDS if kind.prefix}


def _render(request: Request, error: GroundswellError) -> Response:
    if isinstance(error, GatedRepo) and error.url_path:
        url = f"{base_url(request)}/{error.url_path}"
        return render_json_error(
            request, type(error)(f"{error.message} Visit {url} to ask for access.", error.url_path)
        )
    return render_json_error(request, error)


DOOR: Final = Door("resolve", _render, anonymous_cors=True)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that may be sent, and what a client must know to fetch it through Xet."""

    repository: Repository
    located: Located
    cas_url: str | None


def _repo_id(request: Request) -> RepoId:
    parameters = request.path_params
    kind = _BY_KIND[parameters["prefix"]] if "prefix" in parameters else RepoKind.MODEL
    try:
        return RepoId.parse(kind, f"{parameters['ns']}/{parameters['name']}")
    except InvalidName as error:
        raise RepoNotFound from error


def _find(principal: Principal, hub: Hub, repo_id: RepoId, path: str) -> Repository:
    """The repository, when this file of it may be read. The gate comes before the file."""
    try:
        return hub.repos.find(principal, repo_id, Action.READ)
    except GatedRepo:
        if path not in OPEN_FILES:
            raise
    repository = hub.repos.find(principal, repo_id, Action.SEE)
    if repository.disabled:
        raise DisabledRepo
    return repository


def _locate(
    principal: Principal,
    hub: Hub,
    repo_id: RepoId,
    revision: str,
    path: str,
    base: str,
    *,
    xet_info: bool,
) -> _Found:
    repository = _find(principal, hub, repo_id, path)
    located = hub.content.locate(repository, revision, path)
    cas_url = None
    if xet_info and located.file_hash is not None:
        cas_url = hub.blobs.issue_xet_token(principal, repository, XetScope.READ, base).cas_url
    return _Found(repository, located, cas_url)


def media_type_of(path: str, *, large: bool) -> str:
    """The Content-Type of a raw file: text is plain text, media are media, the rest is bytes."""
    guessed, encoding = mimetypes.guess_type(path, strict=False)
    if encoding is None and guessed in _SHOWN:
        return guessed
    return _BINARY if large else _TEXT


def disposition(path: str, *, attached: bool) -> str:
    """Content-Disposition with the file's own name, in ASCII and in full (RFC 6266)."""
    name = path.rpartition("/")[2]
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    how = "attachment" if attached else "inline"
    return f"{how}; filename*=UTF-8''{quote(name, safe='')}; filename=\"{plain}\";"


def _headers(request: Request, found: _Found) -> dict[str, str]:
    located, repo_id = found.located, found.repository.repo_id
    path = located.entry.path
    query = request.query_params
    media_type = media_type_of(path, large=located.entry.pointer is not None)
    attached = query.get("download", "false") == "true" or media_type == _BINARY
    headers = {
        "X-Repo-Commit": located.commit,
        "Content-Disposition": disposition(path, attached=attached),
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie, Accept",
    }
    if located.entry.pointer is None:
        return headers
    headers |= {
        "X-Linked-Etag": f'"{located.entry.pointer.sha256}"',
        "X-Linked-Size": str(located.entry.pointer.size_bytes),
    }
    if located.file_hash is not None:
        where = f"{base_url(request)}/api/{repo_id.kind.plural}/{repo_id.full_name}"
        links = [f'<{where}/xet-read-token/{located.commit}>; rel="xet-auth"']
        if found.cas_url is not None:
            url = f"{found.cas_url}/v2/reconstructions/{located.file_hash}"
            links.append(f'<{url}>; rel="xet-reconstruction-info"')
        headers |= {"X-Xet-Hash": located.file_hash, "Link": ", ".join(links)}
    return headers


def _counts(request: Request, found: _Found) -> bool:
    """Whether this request is a download of the repository: the first byte of a telling file."""
    if request.method != "GET" or not request.headers.get("range", "bytes=0-").startswith(
        "bytes=0-"
    ):
        return False
    path = found.located.entry.path
    if found.repository.kind is RepoKind.MODEL:
        return path in COUNTED_FILES or path.endswith(".gguf")
    return path == "README.md"


def _path_of(request: Request) -> tuple[str, str]:
    path = request.path_params["path"]
    if not path:
        msg = "The address names no file."
        raise BadRequest(msg)
    return request.path_params["rev"], path


async def _resolve(request: Request) -> Response:
    hub = hub_of(request)
    revision, path = _path_of(request)
    wants_info = XET_FILE_INFO in request.headers.get("accept", "")
    found = await ask(
        request,
        _locate,
        hub,
        _repo_id(request),
        revision,
        path,
        base_url(request),
        xet_info=wants_info,
    )
    headers = _headers(request, found)
    located = found.located
    if wants_info and found.cas_url is not None and located.file_hash is not None:
        info = {
            "hash": located.file_hash,
            "size": located.entry.size_bytes,
            "etag": located.etag,
        }
        return json_response(info, headers=headers, media_type=XET_FILE_INFO)
    if _counts(request, found):
        hub.repos.count_download(found.repository.id)
    large = located.entry.pointer is not None
    content = Content(
        located.plan,
        located.entry.size_bytes,
        located.etag,
        media_type_of(path, large=large),
        headers,
    )
    return answer_content(request, content)


def _raw_text(principal: Principal, hub: Hub, repo_id: RepoId, revision: str, path: str) -> Located:
    repository = _find(principal, hub, repo_id, path)
    return hub.content.raw(repository, revision, path)


async def _raw(request: Request) -> Response:
    """What git itself holds: the text of small files, the pointers of large ones."""
    revision, path = _path_of(request)
    located = await ask(request, _raw_text, hub_of(request), _repo_id(request), revision, path)
    assert isinstance(located.plan, BytesPlan)
    headers = {
        "X-Repo-Commit": located.commit,
        "Content-Disposition": disposition(path, attached=False),
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie",
    }
    size = len(located.plan.content)
    return answer_content(request, Content(located.plan, size, located.etag, _TEXT, headers))


def _locate_in_bucket(
    principal: Principal, hub: Hub, repo_id: RepoId, path: str, base: str
) -> tuple[LocatedFile, str]:
    found = hub.buckets.locate(principal, repo_id, path)
    token = hub.blobs.issue_xet_token(principal, found.repository, XetScope.READ, base)
    return found, token.cas_url


async def _bucket(request: Request) -> Response:
    """A file of a bucket: there is one version of it, which no commit names."""
    path, base = request.path_params["path"], base_url(request)
    names = f"{request.path_params['ns']}/{request.path_params['name']}"
    try:
        repo_id = RepoId.parse(RepoKind.BUCKET, names)
    except InvalidName as error:
        raise RepoNotFound from error
    found, cas_url = await ask(request, _locate_in_bucket, hub_of(request), repo_id, path, base)
    file, media_type = found.file, media_type_of(path, large=True)
    attached = request.query_params.get("download", "false") == "true" or media_type == _BINARY
    token_url = f"{base}/api/{found.repository.repo_id.url_path}/xet-read-token"
    recipe_url = f"{cas_url}/v2/reconstructions/{file.file_hash}"
    headers = {
        "Content-Disposition": disposition(path, attached=attached),
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie, Accept",
        "X-Linked-Etag": f'"{file.sha256}"',
        "X-Linked-Size": str(file.size_bytes),
        "X-Xet-Hash": file.file_hash,
        "Link": f'<{token_url}>; rel="xet-auth", <{recipe_url}>; rel="xet-reconstruction-info"',
    }
    if XET_FILE_INFO in request.headers.get("accept", ""):
        info = {"hash": file.file_hash, "size": file.size_bytes, "etag": file.sha256}
        return json_response(info, headers=headers, media_type=XET_FILE_INFO)
    content = Content(found.plan, file.size_bytes, file.sha256, media_type, headers)
    return answer_content(request, content)


async def _single_name(_request: Request) -> Response:
    """Names without a namespace belong to nobody here."""
    raise RepoNotFound


def routes() -> list[Route]:
    """Addresses of this door."""
    kinds = "|".join(_BY_KIND)
    found: list[Route] = []
    for prefix in ("", f"/{{prefix:{kinds}}}"):
        for word, endpoint in (("resolve", _resolve), ("raw", _raw)):
            where = f"{prefix}/{{ns}}/{{name}}/{word}/{{rev}}/{{path*}}"
            found.append(Route(("GET",), where, endpoint, DOOR, word))
            alone = f"{prefix}/{{name}}/{word}/{{rev}}/{{path*}}"
            found.append(Route(("GET",), alone, _single_name, DOOR, "single name"))
    where = "/buckets/{ns}/{name}/resolve/{path*}"
    found.append(Route(("GET",), where, _bucket, DOOR, "bucket file"))
    return found
