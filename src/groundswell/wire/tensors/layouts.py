"""What the bytes of a tensor are: numbers of one width, or blocks of quantised numbers.

Knows the types of safetensors and GGUF and the number under which a frame names each. Numbers are
never given to another layout: frames at rest name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Numbers:
    """Little-endian numbers of ``width_bytes`` (1, 2, 4 or 8).

    Those with ``exponent_bits`` are floating point: sign, exponent, mantissa from the highest bit.
    Without any they are integers, or numbers of which only the bytes are known.
    """

    code: int
    width_bytes: int
    exponent_bits: int = 0

    @property
    def record_bytes(self) -> int:
        """How many bytes belong together."""
        return self.width_bytes


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of one structure: fields of so many bytes each, in groups of so many that differ
    in significance (2 for a scale in half precision, 1 for packed numbers).

    ``is_packed`` says that several numbers share a byte: they are compared by XOR, since a
    difference would carry from one number into the next.
    """

    code: int
    fields: tuple[tuple[int, int], ...]
    is_packed: bool = True

    @property
    def record_bytes(self) -> int:
        """How many bytes belong together."""
        return sum(size for size, _ in self.fields)


Layout = Numbers | Blocks

BYTES: Final = Numbers(1, 1)
_I16: Final = Numbers(2, 2)
_I32: Final = Numbers(3, 4)
_I64: Final = Numbers(4, 8)
_BF16: Final = Numbers(8, 2, 8)
_F16: Final = Numbers(9, 2, 5)
_F32: Final = Numbers(10, 4, 8)
_F8_E5M2: Final = Numbers(11, 1, 5)
_F8_E4M3: Final = Numbers(12, 1, 4)

_SAFETENSORS: Final[Mapping[str, Numbers]] = {
    "BOOL": BYTES,
    "U8": BYTES,
    "I8": BYTES,
    "F8_E8M0": BYTES,
    "F8_E5M2": _F8_E5M2,
    "F8_E5M2FNUZ": _F8_E5M2,
    "F8_E4M3": _F8_E4M3,
    "F8_E4M3FNUZ": _F8_E4M3,
    "I16": _I16,
    "U16": _I16,
    "F16": _F16,
    "BF16": _BF16,
    "I32": _I32,
    "U32": _I32,
    "F32": _F32,
    "C64": _F32,
    "F64": _I64,
    "I64": _I64,
    "U64": _I64,
}

_GGUF: Final[Mapping[str, Layout]] = {
    "F32": _F32,
    "F16": _F16,
    "BF16": _BF16,
    "F64": _I64,
    "I8": BYTES,
    "I16": _I16,
    "I32": _I32,
    "I64": _I64,
    "Q4_0": Blocks(32, ((2, 2), (16, 1))),
    "Q4_1": Blocks(33, ((2, 2), (2, 2), (16, 1))),
    "Q5_0": Blocks(34, ((2, 2), (4, 1), (16, 1))),
    "Q5_1": Blocks(35, ((2, 2), (2, 2), (4, 1), (16, 1))),
    "Q8_0": Blocks(36, ((2, 2), (32, 1)), is_packed=False),
    "Q2_K": Blocks(37, ((16, 1), (64, 1), (2, 2), (2, 2))),
    "Q3_K": Blocks(38, ((32, 1), (64, 1), (12, 1), (2, 2))),
    "Q4_K": Blocks(39, ((2, 2), (2, 2), (12, 1), (128, 1))),
    "Q5_K": Blocks(40, ((2, 2), (2, 2), (12, 1), (32, 1), (128, 1))),
    "Q6_K": Blocks(41, ((128, 1), (64, 1), (16, 1), (2, 2))),
    "Q8_K": Blocks(42, ((4, 4), (256, 1), (32, 2)), is_packed=False),
    "IQ4_NL": Blocks(43, ((2, 2), (16, 1))),
    "MXFP4": Blocks(44, ((1, 1), (16, 1))),
}

LAYOUTS: Final[Mapping[int, Layout]] = {
    layout.code: layout for layout in (*_SAFETENSORS.values(), *_GGUF.values())
}
"""Every layout by its number."""


def layout_of_safetensors(dtype: str) -> Layout:
    """How numbers of that dtype lie; ``BYTES`` for those that share bytes."""
    return _SAFETENSORS.get(dtype, BYTES)


def layout_of_gguf(tensor_type: str) -> Layout:
    """How a tensor of that type lies; ``BYTES`` for types whose blocks are not known here."""
    return _GGUF.get(tensor_type, BYTES)


def is_base_for(base: Layout, layout: Layout) -> bool:
    """Whether numbers of ``layout`` may be written as a difference to numbers of ``base``."""
    return base == layout or {base, layout} == {_BF16, _F32}


def base_bytes(raw_bytes: int, layout: Layout, base: Layout) -> int:
    """How many bytes of the base stand against ``raw_bytes`` of the layout."""
    assert is_base_for(base, layout), "layouts that cannot be compared"
    return raw_bytes // layout.record_bytes * base.record_bytes
