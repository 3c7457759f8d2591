"""Packs that are asked as if they were a model: ``ask:PACK`` and ``ask:MODEL+PACK``.

Knows OpenAI's form of an answer, and where sources stand in it. What the name means and what is
said is `ask.conversing`'s.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.ask.runtime import asking
from groundswell.core.errors import BadRequest, NotServed
from groundswell.core.values import Principal
from groundswell.http.answers import Feed, Streamed, apart, gathered
from groundswell.http.auth import hub_of, principal_of
from groundswell.http.bodies import flag_field
from groundswell.http.errors import json_response
from groundswell.http.openai.door import NAME_CHARACTERS_MAX, frame_of, manner_of
from groundswell.http.origin import base_url
from groundswell.http.places import article_url
from groundswell.wiring import Hub

if TYPE_CHECKING:
    from groundswell.ask.answering import Event, Quote
    from groundswell.ask.conversing import Said
    from groundswell.ask.library import Library
    from groundswell.ask.replies import Reply

PREFIX: Final = "ask:"
_LISTED_MAX: Final = 100
_RISK_DEFAULT: Final = 0.05
_GONE: Final = 499

Json = dict[str, Any]


def names_packs(name: object) -> bool:
    """Whether a model's name means packs."""
    return isinstance(name, str) and name.startswith(PREFIX)


def _library(hub: Hub) -> Library:
    if hub.library is None:
        raise NotServed("Asking needs some packages more: pip install 'groundswell[ask]'")
    return hub.library


async def chat(request: Request, body: Json) -> Response:
    """A conversation that packs answer, streamed or whole."""
    hub, principal = hub_of(request), await principal_of(request)
    library, name = _library(hub), body["model"]

    from groundswell.ask.conversing import Said, wish_of
    from groundswell.ask.replies import begin

    if len(name) > NAME_CHARACTERS_MAX:
        raise BadRequest("model: is the name of packs, as ask:org/name.")
    asked = asking.chat(body, hub.settings.run_answer_tokens)
    options = {"risk": _risk(body), "longer": flag_field(body, "longer")}

    def work() -> Reply:
        wish = wish_of(library, principal, name, asked.body["messages"], options)
        return begin(library, hub.runtime, principal, wish)

    reply = await apart(work)
    said = Said(_Place(base_url(request)))
    answer = _Answer(reply, said)
    if flag_field(body, "stream"):
        feed: Feed[Event] = Feed()
        usage = body.get("stream_options")
        with_usage = isinstance(usage, dict) and usage.get("include_usage") is True
        frames = answer.frames(feed.follow(reply), with_usage=with_usage)
        return Streamed(request, reply, frames, manner_of(body))
    events = await gathered(request, reply)
    if events is None:
        return Response(status_code=_GONE)  # nobody reads it
    return json_response(answer.whole(events))


def _risk(body: Json) -> float:
    risk = body.get("risk", _RISK_DEFAULT)
    if isinstance(risk, bool) or not isinstance(risk, int | float):
        raise BadRequest("risk: is a number from 0.01 to 0.2.")
    return float(risk)


class _Place:
    """Where a quote is shown, as a whole address."""

    def __init__(self, base: str) -> None:
        self._base = base

    def __call__(self, quote: Quote) -> str:
        cited = quote.citation
        path = article_url(cited.pack, cited.revision, cited.article, cited.start, cited.stop)
        return f"{self._base}{path}"


class _Answer:
    """A reply in OpenAI's form."""

    def __init__(self, reply: Reply, said: Said) -> None:
        self._reply = reply
        self._said = said
        model = PREFIX + "+".join(filter(None, (reply.model, *reply.packs)))
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
        }

    def whole(self, events: Sequence[Event]) -> Json:
        sources = [each for event in events for each in self._said.add(event)[1]]
        message = {"role": "assistant", "content": self._said.text, "refusal": None}
        choice = {
            "index": 0,
            "message": {**message, "annotations": sources},
            "finish_reason": "stop",
            "logprobs": None,
        }
        ended = {"usage": self._usage(), "receipt": self._receipt()}
        return {**self._head, "object": "chat.completion", "choices": [choice], **ended}

    async def frames(
        self, events: AsyncGenerator[Event], *, with_usage: bool
    ) -> AsyncGenerator[bytes]:
        yield self._chunk({"role": "assistant", "content": ""})
        async with contextlib.aclosing(events):
            async for event in events:
                words, sources = self._said.add(event)
                if words:
                    yield self._chunk({"content": words, "annotations": sources})
        yield self._chunk({}, finish="stop", receipt=self._receipt())
        if with_usage:
            head = {**self._head, "object": "chat.completion.chunk", "choices": []}
            yield frame_of({**head, "usage": self._usage()})

    def _chunk(self, delta: Json, finish: str | None = None, **more: object) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        head = {**self._head, "object": "chat.completion.chunk"}
        return frame_of({**head, "choices": [choice], **more})

    def _receipt(self) -> Json | None:
        return None if self._said.done is None else self._said.done.receipt

    def _usage(self) -> Json:
        """The model's tokens; packs cost none."""
        timing = self._reply.timing
        read, written = (timing.prompt_tokens, timing.completion_tokens) if timing else (0, 0)
        return {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }


def listed(principal: Principal, hub: Hub) -> list[tuple[str, int, str]]:
    """Packs that the asker may read, as models: name, when it was made, and whose it is."""
    if hub.library is None:
        return []
    refs = [ref for ref, _ in islice(hub.library.listed(principal), _LISTED_MAX)]
    return [
        (
            f"{PREFIX}{ref.name}",
            ref.repository.created_at // 1_000_000,
            ref.repository.repo_id.namespace,
        )
        for ref in refs
    ]


def pinned(principal: Principal, hub: Hub, name: str) -> Json:
    """What a name means now, down to commits.

    Raises:
        As `begin`.
    """
    from groundswell.ask.conversing import named

    library = _library(hub)
    model, packs = named(library, principal, name)
    found = [library.find(principal, each) for each in packs]
    refs = [f"{ref.name}@{ref.commit}" for ref in found]
    for ref in found:
        library.summary(ref)
    runs = hub.runtime.models.find(principal, model).name if model else None
    whole = PREFIX + "+".join([*filter(None, [runs]), *refs])
    owner = found[0].repository.repo_id.namespace
    return {
        "id": whole,
        "object": "model",
        "created": 0,
        "owned_by": owner,
        "model": runs,
        "packs": refs,
    }
