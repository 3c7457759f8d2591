"""Attaching files on the page itself, for browsers that run no script: the form comes with the
files and with what is written so far, and is shown again with their addresses in the text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, GroundswellError, NotFound
from groundswell.core.policy import Action
from groundswell.http.pages.discussions.reading import number_of, page_of
from groundswell.http.pages.door import (
    Asked,
    respond,
)
from groundswell.http.pages.file_forms import file_form
from groundswell.http.pages.multipart import Arrived
from groundswell.http.pages.repositories import find, head_of
from groundswell.http.pages.views import NewDiscussionPage, View
from groundswell.hub.discussions import Attachment
from groundswell.hub.discussions.attachments import MEDIA_BYTES_MAX
from groundswell.hub.discussions.values import COMMENT_CHARACTERS_MAX
from groundswell.hub.repos import Repository
from groundswell.wire.media import SAMPLE_BYTES, sniffed_media

FILES_MAX: Final = 10
BODY_BYTES_MAX: Final = MEDIA_BYTES_MAX + (1 << 20)
_TEXT_BYTES_MAX: Final = 4 * COMMENT_CHARACTERS_MAX
_BATCH_BYTES: Final = 1 << 20
_NO_ALT: Final = re.compile(r"[^\w .,+-]+")


def _begin(asked: Asked) -> Repository:
    repository = find(asked, Action.CONTRIBUTE)
    asked.hub.attachments.check(asked.principal)
    return repository


def _finish(
    request: Request, asked: Asked, repository: Repository, files: list[Arrived]
) -> Response:
    text, error, status = asked.fields.get("text", ""), "", 200
    try:
        text = "\n\n".join(part for part in (text.rstrip(), *_attach(asked, files)) if part)
    except GroundswellError as refused:
        if refused.status >= 500 or refused.status in {401, 403}:
            raise
        error, status = refused.message, refused.status
    response = respond(request, asked, _page(asked, repository, text, error))
    response.status_code = status
    return response


def _page(asked: Asked, repository: Repository, text: str, error: str) -> View:
    if asked.parameters["number"] == "new":
        title = asked.fields.get("title", "")[:1000]
        return NewDiscussionPage(head_of(asked, repository), title, text, error)
    number = number_of(asked)
    if not asked.hub.discussions.has(repository, number):
        raise NotFound
    return page_of(asked, repository, number, text, error)


def _attach(asked: Asked, files: list[Arrived]) -> list[str]:
    """What the text says of each file, in the order of the form."""
    if not 0 < len(files) <= FILES_MAX:
        msg = f"Choose 1 to {FILES_MAX} files to attach."
        raise BadRequest(msg)
    return [_markdown(file.name, _keep(asked, file)) for file in files]


def _keep(asked: Asked, file: Arrived) -> Attachment:
    media_type = sniffed_media(file.sample(SAMPLE_BYTES))
    if media_type is None:
        msg = f"{file.name[:100]} is no image, video or sound that can be attached."
        raise BadRequest(msg)
    attachments = asked.hub.attachments
    arriving = attachments.begin(asked.principal, media_type)
    try:
        with Path(file.spooled.path).open("rb") as source:
            while block := source.read(_BATCH_BYTES):
                arriving.write(block)
        return attachments.finish(asked.principal, arriving)
    finally:
        arriving.discard()


def _markdown(name: str, attachment: Attachment) -> str:
    if attachment.media_type.startswith("image/"):
        alt = _NO_ALT.sub(" ", name.rpartition(".")[0] or name).strip()[:100]
        return f"![{alt or 'picture'}]({attachment.path})"
    return attachment.path


receive = file_form(_begin, _finish, field_bytes_max=_TEXT_BYTES_MAX)
"""Takes the form in, attaches its files, and shows it again."""
