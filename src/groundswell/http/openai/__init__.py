"""The door that programs written for OpenAI's API come to: models of this hub under ``/v1``.

Knows addresses, forms and errors of that API. Which model a name means, and who may run it, is
`ask.runtime`'s, found again for each request; how long work is awaited is `http.answers`'.
"""

from __future__ import annotations

from groundswell.http.openai import models, speaking, writing
from groundswell.http.openai.door import DOOR
from groundswell.http.routing import Route

__all__ = ["DOOR", "routes"]


def routes() -> list[Route]:
    """Addresses of this door."""
    return [*models.routes(), *speaking.routes(), *writing.routes()]
