"""What a page speaks and listens with: which model of the hub.

An admin names the models; without that a reader's own are taken, and nobody else's: a voice says
what its maker made it say.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from groundswell.ask.speech.values import Kind
from groundswell.core.errors import GroundswellError, NotServed
from groundswell.core.values import Principal
from groundswell.http.auth import ask
from groundswell.http.pages.door import Asked
from groundswell.http.sounding import sounding


def model_of(asked: Asked, kind: Kind) -> str:
    """What pages speak or listen with, for who asks; "" where there is nothing."""
    hub, principal = asked.hub, asked.principal
    settings = hub.settings
    named = settings.speak_model if kind is Kind.VOICE else settings.listen_model
    if not hub.speech.is_installed:
        return ""
    try:
        hub.runtime.models.check_may_run(principal)
        if named:
            hub.speech.models.find(principal, named, kind)
            return named
    except GroundswellError:
        return ""  # what is not there for them is not told of
    if principal.is_anonymous:
        return ""
    own = hub.speech.models.listed(principal, kind, principal.name)
    return next((repository.full_name for repository in own), "")


async def spoken(request: Request, asked: Asked, words: str) -> Response:
    """Words as the page's voice says them.

    Raises:
        NotServed: there is no voice for who asks.
        GroundswellError: as ``Speech.say``.
    """
    hub = asked.hub

    def find(principal: Principal) -> object:
        del principal
        return model_of(asked, Kind.VOICE)

    name = await ask(request, find)
    if not name:
        raise NotServed("This hub has no voice for you: docs/howto/voice.md tells how to add one.")
    voice = await ask(request, hub.speech.models.find, str(name), Kind.VOICE)
    return await sounding(request, hub.speech.say(voice, words))
