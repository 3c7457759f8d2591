"""WAV: sound as numbers, written and read.

Knows RIFF's chunks, whole numbers of 8 to 32 bits and floats of 32, and makes one channel of
several. What a file says of itself is checked against its length. Knows no other format of sound.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from groundswell.core.errors import Malformed

Samples = npt.NDArray[np.float32]

RATE_MIN: Final = 4_000
RATE_MAX: Final = 192_000
CHANNELS_MAX: Final = 8
_CHUNKS_MAX: Final = 64
_WHERE: Final = "WAV"
_WHOLE: Final = 1
_FLOAT: Final = 3
_EXTENSIBLE: Final = 0xFFFE
_HEAD: Final = struct.Struct("<HHIIHH")
_HEAD_BYTES: Final = 44


@dataclass(frozen=True, slots=True)
class _Form:
    kind: int
    channels: int
    rate: int
    bits: int


def written(numbers: bytes, rate: int) -> bytes:
    """A file of one channel of numbers of 16 bits."""
    form = _HEAD.pack(_WHOLE, 1, rate, rate * 2, 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    head += b"data" + struct.pack("<I", len(numbers))
    return b"RIFF" + struct.pack("<I", len(head) + len(numbers)) + head + numbers


def numbers_of(samples: Samples) -> bytes:
    """Samples from -1 to 1 as numbers of 16 bits."""
    return (np.nan_to_num(samples).clip(-1, 1) * 32767).astype("<i2").tobytes()


def read(content: bytes) -> tuple[int, Samples]:
    """How many samples a second, and the samples of all channels together.

    Raises:
        Malformed: no WAV, a form that is not known, or one that is cut.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise Malformed(_WHERE, "it does not begin as RIFF and WAVE do")
    form: _Form | None = None
    start = 12
    for _ in range(_CHUNKS_MAX):
        name, size_bytes = content[start : start + 4], _number(content, start + 4)
        start += 8
        if name == b"fmt ":
            form = _form_of(content[start : start + size_bytes])
        elif name == b"data":
            if form is None:
                raise Malformed(_WHERE, "the samples come before their form")
            # Who writes while recording does not know the length, and writes the largest.
            return form.rate, _samples(form, content[start : start + size_bytes])
        start += size_bytes + size_bytes % 2
        if start >= len(content):
            break
    raise Malformed(_WHERE, "there are no samples in it")


def _number(content: bytes, start: int) -> int:
    if start + 4 > len(content):
        raise Malformed(_WHERE, "it is cut")
    return int.from_bytes(content[start : start + 4], "little")


def _form_of(head: bytes) -> _Form:
    if len(head) < _HEAD.size:
        raise Malformed(_WHERE, "its head is cut")
    kind, channels, rate, _, _, bits = _HEAD.unpack_from(head)
    if kind == _EXTENSIBLE and len(head) >= 26:
        kind = int.from_bytes(head[24:26], "little")
    is_known = (kind, bits) in {(_WHOLE, 8), (_WHOLE, 16), (_WHOLE, 24), (_WHOLE, 32), (_FLOAT, 32)}
    if not is_known:
        raise Malformed(_WHERE, "only PCM of 8 to 32 bits and floats of 32 are read")
    if not 1 <= channels <= CHANNELS_MAX or not RATE_MIN <= rate <= RATE_MAX:
        raise Malformed(_WHERE, f"{channels} channels at {rate} a second is nothing that is heard")
    return _Form(kind, channels, rate, bits)


def _samples(form: _Form, data: bytes) -> Samples:
    size_bytes = form.bits // 8
    count = len(data) // (size_bytes * form.channels) * form.channels
    data = data[: count * size_bytes]
    found: npt.NDArray[np.float32]
    if form.kind == _FLOAT:
        found = np.nan_to_num(np.frombuffer(data, "<f4").astype(np.float32))
    elif size_bytes == 1:
        found = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / np.float32(128)
    elif size_bytes == 3:
        triples = np.frombuffer(data, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(triples), 4), np.uint8)
        wide[:, 1:] = triples
        found = wide.view("<i4").ravel().astype(np.float32) / np.float32(2**31)
    else:
        found = np.frombuffer(data, f"<i{size_bytes}").astype(np.float32) / np.float32(
            2 ** (form.bits - 1)
        )
    mixed: Samples = found.reshape(-1, form.channels).mean(axis=1).clip(-1, 1).astype(np.float32)
    return mixed
