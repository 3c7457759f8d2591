"""What the parts of the Hub API share: the door, names in paths, queries, one-hop answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import (
    BadRequest,
    GatedRepo,
    GroundswellError,
    InvalidName,
    NameTaken,
    RepoNotFound,
)
from groundswell.core.policy import Action
from groundswell.core.values import HISTORY_KINDS, Principal, RepoId, RepoKind
from groundswell.http.auth import ask_about, hub_of
from groundswell.http.bodies import count_field
from groundswell.http.errors import json_response, render_json_error
from groundswell.http.origin import base_url
from groundswell.http.routing import Door, Endpoint, Route
from groundswell.hub.cursors import PAGE_ROWS, PAGE_ROWS_MAX
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.text import last_values, next_link, parse_query
from groundswell.wiring import Hub

P = ParamSpec("P")
T = TypeVar("T")

KINDS: Final = {kind.plural: kind for kind in HISTORY_KINDS}
_WORDS: Final = "|".join(KINDS)

# Where the API of a repository lives: /api/models/{ns}/{name}…
REPOSITORY: Final = f"/api/{{kind:{_WORDS}}}/{{ns}}/{{name}}"


def _render(request: Request, error: GroundswellError) -> Response:
    """The Hub API's errors, with the addresses that only a request can know."""
    if isinstance(error, GatedRepo) and error.url_path:
        url = f"{base_url(request)}/{error.url_path}"
        message = f"{error.message} Visit {url} to ask for access."
        told: GroundswellError = type(error)(message, error.url_path)
        return render_json_error(request, told)
    if isinstance(error, NameTaken) and error.url and "://" not in error.url:
        url = f"{base_url(request)}/{error.url.removeprefix('/')}"
        told = NameTaken(error.message, url, error.existing_id)
        return render_json_error(request, told)
    return render_json_error(request, error)


DOOR: Final = Door("hub", _render, anonymous_cors=True)


def repo_id_of(request: Request) -> RepoId:
    """The repository that the path names.

    Raises:
        RepoNotFound: a name that no repository can have is simply not there.
    """
    parameters = request.path_params
    kind = KINDS[parameters["kind"]] if "kind" in parameters else RepoKind.MODEL
    try:
        return RepoId.parse(kind, f"{parameters['ns']}/{parameters['name']}")
    except InvalidName as error:
        raise RepoNotFound from error


def repo_id_in(
    kind_word: object, name: object, kinds: Sequence[RepoKind] = HISTORY_KINDS
) -> RepoId:
    """A repository that a JSON body names, by ``type`` and ``namespace/name``.

    Raises:
        BadRequest, InvalidName: no kind or name.
    """
    kind = RepoKind(only([each.value for each in kinds], str(kind_word or "model"), "type"))
    if not isinstance(name, str):
        msg = "The repository's name must be a string."
        raise BadRequest(msg)
    return RepoId.parse(kind, name)


def url_of(request: Request, repo_id: RepoId) -> str:
    """Absolute address of a repository's page."""
    return f"{base_url(request)}/{repo_id.url_path}"


def here(request: Request) -> str:
    """Absolute address of this request without its query, as the client wrote it."""
    raw = request.scope.get("raw_path") or b"/"
    return base_url(request) + raw.partition(b"?")[0].decode("latin-1")


def query_of(request: Request) -> list[tuple[str, str]]:
    """Every field of the query, ``name[]`` written as ``name``."""
    return parse_query(request.scope.get("query_string", b""))


async def answer(
    request: Request,
    action: Action,
    work: Callable[Concatenate[Hub, Principal, Repository, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Authenticate, find the repository for this action, and run ``work`` on it, in one hop.

    Raises:
        GroundswellError: as `Repos.find` and ``work`` do.
    """
    repo_id, hub = repo_id_of(request), hub_of(request)

    def find(principal: Principal) -> Repository:
        return hub.repos.find(principal, repo_id, action)

    def told(principal: Principal, repository: Repository) -> T:
        return work(hub, principal, repository, *args, **kwargs)

    return await ask_about(request, find, told)


def page_of(request: Request) -> tuple[str | None, int]:
    """Where a page of a list begins, and how many items it has at most.

    Raises:
        BadRequest: no whole number.
    """
    asked = last_values(query_of(request))
    limit = count_field(asked, "limit", PAGE_ROWS, PAGE_ROWS_MAX)
    return asked.get("cursor") or None, max(1, limit)


def page_response(
    request: Request, items: Sequence[dict[str, Any]], next_cursor: str | None
) -> Response:
    """A page of a list, and where the next one is."""
    headers = {}
    if next_cursor is not None:
        headers["Link"] = next_link(here(request), query_of(request), {"cursor": next_cursor})
    return json_response(items, headers=headers)


def route(methods: str, pattern: str, endpoint: Endpoint, name: str, **more: Any) -> Route:  # noqa: ANN401 - Route's fields
    """A route of this door; ``methods`` separated by spaces."""
    return Route(tuple(methods.split()), pattern, endpoint, DOOR, name, **more)


def only(options: Sequence[str], value: str, what: str) -> str:
    """The same value when it is among the options.

    Raises:
        BadRequest: it is not.
    """
    if value not in options:
        listed = "|".join(f'"{option}"' for option in options)
        msg = f'Invalid "{what}": expected one of {listed}'
        raise BadRequest(msg)
    return value
