"""Which tensor is kept as what: llama.cpp's own rules, and what that takes.

Knows names, shapes and block sizes. Reads no numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from groundswell.ask.conversion.values import refusal
from groundswell.wire.gguf_types import FILE_TYPES, TENSOR_TYPES

_NUMBERS: Final[Mapping[str, int]] = {name: number for number, name in TENSOR_TYPES.items()}
_FILE_NUMBERS: Final[Mapping[str, int]] = {name: number for number, name in FILE_TYPES.items()}

# Weights in a block of each type, and its bytes.
_BLOCKS: Final[Mapping[str, tuple[int, int]]] = {
    "F32": (1, 4),
    "F16": (1, 2),
    "Q4_0": (32, 18),
    "Q5_0": (32, 22),
    "Q5_1": (32, 24),
    "Q8_0": (32, 34),
    "Q4_K": (256, 144),
    "Q5_K": (256, 176),
    "Q6_K": (256, 210),
}
# What a row becomes whose length the type does not divide.
_INSTEAD: Final = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
_BASES: Final[Mapping[str, str]] = {
    "F16": "F16",
    "Q8_0": "Q8_0",
    "Q6_K": "Q6_K",
    "Q5_K_M": "Q5_K",
    "Q4_K_M": "Q4_K",
    "Q4_0": "Q4_0",
}
QUANTISATIONS: Final = tuple(_BASES)
_NEVER: Final = ("_norm.weight", "position_embd.weight", "token_types.weight")
_HUGE_LAYERS: Final = 80


@dataclass(frozen=True, slots=True)
class Model:
    """What the rules ask of a model."""

    architecture: str
    layers: int
    has_output: bool
    shares_heads: bool


def type_of(target: str, shape: tuple[int, ...], quantisation: str, model: Model) -> str:
    """The type of one tensor; ``shape`` has the row's length last."""
    if len(shape) < 2 or target.endswith(_NEVER) or not target.endswith(".weight"):
        return "F32"
    wanted = _wanted(target, quantisation, model)
    row = shape[-1]
    is_end = target == "output.weight" or (target == "token_embd.weight" and not model.has_output)
    if is_end and wanted not in {"F16", "Q8_0"}:
        wanted = "Q6_K"
    if row % _BLOCKS[wanted][0]:
        wanted = _INSTEAD.get(wanted, wanted)
    return wanted if row % _BLOCKS[wanted][0] == 0 else "F16"


def _wanted(target: str, quantisation: str, model: Model) -> str:
    base = _BASES[quantisation]
    if not quantisation.endswith("_K_M") or not target.startswith("blk."):
        return base
    number, _, name = target.removeprefix("blk.").partition(".")
    layer = int(number)
    if name == "attn_v.weight":
        kept = "Q6_K" if _has_more_bits(layer, model.layers) else base
        is_huge = model.architecture == "llama" and model.layers == _HUGE_LAYERS
        return "Q5_K" if kept == "Q4_K" and is_huge and model.shares_heads else kept
    if name == "ffn_down.weight":
        return "Q6_K" if _has_more_bits(layer, model.layers) else base
    return base


def _has_more_bits(layer: int, layers: int) -> bool:
    """The first and last layers, and every third between."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def size_of(shape: tuple[int, ...], kind: str) -> int:
    """What a tensor takes."""
    block, size_bytes = _BLOCKS[kind]
    count = math.prod(shape)
    if count % block:
        raise refusal("a tensor's rows do not fit into blocks")
    return count // block * size_bytes


def number_of(kind: str) -> int:
    """How GGUF numbers a type."""
    return _NUMBERS[kind]


def file_number_of(quantisation: str) -> int:
    """How GGUF numbers what most of a file is."""
    return _FILE_NUMBERS[quantisation]
