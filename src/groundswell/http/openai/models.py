"""Which models there are, and what one of them would be on this machine."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.ask.runtime import ModelRef, may_run
from groundswell.ask.runtime.naming import REMOTE
from groundswell.core.errors import NotFound, RunnerFailed
from groundswell.core.values import Principal, RepoKind
from groundswell.http.auth import ask, hub_of
from groundswell.http.errors import json_response
from groundswell.http.openai import asking
from groundswell.http.openai.door import DOOR
from groundswell.http.routing import Route
from groundswell.hub.repos import Repository
from groundswell.hub.search import ListQuery, Sort
from groundswell.wiring import Hub

_GGUF: Final = "gguf"
_SAFETENSORS: Final = "safetensors"
_LISTED_MAX: Final = 1_000

Json = dict[str, Any]


def _model_json(name: str, created: int, owner: str) -> Json:
    return {"id": name, "object": "model", "created": created, "owned_by": owner}


def _of(repository: Repository) -> Json:
    created = repository.created_at // 1_000_000
    return _model_json(repository.full_name, created, repository.repo_id.namespace)


def _list(principal: Principal, hub: Hub) -> list[Json]:
    """Models that may run and that the asker sees, those kept as GGUF first; packs to be asked;
    models of the other server.
    """
    hub.runtime.models.check_may_run(principal)
    seen: dict[int, Json] = {}
    for kept in (_GGUF, _SAFETENSORS):
        # What a folder of safetensors is for stands in its facts.
        looks = kept == _SAFETENSORS
        query = ListQuery(
            filters=(kept,), sort=Sort.LAST_MODIFIED, limit=_LISTED_MAX, details=looks
        )
        for repository in hub.search.list(principal, RepoKind.MODEL, query).repositories:
            if not looks or may_run(repository):
                seen.setdefault(repository.id, _of(repository))
    found = list(seen.values())
    found += [_model_json(*each) for each in asking.listed(principal, hub)]
    remote = hub.runtime.models.remote
    if remote is not None and not principal.is_anonymous:
        try:
            found += [_model_json(f"{REMOTE}{name}", 0, "remote") for name in remote.names()]
        except RunnerFailed:
            return found  # its models cannot run now either
    return found


async def _models(request: Request) -> Response:
    found = await ask(request, _list, hub_of(request))
    return json_response({"object": "list", "data": found})


def described(hub: Hub, model: ModelRef) -> Json:
    """A model as this hub would run it: an extension of OpenAI's form."""
    facts, state = model.facts, hub.runtime.state(model)
    owner = model.repo_id.namespace if model.repo_id is not None else "remote"
    return {
        **_model_json(model.name, 0, owner),
        "is_installed": hub.runtime.is_installed or model.remote is not None,
        "explanation": model.explanation,
        "notes": list(model.notes),
        "architecture": facts.architecture,
        "quantisation": facts.quantisation,
        "parameters": facts.parameter_count,
        "context_tokens": model.context_tokens,
        "size": model.size_bytes,
        "sha256": list(model.content),
        "writes_text": facts.writes_text,
        "reranks": facts.reranks,
        "state": state.phase.value if state is not None else "not loaded",
        "peak": state.peak_bytes if state is not None else 0,
    }


async def _model(request: Request) -> Response:
    parameters = request.path_params
    name = parameters["name"]
    if "ns" in parameters:
        name = f"{parameters['ns']}/{name}"
    hub = hub_of(request)
    if not name:
        raise NotFound
    if asking.names_packs(name):
        return json_response(await ask(request, asking.pinned, hub, name))
    model = await ask(request, hub.runtime.models.find, name)
    return json_response(described(hub, model))


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("GET",), "/v1/models", _models, DOOR, "models"),
        Route(("GET",), "/v1/models/{ns}/{name*}", _model, DOOR, "model"),
        # Clients write the slash of a name as %2F.
        Route(("GET",), "/v1/models/{name}", _model, DOOR, "model by encoded name"),
    ]
