"""The Hub API's commits: which files go where (preupload), and the commit itself as a stream.

A commit's lines are parsed while they come. Contents of regular files wait in an unnamed file on
the data disk, so that a commit of any length takes little memory; only when the whole request has
come and is understood does anything happen. A request that stops in the middle changes nothing.
"""

from __future__ import annotations

import base64
import binascii
import errno
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, StorageFull, Unavailable
from groundswell.core.policy import Action
from groundswell.core.values import AddRegular, Arrival, CommitHeader, Operation, Principal
from groundswell.http.auth import hub_of
from groundswell.http.bodies import flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, query_of, repo_id_of, route, url_of
from groundswell.http.receive import upload_place
from groundswell.http.routing import Route
from groundswell.http.threads import hop
from groundswell.hub.commits import Committed, PreuploadFile, PreuploadMode
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.commit_stream import CommitStream
from groundswell.wire.hub_api.text import last_values
from groundswell.wiring import Hub

Json = dict[str, Any]

PREUPLOAD_FILES_MAX: Final = 256
GIT_TEXT_MAX: Final = 1 << 20
SAMPLE_MAX_BYTES: Final = 64 << 10

# Bodies up to this size are parsed in the hop of the commit itself; longer ones piece by piece.
PIECE_BYTES: Final = 1 << 20
# No more than this is read for somebody who may not commit anyway.
UNKNOWN_BYTES_MAX: Final = 64 << 10
# Contents smaller than this stay in memory, as long as there is room.
KEPT_BYTES: Final = 64 << 10
KEPT_TOTAL_BYTES: Final = 4 << 20


# --- preupload --------------------------------------------------------------------------------


def _preupload_files(body: Json) -> list[PreuploadFile]:
    given = body.get("files")
    if not isinstance(given, list):
        msg = '"files" must be a list.'
        raise BadRequest(msg)
    if len(given) > PREUPLOAD_FILES_MAX:
        msg = f"At most {PREUPLOAD_FILES_MAX} files at a time."
        raise BadRequest(msg)
    found: list[PreuploadFile] = []
    for file in given:
        if not isinstance(file, dict):
            msg = 'Each of "files" must be an object.'
            raise BadRequest(msg)
        size = file.get("size", 0)
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            msg = '"size" must be a whole number.'
            raise BadRequest(msg)
        found.append(PreuploadFile(text_field(file, "path"), _sample(file), size))
    return found


def _sample(file: Json) -> bytes:
    text = text_field(file, "sample", "")
    if len(text) > SAMPLE_MAX_BYTES:
        msg = '"sample" is too long: 512 bytes are enough.'
        raise BadRequest(msg)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        msg = '"sample" is not base64.'
        raise BadRequest(msg) from error


