"""What a page says aloud and listens with: the words of an answer, and which model of the hub.

An admin names the models; without that a reader's own are taken, and nobody else's: a voice says
what its maker made it say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from groundswell.ask.speech.values import Kind
from groundswell.ask.speech.words import quoted_words, unknown_words
from groundswell.core.errors import GroundswellError, NotServed
from groundswell.core.values import Principal
from groundswell.http.auth import ask
from groundswell.http.pages.door import Asked
from groundswell.http.sounding import sounding

if TYPE_CHECKING:
    from groundswell.ask.answering import Event
    from groundswell.ask.library import Library


def words_of(library: Library, principal: Principal, events: list[Event]) -> str:
    """The first sentence that is quoted, and where it stands: the source is said aloud."""
    from groundswell.ask.answering import Abstain, Extract, Plan

    quote = next((event.quote for event in events if isinstance(event, Extract)), None)
    if quote is None:
        gave_up = next((event.why for event in events if isinstance(event, Abstain)), "")
        return unknown_words(gave_up)
    plan = next(event for event in events if isinstance(event, Plan))
    cited = quote.citation
    asked = next((each for each in plan.packs if each.startswith(f"{cited.pack}@")), cited.pack)
    pack = library.summary(library.find(principal, asked)).title or cited.pack
    return quoted_words(quote.text, quote.title or cited.article, pack)


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
