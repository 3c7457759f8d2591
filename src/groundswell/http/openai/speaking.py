"""Speech: text to sound and sound to text, as WAV; and which models of the hub do that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from groundswell.ask.speech.models import SpeechModel
from groundswell.ask.speech.values import SOUND_BYTES_MAX, TEXT_CHARACTERS_MAX, Kind
from groundswell.core.errors import BadRequest, Malformed
from groundswell.core.values import Principal
from groundswell.http.answers import gathered
from groundswell.http.auth import ask, hub_of
from groundswell.http.bodies import json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.openai.door import DOOR, NAME_CHARACTERS_MAX
from groundswell.http.routing import Route
from groundswell.http.sounding import sounding
from groundswell.wiring import Hub

Json = dict[str, Any]

_GONE: Final = 499
_FORM_BYTES: Final = 64 * 1024
_FIELDS_MAX: Final = 16
_FIELD_BYTES_MAX: Final = 4096


async def _speech(request: Request) -> Response:
    hub = hub_of(request)
    await ask(request, hub.runtime.models.check_may_run)
    body = await json_object(request)
    text = text_field(body, "input")
    form = _choice("response_format", text_field(body, "response_format", "wav"), ("wav", "pcm"))
    speed, speaker = body.get("speed", 1.0), text_field(body, "voice", "")
    if not isinstance(speed, int | float) or isinstance(speed, bool):
        raise BadRequest("speed: is a number.")
    model = await _model(request, body.get("model"), Kind.VOICE)
    number = int(speaker) if speaker.isascii() and speaker.isdigit() and len(speaker) <= 4 else 0
    said = hub.speech.say(model, text, float(speed), number)
    return await sounding(request, said, is_bare=form == "pcm")


def _choice(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise BadRequest(f"{name}: this hub gives {' and '.join(known)}.")
    return value


async def _model(request: Request, name: object, kind: Kind) -> SpeechModel:
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS_MAX:
        raise BadRequest("model: is the name of a repository, as org/name.")
    return await ask(request, hub_of(request).speech.models.find, name, kind)


async def _transcription(request: Request) -> Response:
    hub = hub_of(request)
    await ask(request, hub.runtime.models.check_may_run)
    sound, fields = await _form(request)
    form = _choice("response_format", fields.get("response_format", "json"), ("json", "text"))
    model = await _model(request, fields.get("model"), Kind.EAR)
    if sound is None:
        raise BadRequest("file: is missing: a WAV file.")
    heard = await gathered(request, hub.speech.hear(model, sound))
    if heard is None:
        return Response(status_code=_GONE)
    text = " ".join(heard)
    return PlainTextResponse(text) if form == "text" else json_response({"text": text})


async def _form(request: Request) -> tuple[bytes | None, dict[str, str]]:
    """The file, if there is one, and the fields beside it."""
    try:
        form = await request.form(
            max_files=1, max_fields=_FIELDS_MAX, max_part_size=_FIELD_BYTES_MAX
        )
    except (MultiPartException, HTTPException) as error:
        raise Malformed("form", "not multipart/form-data with one file") from error
    try:
        file = form.get("file")
        sound = await file.read() if isinstance(file, UploadFile) else None
        return sound, {k: v for k, v in form.items() if isinstance(v, str)}
    finally:
        await form.close()


def _listed(principal: Principal, hub: Hub) -> list[Json]:
    """Voices and ears that the asker sees, by their cards and files."""
    hub.runtime.models.check_may_run(principal)
    return [each for kind in Kind for each in _rows(principal, hub, kind)]


def _rows(principal: Principal, hub: Hub, kind: Kind) -> Iterator[Json]:
    for repository in hub.speech.models.listed(principal, kind):
        yield {
            "id": repository.full_name,
            "object": "model",
            "created": repository.created_at // 1_000_000,
            "owned_by": repository.repo_id.namespace,
            "kind": kind.value,
        }


async def _models(request: Request) -> Response:
    hub = hub_of(request)
    found = await ask(request, _listed, hub)
    told = {"object": "list", "data": found, "is_installed": hub.speech.is_installed}
    return json_response(told)


def routes() -> list[Route]:
    """Addresses of this part."""
    text_bytes = 8 * TEXT_CHARACTERS_MAX + _FORM_BYTES
    sound_bytes = SOUND_BYTES_MAX + _FORM_BYTES
    return [
        Route(("GET",), "/v1/audio/models", _models, DOOR, "models of speech"),
        Route(("POST",), "/v1/audio/speech", _speech, DOOR, "speech", text_bytes),
        Route(
            ("POST",),
            "/v1/audio/transcriptions",
            _transcription,
            DOOR,
            "transcription",
            sound_bytes,
        ),
    ]
