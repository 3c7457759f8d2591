"""A reader of tensor frames written from docs/formats/tensor-frame.md alone, number by number."""

from __future__ import annotations

import struct
from typing import Any

import zstandard
from blake3 import blake3

NUMBERS = {
    1: (1, 0),
    2: (2, 0),
    3: (4, 0),
    4: (8, 0),
    8: (2, 8),
    9: (2, 5),
    10: (4, 8),
    11: (1, 5),
    12: (1, 4),
}
BLOCKS = {
    32: "2x2 16x1",
    33: "2x2 2x2 16x1",
    34: "2x2 4x1 16x1",
    35: "2x2 2x2 4x1 16x1",
    36: "2x2 32x1",
    37: "16x1 64x1 2x2 2x2",
    38: "32x1 64x1 12x1 2x2",
    39: "2x2 2x2 12x1 128x1",
    40: "2x2 2x2 12x1 32x1 128x1",
    41: "128x1 64x1 16x1 2x2",
    42: "4x4 256x1 32x2",
    43: "2x2 16x1",
    44: "1x1 16x1",
}


def read_by_the_page(frame: Any, base: Any = None) -> bytes:
    """The plain bytes of a frame that is sound."""
    magic, version, layout, base_layout, classes, pivot, reserved, count, size, digest = (
        struct.unpack_from("<4s6BHI32s", frame)
    )
    assert (magic, version, reserved) == (b"GSTF", 1, 0)
    place = 48 + 8 * count
    streams = []
    for number in range(count):
        entry, raw = struct.unpack_from("<II", frame, 48 + 8 * number)
        body = frame[place : place + (entry & 0xFFFFFFF)]
        place += len(body)
        kind = entry >> 28
        if kind == 1:
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        streams.append(body * raw if kind == 2 else body)
        assert len(streams[-1]) == raw
    assert place == len(frame)
    if layout in BLOCKS:
        plain = _blocks(streams, layout, size, base)
    else:
        plain = _numbers(streams, layout, base_layout, (classes, pivot), size, base)
    assert blake3(plain).digest() == digest
    return plain


def _blocks(streams: Any, layout: int, size: int, base: Any) -> bytes:
    fields = [tuple(map(int, field.split("x"))) for field in BLOCKS[layout].split()]
    record = sum(length for length, _ in fields)
    plain = bytearray(size)
    left = list(streams)
    place = 0
    for length, width in fields:
        for each in range(width):
            stream = iter(left.pop(0))
            for block in range(0, size, record):
                for offset in range(place + each, place + length, width):
                    plain[block + offset] = next(stream)
        place += length
    assert not left
    if base is None:
        return bytes(plain)
    if layout in {36, 42}:
        return bytes((mine + other) % 256 for mine, other in zip(plain, base, strict=True))
    return bytes(mine ^ other for mine, other in zip(plain, base, strict=True))


def _words(octets: Any, width: int) -> list[int]:
    return [
        int.from_bytes(octets[place : place + width], "little")
        for place in range(0, len(octets), width)
    ]


def _numbers(
    streams: Any, layout: int, base_layout: int, grouping: Any, size: int, base: Any
) -> bytes:
    width, exponent = NUMBERS[layout]
    bits = 8 * width
    count = size // width
    classes, pivot = grouping
    left = list(streams)
    words = [0] * count
    top = width
    keys = [0] * count
    against: list[int] = []
    if base_layout:
        against = _words(base, NUMBERS[base_layout][0])
        if (layout, base_layout) == (10, 8):
            against = [each << 16 for each in against]
        if (layout, base_layout) == (8, 10):
            against = [(x + 0x7FFF + (x >> 16 & 1)) % 2**32 >> 16 for x in against]
        if exponent:
            keys = [each % 2 ** (bits - 1) >> (bits - 1 - exponent) for each in against]
    else:
        top -= 1
        words = [each << 8 * top for each in left.pop(0)]
        if exponent:
            keys = [each >> (bits - exponent) for each in words]
    groups: list[list[int]] = [[] for _ in range(classes)]
    for place, key in enumerate(keys):
        groups[min(max(pivot - key, 0), classes - 1) if classes > 1 else 0].append(place)
    for group in groups:
        for plane in reversed(range(top)):
            for place, octet in zip(group, left.pop(0), strict=True):
                words[place] |= octet << 8 * plane
    assert not left
    return b"".join(
        _number(word, against[place] if base_layout else None, bits, exponent).to_bytes(
            width, "little"
        )
        for place, word in enumerate(words)
    )


def _ordered(number: int, bits: int) -> int:
    return number ^ (2 ** (bits - 1) - 1) if number >> (bits - 1) else number


def _number(word: int, against: int | None, bits: int, exponent: int) -> int:
    if against is None:
        return word >> 1 | (word & 1) << (bits - 1) if exponent else word
    steps = word >> 1 if word % 2 == 0 else -(word + 1) >> 1
    if not exponent:
        return (against + steps) % 2**bits
    return _ordered((_ordered(against, bits) + steps) % 2**bits, bits)
