"""The batch API: what is here already, and where to send or fetch the rest.

An object is "here" only for a repository that holds it or an account that sent it there; anybody
else is asked to send it whole, so that knowing a hash gains nothing and tells nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core import policy
from groundswell.core.errors import (
    BlobNotFound,
    GroundswellError,
    TooLarge,
    WrongContent,
)
from groundswell.core.values import Principal, RepoId
from groundswell.http.auth import ask, hub_of
from groundswell.http.bodies import json_object
from groundswell.http.lfs.door import (
    COMPLETE,
    DOWNLOAD,
    PART,
    UPLOAD,
    VERIFY,
    absent,
    lfs_response,
    lfs_url,
    repo_id_of,
    repository_routes,
)
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.hub.blobs import Blob, XetScope
from groundswell.hub.repos import Repository
from groundswell.wire.lfs import (
    Action,
    BatchRequest,
    LfsObject,
    ObjectAnswer,
    Operation,
    multipart_header,
    parse_batch,
    write_batch,
)
from groundswell.wiring import Hub

HREF_TTL_SECONDS: Final = 24 * 3600
# In one piece, what breaks off begins again; in parts, every byte is written twice.
MULTIPART_BYTES_MIN: Final = 5_000_000_000
FILE_BYTES_MAX: Final = 1024**4
_REVISION_DEFAULT: Final = "main"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One batch request and who made it."""

    hub: Hub
    principal: Principal
    repository: Repository
    base: str
    batch: BatchRequest

    def seal(self, purpose: str, facts: Mapping[str, object]) -> str:
        """A pass for the asker in this repository."""
        return self.hub.blobs.passes.seal(
            purpose, self.principal, self.repository.id, facts, HREF_TTL_SECONDS
        )

    def action(
        self, purpose: str, rest: str, facts: Mapping[str, object], header: Mapping[str, str]
    ) -> Action:
        """A signed address below the repository's LFS endpoint."""
        return Action(self.url(purpose, rest, facts), header, HREF_TTL_SECONDS)

    def url(self, purpose: str, rest: str, facts: Mapping[str, object]) -> str:
        """The address alone."""
        signature = self.seal(purpose, facts)
        return lfs_url(self.base, self.repository.repo_id, f"{rest}?signature={signature}")


async def _batch(request: Request) -> Response:
    batch = parse_batch(await json_object(request))
    repo_id, hub, base = repo_id_of(request), hub_of(request), base_url(request)

    def answer(principal: Principal) -> tuple[str, list[ObjectAnswer]]:
        repository = hub.repos.find(principal, repo_id, _right_for(batch.operation))
        asked = _Asked(hub, principal, repository, base, batch)
        if batch.operation is Operation.DOWNLOAD:
            return "basic", _downloads(asked)
        return _uploads(asked)

    transfer, answers = await ask(request, answer)
    return lfs_response(write_batch(transfer, answers))


def _right_for(operation: Operation) -> policy.Action:
    """Whoever may propose may send: what a commit may do with it is decided there."""
    if operation is Operation.UPLOAD:
        return policy.Action.CONTRIBUTE
    return policy.Action.READ


def _downloads(asked: _Asked) -> list[ObjectAnswer]:
    wanted = asked.batch.objects
    held = asked.hub.blobs.claimed_or_linked(
        asked.repository.id, None, [each.sha256 for each in wanted]
    )
    answers = []
    for each in wanted:
        blob = held.get(each.sha256)
        if blob is None:
            answers.append(ObjectAnswer(each, {}, BlobNotFound()))
            continue
        facts = {"sha256": blob.sha256}
        action = asked.action(DOWNLOAD, f"objects/{each.sha256}", facts, {})
        answers.append(ObjectAnswer(_sized(blob), {"download": action}))
    return answers


def _sized(blob: Blob) -> LfsObject:
    return LfsObject(blob.sha256, blob.size_bytes)


