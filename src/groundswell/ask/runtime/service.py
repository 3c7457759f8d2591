"""The runtime: models asked by name, wherever they run."""

from __future__ import annotations

import contextlib
import importlib.metadata
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final

from groundswell.ask.runtime import asking
from groundswell.ask.runtime.answers import Answer, Chunks, load, parse, refused
from groundswell.ask.runtime.exchange import Broken, Exchange, Overdue
from groundswell.ask.runtime.models import Models
from groundswell.ask.runtime.pool import OnState, Pool
from groundswell.ask.runtime.values import Json, Limits, Message, Mode, ModelRef, Request, State
from groundswell.core.errors import BadRequest, RunnerFailed, Unavailable

Failure = Callable[[str], RunnerFailed]

_OK: Final = 200
_WRITES_NONE: Final = "This model reads texts and writes none: ask it for embeddings."
_OVERDUE: Final = "The model took too long to answer."


class Runtime:
    """Runs models. Thread-safe; what it holds is given back by ``close``. See the room's contract
    (`ask.runtime`).
    """

    def __init__(self, pool: Pool, models: Models, limits: Limits) -> None:
        self.pool = pool
        self.models = models
        self.limits = limits

    # --- answers --------------------------------------------------------------------------------

    def complete(  # noqa: PLR0913 - each is a word of the request
        self,
        model: ModelRef,
        messages: Sequence[Message] | None = None,
        prompt: str | None = None,
        *,
        grammar: str | None = None,
        json_schema: Json | None = None,
        max_tokens: int | None = None,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        seed: int | None = None,
        on_state: OnState | None = None,
    ) -> Answer:
        """The answer to messages, or what follows a prompt, piece by piece.

        Args:
            model: found for somebody, for this very call (``models.find``).
            messages: in OpenAI's form, rendered by the model's own template.
            prompt: instead of messages: goes to the model as it is.
            grammar: in GBNF: the answer keeps to it.
            json_schema: instead of a grammar.
            max_tokens: the answer's length, up to the hub's own limit.
            temperature: 0 takes the likeliest token each time.
            stop: texts that end the answer, and are no part of it.
            seed: makes the same choices again, on the same machine.
            on_state: told how far the model is while it is not ready.

        Raises:
            BadRequest, TooLarge: the request cannot be.
            Others come out of the iterator: see ``stream``.
        """
        body: Json = {"temperature": temperature, "stop": list(stop) or None, "seed": seed}
        body |= {"grammar": grammar, "max_tokens": max_tokens}
        if json_schema is not None:
            inner = {"schema": json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": inner}
        if (messages is None) == (prompt is None):
            raise BadRequest("Either messages or a prompt.")
        if messages is not None:
            body["messages"] = [dict(message) for message in messages]
            request = asking.chat(body, self.limits.answer_tokens)
        else:
            request = asking.completion({**body, "prompt": prompt}, self.limits.answer_tokens)
        return Answer(self.stream(model, request, on_state))

    def stream(self, model: ModelRef, request: Request, on_state: OnState | None = None) -> Chunks:
        """The chunks of an answer, in OpenAI's form; nothing happens before the first ``next``.

        Raises, from the iterator:
            NotServed: nothing is installed that runs models.
            Unavailable, TooManyRequests: no place for it now.
            RunnerFailed: the model's process ended.
            BadRequest: the model does not take the request: too long, a grammar that is none.
            Corrupt, StorageFull: its files could not be had.
        """
        if not model.facts.writes_text:
            raise BadRequest(_WRITES_NONE)
        body = request.body | {"stream": True, "stream_options": {"include_usage": True}}
        asked = Request(request.path, body | _scales(model))
        return Chunks(lambda chunks: self._stream(chunks, model, asked, on_state))

    def _stream(
        self, chunks: Chunks, model: ModelRef, request: Request, on_state: OnState | None
    ) -> Generator[Json]:
        began = time.monotonic()

        def told(state: State) -> None:
            chunks.check()
            if on_state is not None:
                on_state(state)

        with self._asked(model, Mode.TEXT, request, chunks, told) as exchange:
            chunks.loading_seconds = exchange.sent_at - began
            try:
                yield from parse(exchange.lines())
            except Overdue:
                chunks.is_overdue = True

    @contextlib.contextmanager
    def _asked(
        self,
        model: ModelRef,
        mode: Mode,
        request: Request,
        chunks: Chunks,
        on_state: OnState,
    ) -> Iterator[Exchange]:
        """An exchange whose answer is no error. What breaks off becomes an error in words."""
        with self._opened(model, mode, request, on_state) as (exchange, failure):
            try:
                chunks.hold(exchange)
                if exchange.status != _OK:
                    raise refused(exchange.status, exchange.whole())
                yield exchange
            except Broken as error:
                chunks.check()
                raise failure("stopped in the middle of an answer") from error
            except Overdue as error:
                raise Unavailable(_OVERDUE, 60) from error

    @contextlib.contextmanager
    def _opened(
        self, model: ModelRef, mode: Mode, request: Request, on_state: OnState
    ) -> Iterator[tuple[Exchange, Failure]]:
        """The request sent to where the model runs, and how to tell what became of that."""
        seconds = self.limits.answer_seconds
        if model.remote is not None:
            assert self.models.remote is not None, "it was found there"
            with self.models.remote.exchange(model, request, seconds) as remote:
                yield remote, _remote_failure
            return
        with self.pool.lease(model, mode, on_state) as runner:
            local = runner.post(request.path, request.body, time.monotonic() + seconds)
            try:
                yield local, runner.failure
            finally:
                local.close()

    # --- at once --------------------------------------------------------------------------------

    def whole(self, model: ModelRef, request: Request) -> Chunks:
        """As ``stream``, for an answer that comes as one chunk."""
        if not model.facts.writes_text:
            raise BadRequest(_WRITES_NONE)
        asked = Request(request.path, request.body | _scales(model))
        return self._one(model, Mode.TEXT, asked)

    def embedding(self, model: ModelRef, request: Request) -> Chunks:
        """Vectors of texts (`asking.embeddings`), in OpenAI's form, as one chunk.

        Raises, from the iterator:
            As ``stream``.
        """
        if model.facts.reranks and model.remote is None:
            raise BadRequest("This model puts documents in order and makes no embeddings.")
        return self._one(model, Mode.EMBEDDINGS, request)

    def reranking(self, model: ModelRef, request: Request) -> Chunks:
        """Documents in order (`asking.rerank`), as one chunk: ``results`` of index and
        relevance_score.

        Raises, from the iterator:
            As ``stream``.
        """
        if not model.facts.reranks:
            raise BadRequest("This model is no reranker: its file names no rank pooling.")
        return self._one(model, Mode.RERANK, request)

    def embed(self, model: ModelRef, request: Request) -> Json:
        """What ``embedding`` gives, awaited."""
        return next(self.embedding(model, request))

    def rerank(self, model: ModelRef, request: Request) -> Json:
        """What ``reranking`` gives, awaited."""
        return next(self.reranking(model, request))

    def render(self, model: ModelRef, messages: Sequence[Message]) -> str:
        """The prompt that messages become by the model's own template.

        Raises:
            As ``stream``.
        """
        body = asking.chat({"messages": [dict(m) for m in messages]}, 1).body
        asked = Request("/apply-template", {"messages": body["messages"]})
        return str(next(self._one(model, Mode.TEXT, asked)).get("prompt", ""))

    def count_tokens(self, model: ModelRef, text: str) -> int:
        """How many tokens a text is.

        Raises:
            As ``stream``.
        """
        asked = Request("/tokenize", {"content": text})
        return len(next(self._one(model, Mode.TEXT, asked)).get("tokens", ()))

    def _one(self, model: ModelRef, mode: Mode, request: Request) -> Chunks:
        def work(chunks: Chunks) -> Generator[Json]:
            with self._asked(model, mode, request, chunks, lambda _: chunks.check()) as exchange:
                found = load(exchange.whole())
            yield found

        return Chunks(work)

    # --- upkeep ---------------------------------------------------------------------------------

    @property
    def is_installed(self) -> bool:
        """Whether what runs models is installed."""
        return self.pool.is_installed

    @property
    def engine(self) -> str:
        """What runs models here, with its release; "" when nothing does."""
        if not self.is_installed:
            return ""
        return f"llama.cpp of xllamacpp {importlib.metadata.version('xllamacpp')}"

    def load(self, model: ModelRef, on_state: OnState | None = None) -> None:
        """Have the model in memory; ``on_state`` is told how far it is.

        Raises:
            As ``stream``.
        """
        if model.remote is None:
            with self.pool.lease(model, Mode.TEXT, on_state):
                return

    def state(self, model: ModelRef) -> State | None:
        """How far the model is; None when it is not in memory."""
        return self.pool.state(model, Mode.TEXT)

    def close(self) -> None:
        """End every model."""
        self.pool.close()


def _remote_failure(what: str) -> RunnerFailed:
    return RunnerFailed(f"The other server {what}.")


def _scales(model: ModelRef) -> Json:
    if not model.adapters:
        return {}
    return {
        "lora": [
            {"id": number, "scale": adapter.scale} for number, adapter in enumerate(model.adapters)
        ]
    }
