"""Answers about tables for the doors: a page waits a moment, other requests as long as a reader may
take, holding no thread meanwhile.

Knows how long who waits. What is asked is the door's, what is answered `hub.viewing`'s.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request

from groundswell.core.errors import BadRequest, Unavailable
from groundswell.core.values import Principal
from groundswell.http.auth import ask, hub_of
from groundswell.hub.content import Located
from groundswell.hub.viewing import Question
from groundswell.wiring import Hub

PAGE_SECONDS: Final = 0.2
ANSWER_SECONDS: Final = 12.0
_LOOK_SECONDS: Final = 0.1

Json = dict[str, Any]
Find = Callable[[Principal], tuple[Located, Question]]

WITHOUT: Final = "This hub cannot read tables: its extra 'viewer' is not installed."


def table_now(hub: Hub, located: Located, question: Question, seconds: float) -> Json | None:
    """The answer if it comes at once; None: it is being found, ask again."""

    def read(start: int, stop: int) -> bytes:
        return hub.content.read_range(located, start, stop)

    return hub.tables.ask(located.etag, question, read, seconds)


async def table_answer(request: Request, find: Find) -> Json:
    """The answer to a request's question. Rights are looked at again at each look.

    Raises:
        BadRequest: the file cannot be read as a table, or tables cannot be read here.
        Unavailable: it takes too long.
    """
    hub = hub_of(request)
    if not hub.tables.are_readable:
        raise BadRequest(WITHOUT)

    def look(principal: Principal) -> Json | None:
        located, question = find(principal)
        return table_now(hub, located, question, 0)

    stop = time.monotonic() + ANSWER_SECONDS
    while (found := await ask(request, look)) is None:
        if time.monotonic() > stop:
            msg = "This table takes long to read. Try again in a moment."
            raise Unavailable(msg)
        await asyncio.sleep(_LOOK_SECONDS)
    if "error" in found:
        raise BadRequest(found["error"])
    return found
