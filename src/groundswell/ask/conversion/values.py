"""What a model in safetensors is to its conversion, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import BadRequest
from groundswell.wire.gguf_writing import Value

Json = Mapping[str, Any]

INSTEAD: Final = "Upload it as GGUF (convert_hf_to_gguf.py of llama.cpp makes one) to run it here."


def refusal(why: str) -> BadRequest:
    """Why a folder is not converted, and what helps."""
    return BadRequest(f"This model cannot be converted: {why}. {INSTEAD}")


@dataclass(frozen=True, slots=True)
class Part:
    """A tensor that an architecture has: its name there and here, and the shape it must have.

    ``head_rows``: so many rows belong to one head, whose halves are put together row by row, as
    llama.cpp turns them. ``add`` is added to each number.
    """

    source: str
    target: str
    shape: tuple[int, ...]
    is_optional: bool = False
    head_rows: int = 0
    add: float = 0.0


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What llama.cpp has to be told of a model, its tokens aside.

    ``ignored`` are beginnings and ends of names whose tensors take no part; ``made`` are tensors
    that are computed from the configuration.
    """

    architecture: str
    pairs: Mapping[str, Value]
    parts: tuple[Part, ...]
    ignored: tuple[str, ...]
    vocabulary_size: int
    layers: int
    made: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of a tensor lie in a file."""

    file: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Work:
    """One tensor of the file that is made: from where, as what. ``shape`` is as in safetensors:
    rows first. ``numbers`` are of a tensor that is computed and lies nowhere.
    """

    target: str
    shape: tuple[int, ...]
    type: str
    part: Part | None = None
    place: Place | None = None
    numbers: tuple[float, ...] = ()
