"""Sound on its way out: what a voice says, as one WAV file once it is whole.

Knows the form of the answer. Does not know which voice, nor who may hear it.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.ask.speech.service import Said
from groundswell.http.answers import gathered
from groundswell.wire import wav

_GONE: Final = 499
_HEADERS: Final = {"Cache-Control": "private, no-store"}


async def sounding(request: Request, said: Said, *, is_bare: bool = False) -> Response:
    """The sound; ``is_bare`` leaves the file's head out."""
    pieces = await gathered(request, said)
    if pieces is None:
        return Response(status_code=_GONE)  # nobody hears it
    numbers = b"".join(pieces)
    if is_bare:
        return Response(numbers, 200, _HEADERS, media_type="audio/pcm")
    return Response(wav.written(numbers, said.rate), 200, _HEADERS, media_type="audio/wav")