def _git_text(body: Json, name: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > GIT_TEXT_MAX:
        msg = f'"{name}" must be a string of bounded length.'
        raise BadRequest(msg)
    return value


def _modes(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    revision: str,
    files: list[PreuploadFile],
    git_attributes: str | None,
    git_ignore: str | None,
) -> list[PreuploadMode]:
    return hub.commits.preupload(principal, repository, revision, files, git_attributes, git_ignore)


async def _preupload(request: Request) -> Response:
    body = await json_object(request)
    modes = await answer(
        request,
        Action.CONTRIBUTE,
        _modes,
        request.path_params["rev"],
        _preupload_files(body),
        _git_text(body, "gitAttributes"),
        _git_text(body, "gitIgnore"),
    )
    files: list[Json] = []
    for mode in modes:
        # Clients read `shouldIgnore` without asking whether it is there. `oid` is that of the
        # content committed now: with it they skip files that have not changed.
        file: Json = {
            "path": mode.path,
            "uploadMode": mode.mode,
            "shouldIgnore": mode.should_ignore,
        }
        if mode.oid is not None:
            file["oid"] = mode.oid
        files.append(file)
    return json_response({"files": files})


# --- the commit -------------------------------------------------------------------------------


class StagedCommit:
    """A commit request while it comes: operations in order, contents in an unnamed file.

    Used by one thread at a time. ``close`` gives the space back.
    """

    def __init__(self, stream: CommitStream, folder: Path) -> None:
        self._stream = stream
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._operations: list[Operation | tuple[str, int, int]] = []
        self._kept_bytes = 0
        self._end = 0

    @property
    def header(self) -> CommitHeader:
        """The first line. There is one once the request is complete."""
        assert self._stream.header is not None
        return self._stream.header

    def feed(self, data: bytes) -> None:
        """Take more of the body. Raises Malformed, TooLarge, StorageFull."""
        for operation in self._stream.feed(data):
            self._keep(operation)

    def finish(self) -> None:
        """The body is complete. Raises Malformed when the request is not."""
        for operation in self._stream.finish():
            self._keep(operation)

    def _keep(self, operation: Operation) -> None:
        if not isinstance(operation, AddRegular):
            self._operations.append(operation)
            return
        size = len(operation.content)
        if size <= KEPT_BYTES and self._kept_bytes + size <= KEPT_TOTAL_BYTES:
            self._kept_bytes += size
            self._operations.append(operation)
            return
        self._write(operation.content)
        self._operations.append((operation.path, self._end, size))
        self._end += size

    def _write(self, content: bytes) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - close() is ours
            view = memoryview(content)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull from error
            msg = "The hub cannot write to its disk."
            raise Unavailable(msg) from error

    def __iter__(self) -> Iterator[Operation]:
        """The operations in order, each content read when its turn comes. May be run again."""
        for operation in self._operations:
            if isinstance(operation, tuple):
                path, start, size = operation
                assert self._file is not None
                self._file.seek(start)
                yield AddRegular(path, self._file.read(size))
            else:
                yield operation

    def close(self) -> None:
        """Give the space back."""
        if self._file is not None:
            self._file.close()


def _found(_hub: Hub, _principal: Principal, _repository: Repository) -> None:
    return None


async def _receive(request: Request, staged: StagedCommit) -> bytes:
    """Feed the body to the staged commit; the last piece is given back for the next hop."""
    pending = bytearray()
    is_admitted = False
    async with AsyncExitStack() as held:
        async for chunk in request.stream():
            pending += chunk
            if not is_admitted and len(pending) >= UNKNOWN_BYTES_MAX:
                await answer(request, Action.CONTRIBUTE, _found)
                await held.enter_async_context(upload_place(request))
                is_admitted = True
            if len(pending) >= PIECE_BYTES:
                await hop(staged.feed, bytes(pending))
                pending.clear()
    return bytes(pending)


def _commit_staged(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    revision: str,
    staged: StagedCommit,
    last_piece: bytes,
    *,
    create_pr: bool,
) -> tuple[Repository, Committed]:
    staged.feed(last_piece)
    staged.finish()
    committed = hub.commits.commit(
        principal, repository, revision, staged.header, staged, create_pr=create_pr
    )
    return repository, committed


async def _commit(request: Request) -> Response:
    hub, settings = hub_of(request), hub_of(request).settings
    repo_id_of(request)
    query = last_values(query_of(request))
    stream = CommitStream(settings.commit_line_max_bytes, settings.commit_operations_max)
    staged = StagedCommit(stream, hub.spool_folder)
    try:
        last_piece = await _receive(request, staged)
        repository, committed = await answer(
            request,
            Action.CONTRIBUTE,
            _commit_staged,
            request.path_params["rev"],
            staged,
            last_piece,
            create_pr=flag_field(query, "create_pr"),
        )
    finally:
        staged.close()
    url = url_of(request, repository.repo_id)
    body: Json = {
        "success": True,
        "commitOid": committed.commit,
        "commitUrl": f"{url}/commit/{committed.commit}",
        "hookOutput": "",
    }
    if committed.arrival is not None:
        body |= _arrival_fields(committed.arrival)
    if committed.pull_request_number is not None:
        body["pullRequestUrl"] = f"{url}/discussions/{committed.pull_request_number}"
    return json_response(body)


def _arrival_fields(arrival: Arrival) -> Json:
    """What it took: a sentence where huggingface.co has the output of hooks, and the figures."""
    return {
        "hookOutput": arrival.text,
        "arrival": {
            "files": arrival.file_count,
            "bytes": arrival.size_bytes,
            "sentBytes": arrival.sent_bytes,
            "newBytes": arrival.new_bytes,
        },
    }


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("POST", f"{REPOSITORY}/preupload/{{rev}}", _preupload, "preupload"),
        route(
            "POST",
            f"{REPOSITORY}/commit/{{rev}}",
            _commit,
            "commit",
            body_max_bytes=attrgetter("commit_body_max_bytes"),
            takes_content=True,
        ),
    ]
