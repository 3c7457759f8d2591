"""Who answers ``swell run``: a model run by this very process, or one that a hub runs.

Knows how each is asked. Does not know terminals.
"""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from groundswell.ask.runtime import Answer, Chunks, Message, ModelRef, Phase, Runtime, State
from groundswell.ask.runtime.answers import parse
from groundswell.ask.runtime.exchange import Broken
from groundswell.ask.runtime.pool import OnState
from groundswell.cli._calling import Calling
from groundswell.core.errors import BadRequest, NotFound, Unavailable
from groundswell.core.values import Principal

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How words are chosen. None leaves it to the model's side."""

    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None


class Talker(Protocol):
    """A model that can be asked."""

    @property
    def told(self) -> tuple[str, ...]:
        """What people should know of it: which file it is, and why."""
        ...

    def load(self, on_state: OnState) -> None:
        """Have it ready, if that can be done ahead."""
        ...

    def ask(self, messages: Sequence[Message], sampling: Sampling, on_state: OnState) -> Answer:
        """The answer, piece by piece."""
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """Run by this process, for whoever owns the data folder."""

    runtime: Runtime
    model: ModelRef

    @property
    def told(self) -> tuple[str, ...]:
        return (f"{self.model.name}", self.model.explanation, *self.model.notes)

    def load(self, on_state: OnState) -> None:
        self.runtime.load(self.model, on_state)

    def ask(self, messages: Sequence[Message], sampling: Sampling, on_state: OnState) -> Answer:
        return self.runtime.complete(
            self.model,
            messages,
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature or 0.0,
            seed=sampling.seed,
            on_state=on_state,
        )


@contextlib.contextmanager
def run_here(data: Path, name: str, adapters: Sequence[tuple[str, float]]) -> Iterator[Talker]:
    """A model of the hub in that folder, run beside the hub itself.

    Raises:
        NotFound: there is no such folder.
        GroundswellError: the folder or the model cannot be used.
    """
    import logging

    from groundswell.settings import SettingsFault, load
    from groundswell.wiring import build

    # Errors are told in a line: the hub's own log would say them a second time.
    logging.getLogger("groundswell").addHandler(logging.NullHandler())
    if not data.is_dir():
        raise NotFound(
            f"There is no data folder at {data}. Name it with --data, or a hub by --hub."
        )
    try:
        settings = load({"data": data, "run_by": "everybody"})
    except SettingsFault as error:
        raise BadRequest(str(error)) from error
    hub = build(settings)
    try:
        operator = Principal(account_id=0, name="operator", is_admin=True)
        yield Here(hub.runtime, hub.runtime.models.find(operator, name, adapters))
    finally:
        hub.close()


class There:
    """Run by a hub, asked through its API."""

    def __init__(
        self, url: str, token: str | None, name: str, adapters: Sequence[tuple[str, float]]
    ) -> None:
        self._calling = Calling(url, token)
        self._name = name
        self._lora = [{"model": model, "scale": scale} for model, scale in adapters]
        self._described = self._calling.json(_path_of(name))

    def described(self) -> Json:
        """What the hub says now of the model that was found first."""
        return self._calling.json(_path_of(self._described["id"]))

    @property
    def told(self) -> tuple[str, ...]:
        found = self._described
        return (found["id"], found.get("explanation", ""), *found.get("notes", ()))

    def load(self, on_state: OnState) -> None:
        """The hub loads it with the first question."""

    def ask(self, messages: Sequence[Message], sampling: Sampling, on_state: OnState) -> Answer:
        body: Json = {"model": self._described["id"], "messages": list(messages)}
        body |= {"stream": True, "stream_options": {"include_usage": True}, "progress": True}
        body |= {"max_tokens": sampling.max_tokens, "temperature": sampling.temperature}
        body |= {"seed": sampling.seed, "lora": self._lora or None}
        return Answer(Chunks(lambda chunks: self._chunks(chunks, body, on_state)))

    def _chunks(self, chunks: Chunks, body: Json, on_state: OnState) -> Generator[Json]:
        with self._calling.open("/v1/chat/completions", body) as answer:
            try:
                yield from parse(self._lines(chunks, answer, on_state))
            except (Broken, OSError, http.client.HTTPException) as error:
                raise Unavailable("The hub broke off.") from error

    def _lines(
        self, chunks: Chunks, answer: http.client.HTTPResponse, on_state: OnState
    ) -> Iterator[bytes]:
        while line := answer.readline():
            chunks.check()
            state = self._state(line)
            if state is not None:
                on_state(state)
            yield line

    def _state(self, line: bytes) -> State | None:
        """What a comment tells of loading."""
        words = line.decode("utf-8", "replace").split()
        if len(words) != 4 or words[0] != ":" or words[1] not in list(Phase):
            return None
        from groundswell.ask.runtime import Mode

        return State(self._name, Mode.TEXT, Phase(words[1]), int(words[2]), int(words[3]))


def _path_of(name: str) -> str:
    return f"/v1/models/{quote(name, safe='/@:')}"
