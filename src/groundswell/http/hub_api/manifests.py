"""The manifest that older llama.cpp asks for: which GGUF file a tag means (Hub API, section 21)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import EntryNotFound
from groundswell.core.policy import Action
from groundswell.core.values import Entry, Principal
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import answer, route
from groundswell.http.routing import Route
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.tree import sibling
from groundswell.wiring import Hub

Json = dict[str, Any]

# What "latest" means, best first: the choice that llama.cpp's documentation names.
_USUAL: Final = ("Q4_K_M", "Q4_K_S", "Q4_0", "Q5_K_M", "Q8_0", "F16", "BF16")
_LATER_PART: Final = re.compile(r"-0000[2-9]-of-|-000[1-9]\d-of-|-00[1-9]\d\d-of-", re.ASCII)


def choose_gguf(entries: Sequence[Entry], tag: str) -> Entry | None:
    """The GGUF file that a quantisation's name means, or None."""
    files = [
        entry
        for entry in entries
        if entry.path.lower().endswith(".gguf")
        and "mmproj" not in entry.path.lower()
        and not _LATER_PART.search(entry.path)
    ]
    if tag.lower() != "latest":
        wanted = re.compile(rf"(?:^|[-._/]){re.escape(tag)}(?=[-._/]|$)", re.ASCII | re.IGNORECASE)
        return next((entry for entry in files if wanted.search(entry.path)), None)
    for name in _USUAL:
        for entry in files:
            if name.lower() in entry.path.lower():
                return entry
    return files[0] if files else None


def _manifest(hub: Hub, _principal: Principal, repository: Repository, tag: str) -> Json:
    commit = hub.content.resolve_revision(repository, "main")
    entries = list(hub.content.siblings.files(repository.id, commit))
    chosen = choose_gguf(entries, tag)
    if chosen is None:
        raise EntryNotFound(
            tag, commit, "The specified tag is not a valid quantization scheme in this repository."
        )
    projector = next(
        (e for e in entries if "mmproj" in e.path.lower() and e.path.endswith(".gguf")), None
    )
    found: Json = {"ggufFile": sibling(chosen, blobs=True)}
    if projector is not None:
        found["mmprojFile"] = sibling(projector, blobs=True)
    return found


async def _answer_manifest(request: Request) -> Response:
    found = await answer(request, Action.READ, _manifest, request.path_params["tag"])
    return json_response(found)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [route("GET", "/v2/{ns}/{name}/manifests/{tag}", _answer_manifest, "manifest")]
