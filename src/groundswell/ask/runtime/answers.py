"""Answers on their way: chunks as they come, and pieces of text made of them.

Knows how an answer is ended early, from any thread. Does not know who gives it.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, Self

from groundswell.ask.runtime.exchange import Broken, Exchange
from groundswell.ask.runtime.values import Json, Piece, Timing
from groundswell.core.errors import BadRequest, GroundswellError, RunnerFailed

# Of OpenAI's kinds of errors, those that the request is to blame for.
_STATUSES: Final = {"invalid_request_error": 400, "not_found_error": 404}
_PREFIX: Final = b"data:"
_END: Final = b"[DONE]"
_TOLD_CHARACTERS_MAX: Final = 500


class Stopped(Exception):
    """Nobody wants the answer any more."""


class Chunks:
    """The chunks of an answer, parsed: an iterator that any thread may ``close``.

    ``work`` makes them; it begins with the first ``next``. ``is_overdue`` tells that the time for
    the answer was over before it was complete.
    """

    def __init__(self, work: Callable[[Chunks], Generator[Json]]) -> None:
        self.is_overdue = False
        self.loading_seconds = 0.0
        self._lock = threading.Lock()
        self._exchange: Exchange | None = None
        self._is_closed = False
        self._chunks = work(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Json:
        try:
            self.check()
            return next(self._chunks)
        except Stopped:
            self._chunks.close()
            raise StopIteration from None

    def check(self) -> None:
        """Raise Stopped when nobody wants the answer any more."""
        if self._is_closed:
            raise Stopped

    def hold(self, exchange: Exchange) -> None:
        """Let ``close`` end this exchange."""
        with self._lock:
            self._exchange = exchange
        if self._is_closed:
            exchange.close()
            raise Stopped

    def close(self) -> None:
        """End the answer. From any thread, and more than once."""
        self._is_closed = True
        with self._lock:
            exchange = self._exchange
        if exchange is not None:
            exchange.close()
        with contextlib.suppress(ValueError):  # another thread waits for its next chunk, and ends
            self._chunks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class Answer:
    """The pieces of an answer: an iterator that any thread may ``close``. The last piece has
    ``finish`` and ``timing``.
    """

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._pieces = _pieces(chunks)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Piece:
        return next(self._pieces)

    def close(self) -> None:
        """End the answer: the model stops computing. From any thread, and more than once."""
        self._chunks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _pieces(chunks: Chunks) -> Iterator[Piece]:
    began = time.monotonic()
    first: float | None = None
    finish, counted = None, 0
    told: Json = {}
    for chunk in chunks:
        told = {**told, **{k: chunk[k] for k in ("usage", "timings") if chunk.get(k)}}
        choices = chunk.get("choices") or [{}]
        finish = choices[0].get("finish_reason") or finish
        text = text_of(choices[0])
        if not text:
            continue
        counted += 1
        if first is None:
            first = time.monotonic()
        yield Piece(text)
    ended = time.monotonic()
    first = ended if first is None else first
    usage, timings = told.get("usage", {}), told.get("timings", {})
    tokens = usage.get("completion_tokens") or timings.get("predicted_n") or counted
    rate = timings.get("predicted_per_second") or (tokens / max(ended - first, 0.001))
    timing = Timing(
        first_token_seconds=first - began,
        loading_seconds=chunks.loading_seconds,
        tokens_per_second=float(rate) if counted else 0.0,
        prompt_tokens=usage.get("prompt_tokens") or timings.get("prompt_n") or 0,
        completion_tokens=tokens,
    )
    yield Piece("", "time" if chunks.is_overdue else finish or "stop", timing)


def text_of(choice: Json) -> str:
    """The text that a choice of a chunk brings."""
    delta = choice.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else choice.get("text")
    return text if isinstance(text, str) else ""


def parse(lines: Iterator[bytes]) -> Iterator[Json]:
    """The JSON of server-sent events.

    Raises:
        RunnerFailed, BadRequest: the answer is an error.
        Broken: it ends in the middle.
    """
    for line in lines:
        if not line.startswith(_PREFIX):
            if line.startswith(b"error:"):
                raise refused(500, line[6:])
            continue
        data = line[len(_PREFIX) :].strip()
        if data == _END:
            return
        chunk = load(data)
        if isinstance(chunk.get("error"), dict):
            raise refused(_status_of(chunk["error"]), data)
        yield chunk
    raise Broken  # the last line is missing


def _status_of(error: Json) -> int:
    """The status that an error in a stream stands for. llama.cpp gives it as its code; others give
    a word there, and what kind of error it is.
    """
    code = error.get("code")
    if isinstance(code, int) and not isinstance(code, bool):
        return code
    return _STATUSES.get(str(error.get("type")), 500)


def load(data: bytes) -> Json:
    """A JSON object.

    Raises:
        RunnerFailed: it is none.
    """
    try:
        found: Any = json.loads(data)
    except ValueError as error:
        raise RunnerFailed("The model's answer cannot be read.") from error
    if not isinstance(found, dict):
        raise RunnerFailed("The model's answer cannot be read.")
    return found


def refused(status: int, data: bytes) -> GroundswellError:
    """The error that an answer of that status tells."""
    message = ""
    with contextlib.suppress(RunnerFailed, AttributeError):
        told = load(data).get("error")
        message = str(told.get("message") if isinstance(told, dict) else told or "")
    message = " ".join(message.split())[:_TOLD_CHARACTERS_MAX]
    if status in {400, 404, 413, 422, 501}:
        return BadRequest(message or "The model does not take this request.")
    return RunnerFailed(message or "The model could not answer.")