def _uploads(asked: _Asked) -> tuple[str, list[ObjectAnswer]]:
    wanted = asked.batch.objects
    held = asked.hub.blobs.claimed_or_linked(
        asked.repository.id, asked.principal.account_id, [each.sha256 for each in wanted]
    )
    broken = asked.hub.blobs.broken(held)
    sizes = {each.sha256: each.size_bytes for each in wanted}
    asked.hub.blobs.quotas.check(asked.repository.id, asked.principal.account_id, sizes)
    transfer = _transfer(asked.batch)
    answers = []
    for each in wanted:
        fault = _fault(each, held.get(each.sha256))
        actions: Mapping[str, Action] = {}
        if fault is None and (each.sha256 not in held or each.sha256 in broken):
            actions = _upload_actions(asked, transfer, each)
        answers.append(ObjectAnswer(each, actions, fault))
    return transfer, answers


def _fault(each: LfsObject, blob: Blob | None) -> GroundswellError | None:
    if each.size_bytes > FILE_BYTES_MAX:
        return TooLarge(f"A file may have {FILE_BYTES_MAX} bytes.")
    if blob is not None and blob.size_bytes != each.size_bytes:
        return WrongContent(f"This object has {blob.size_bytes} bytes.")
    return None


def _transfer(batch: BatchRequest) -> str:
    """The best way that the client has: only clients that speak Xet name it. Who names parts and
    not "basic" wants parts of every object: a browser, whose connection may not last.
    """
    if "xet" in batch.transfers:
        return "xet"
    if "multipart" in batch.transfers and "basic" not in batch.transfers:
        return "multipart"
    large = any(each.size_bytes >= MULTIPART_BYTES_MIN for each in batch.objects)
    return "multipart" if large and "multipart" in batch.transfers else "basic"


def _upload_actions(asked: _Asked, transfer: str, each: LfsObject) -> dict[str, Action]:
    if transfer == "xet":
        return {"upload": _xet_action(asked)}
    facts = {"sha256": each.sha256, "size": each.size_bytes}
    actions = {"verify": asked.action(VERIFY, "objects/verify", facts, {})}
    # Where the transfer is "multipart" its agent takes every object, an empty one aside.
    if transfer == "multipart" and each.size_bytes > 0:
        return {"upload": _multipart_action(asked, each), **actions}
    return {"upload": asked.action(UPLOAD, f"objects/{each.sha256}", facts, {}), **actions}


def _multipart_action(asked: _Asked, each: LfsObject) -> Action:
    account_id = asked.principal.account_id
    assert account_id is not None, "a writer has an account"
    upload = asked.hub.blobs.multipart.begin(
        asked.repository.id, account_id, each.sha256, each.size_bytes
    )
    urls = [
        asked.url(PART, f"parts/{upload.id}/{number}", {"upload": upload.id, "part": number})
        for number in range(1, upload.part_count + 1)
    ]
    facts = {"upload": upload.id, "sha256": each.sha256, "size": each.size_bytes}
    header = multipart_header(upload.part_bytes, urls)
    return asked.action(COMPLETE, f"uploads/{upload.id}", facts, header)


def _xet_action(asked: _Asked) -> Action:
    """The address that renews the token, and a token to begin with."""
    token = asked.hub.blobs.issue_xet_token(
        asked.principal, asked.repository, XetScope.WRITE, asked.base
    )
    header = {
        "X-Xet-Cas-Url": token.cas_url,
        "X-Xet-Access-Token": token.access_token,
        "X-Xet-Token-Expiration": str(token.expires_at_seconds),
        "X-Xet-Session-Id": str(uuid.uuid4()),
    }
    return Action(_refresh_url(asked), header, HREF_TTL_SECONDS)


def _refresh_url(asked: _Asked) -> str:
    repo_id: RepoId = asked.repository.repo_id
    revision = (asked.batch.ref or _REVISION_DEFAULT).removeprefix("refs/heads/")
    path = f"api/{repo_id.kind.plural}/{repo_id.full_name}/xet-write-token"
    return f"{asked.base}/{path}/{quote(revision, safe='')}"


def routes() -> list[Route]:
    """Addresses of this part."""
    every = ("GET", "POST", "PUT", "PATCH", "DELETE")
    return [
        *repository_routes(("POST",), "objects/batch", _batch, "lfs batch"),
        *repository_routes(every, "{rest*}", absent, "lfs absent"),
    ]
