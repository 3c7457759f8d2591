"""A repository as the Hub API writes it: one field at a time, so that ``expand`` can choose.

Knows which field is made of what. What is unknown is left out, as clients expect; nothing is
made up: there are no inference providers or scans here.
Source: Hub API, section 3, and the constructors of the clients' classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from groundswell.core.values import Gate, RepoId, Visibility
from groundswell.wire.hub_api.text import date_text

Json = dict[str, Any]


class RepositoryView(Protocol):
    """What is read of a repository; the hub's own class has it."""

    @property
    def public_id(self) -> str: ...
    @property
    def repo_id(self) -> RepoId: ...
    @property
    def visibility(self) -> Visibility: ...
    @property
    def gate(self) -> Gate: ...
    @property
    def disabled(self) -> bool: ...
    @property
    def created_at(self) -> int: ...
    @property
    def modified_at(self) -> int: ...
    @property
    def head_commit(self) -> str | None: ...
    @property
    def card(self) -> Json | None: ...
    @property
    def description(self) -> str | None: ...
    @property
    def library_name(self) -> str | None: ...
    @property
    def pipeline_tag(self) -> str | None: ...
    @property
    def sdk(self) -> str | None: ...
    @property
    def facts(self) -> Json: ...
    @property
    def used_bytes(self) -> int: ...
    @property
    def downloads(self) -> int: ...
    @property
    def likes(self) -> int: ...
    @property
    def trending(self) -> int: ...
    @property
    def tags(self) -> tuple[str, ...]: ...


def gated_value(gate: Gate) -> str | bool:
    """``false``, ``"auto"`` or ``"manual"``."""
    return False if gate is Gate.OPEN else gate.value


def _card_field(name: str) -> Callable[[RepositoryView], Any]:
    return lambda repository: (repository.card or {}).get(name)


def _fact(name: str) -> Callable[[RepositoryView], Any]:
    return lambda repository: repository.facts.get(name)


def _names_in_card(name: str) -> Callable[[RepositoryView], list[str]]:
    def names(repository: RepositoryView) -> list[str]:
        value = (repository.card or {}).get(name)
        items = value if isinstance(value, list) else [value]
        return [item for item in items if isinstance(item, str)]

    return names


def _base_models(repository: RepositoryView) -> Json | None:
    names = _names_in_card("base_model")(repository)
    if not names:
        return None
    relation = (repository.card or {}).get("base_model_relation")
    return {"relation": relation, "models": [{"id": name} for name in names]}


def _mask_token(repository: RepositoryView) -> Any:  # noqa: ANN401 - from a configuration
    config = repository.facts.get("config") or {}
    token = (config.get("tokenizer_config") or {}).get("mask_token")
    return token.get("content") if isinstance(token, dict) else token


def _stopped(_repository: RepositoryView) -> Json:
    """Spaces are kept and shown, not run."""
    return {
        "stage": "STOPPED",
        "hardware": {"current": None, "requested": None},
        "storage": None,
        "gcTimeout": None,
    }


_FIELDS: Final[Mapping[str, Callable[[RepositoryView], Any]]] = {
    "author": lambda r: r.repo_id.namespace,
    "baseModels": _base_models,
    "cardData": lambda r: r.card,
    "childrenModelCount": lambda _: None,
    "citation": lambda _: None,
    "config": _fact("config"),
    "createdAt": lambda r: date_text(r.created_at),
    "datasets": _names_in_card("datasets"),
    "description": lambda r: r.description,
    "disabled": lambda r: r.disabled,
    "downloads": lambda r: r.downloads,
    "downloadsAllTime": lambda r: r.downloads,
    "evalResults": lambda _: None,
    "gated": lambda r: gated_value(r.gate),
    "gguf": _fact("gguf"),
    "gitalyUid": lambda r: r.public_id,
    "inference": lambda _: None,
    "inferenceProviderMapping": lambda _: None,
    "lastModified": lambda r: date_text(r.modified_at),
    "library_name": lambda r: r.library_name,
    "likes": lambda r: r.likes,
    "mainSize": lambda _: None,
    "mask_token": _mask_token,
    "model-index": _card_field("model-index"),
    "models": _names_in_card("models"),
    "paperswithcode_id": _card_field("paperswithcode_id"),
    "pipeline_tag": lambda r: r.pipeline_tag,
    "private": lambda r: r.visibility is Visibility.PRIVATE,
    "region": lambda _: None,
    "resourceGroup": lambda _: None,
    "runtime": _stopped,
    "safetensors": _fact("safetensors"),
    "sdk": lambda r: r.sdk,
    "sha": lambda r: r.head_commit,
    "spaces": lambda _: [],
    "subdomain": lambda r: r.repo_id.full_name.replace("/", "-").replace(".", "-").lower(),
    "tags": lambda r: list(r.tags),
    "transformersInfo": _fact("transformersInfo"),
    "trendingScore": lambda r: r.trending,
    "usedStorage": lambda r: r.used_bytes,
    "xetEnabled": lambda _r: True,
    "widgetData": _card_field("widget"),
}


def repository_json(
    repository: RepositoryView, fields: Iterable[str], known: Mapping[str, Any] | None = None
) -> Json:
    """``id`` and the fields asked for. ``known`` holds those that a row cannot tell.

    ``known`` wins over the row, so that ``sha`` can be that of another revision.
    """
    name = repository.repo_id.full_name
    found: Json = {"_id": repository.public_id, "id": name}
    extra = known or {}
    for field in fields:
        value = extra.get(field)
        if field not in extra and field in _FIELDS:
            value = _FIELDS[field](repository)
        if value is not None:
            found[field] = value
    if repository.repo_id.kind.value == "model":
        found["modelId"] = name
    return found
