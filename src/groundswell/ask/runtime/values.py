"""What a model is to the runtime, and what comes of asking it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from groundswell.ask.conversion import Making
from groundswell.ask.derivatives import HubFile
from groundswell.core.values import RepoId

Json = dict[str, Any]
Message = Mapping[str, Any]


class Mode(StrEnum):
    """What a runner is started for: llama.cpp does one of them at a time."""

    TEXT = "text"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the header of a model says, as far as it matters for running it."""

    architecture: str
    quantisation: str
    parameter_count: int
    context_tokens: int
    kv_bytes_per_token: int
    chat_template: str | None
    is_adapter: bool
    writes_text: bool
    reranks: bool
    head_width: int = 0


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter over a model: a file, or what is made of one."""

    name: str
    file: HubFile | None
    scale: float = 1.0
    making: Making | None = None

    @property
    def content(self) -> str:
        """What a runner has to load."""
        if self.making is not None:
            return self.making.key
        assert self.file is not None
        return self.file.sha256


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model that was found for somebody, down to its bytes. Rights were decided when it was
    found: find it again for each request.

    ``name`` is ``org/name@commit:file``: it means the same bytes for ever. ``explanation`` says in
    a sentence why this file, ``notes`` what else people should know of the repository's files.
    ``making`` tells how the file is made of others, where it is.
    """

    name: str
    repo_id: RepoId | None
    commit: str
    file: str
    files: tuple[HubFile, ...]
    facts: Facts
    context_tokens: int
    adapters: tuple[Adapter, ...] = ()
    explanation: str = ""
    notes: tuple[str, ...] = ()
    remote: str | None = None
    making: Making | None = None

    @property
    def size_bytes(self) -> int:
        """Of all its files."""
        if self.making is not None:
            return self.making.size_bytes
        return sum(file.size_bytes for file in self.files)

    @property
    def content(self) -> tuple[str, ...]:
        """The sha256 of each file, or the key of what is made, adapters last: what a runner has to
        load.
        """
        own = tuple(file.sha256 for file in self.files)
        own = own if self.making is None else (self.making.key,)
        return own + tuple(adapter.content for adapter in self.adapters)


@dataclass(frozen=True, slots=True)
class Timing:
    """How an answer went. ``first_token_seconds`` counts from the request, loading included;
    ``loading_seconds`` is that part of it.
    """

    first_token_seconds: float
    loading_seconds: float
    tokens_per_second: float
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer. The last one has ``finish`` and ``timing``.

    ``finish`` is "stop" (the model ended), "length" (so many tokens) or "time" (so many seconds).
    """

    text: str = ""
    finish: str | None = None
    timing: Timing | None = None


class Phase(StrEnum):
    """How far a model is."""

    FETCHING = "fetching"
    CONVERTING = "converting"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class State:
    """A model that is in memory, or on its way there. ``peak_bytes`` is the most that its process
    had in memory.
    """

    name: str
    mode: Mode
    phase: Phase
    done_bytes: int = 0
    total_bytes: int = 0
    users: int = 0
    idle_seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What running models may take; each is a setting of the hub. ``memory_bytes`` 0 means what is
    free, ``threads`` 0 a core fewer than there are; ``by`` says who may: nobody, users, everybody.
    """

    by: str = "users"
    models: int = 2
    memory_bytes: int = 0
    idle_seconds: float = 600.0
    context_tokens: int = 4096
    slots: int = 2
    waiting: int = 8
    threads: int = 0
    answer_seconds: float = 300.0
    answer_tokens: int = 4096
    load_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Request:
    """What a runner is asked, in its own words: only keys that were checked (`asking`)."""

    path: str
    body: Json = field(default_factory=dict)
