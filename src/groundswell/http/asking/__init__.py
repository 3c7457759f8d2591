"""The door for programs that ask knowledge packs: ``/v1/ask`` and the packs there are.

Knows fields, events and bounds. Which packs somebody may ask is found again for every question
(`ask.library`); how an answer comes about is `ask.answering`'s.
"""

from __future__ import annotations

from groundswell.http.asking import graph, mcp, packs, questions
from groundswell.http.asking.door import DOOR
from groundswell.http.routing import Route

__all__ = ["DOOR", "routes"]


def routes() -> list[Route]:
    """Addresses of this door."""
    return [*questions.routes(), *packs.routes(), *mcp.routes(), *graph.routes()]
