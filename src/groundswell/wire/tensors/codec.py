"""Between plain bytes and frames: numbers grouped by what is alike in them.

Knows three steps, each undone exactly: a difference to the base (on bit patterns in the order of
the numbers' values), grouping by exponent, and byte planes. The coder of ``frame`` does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from groundswell.wire.hashing import Octets
from groundswell.wire.tensors.frame import (
    FRAME_RAW_BYTES_MAX,
    FrameHeader,
    Streams,
    bad,
    pack_frame,
    read_header,
)
from groundswell.wire.tensors.layouts import Blocks, Layout, Numbers, base_bytes

_Bytes = npt.NDArray[np.uint8]
_Words = npt.NDArray[Any]  # unsigned, of the width of a layout
_Places = npt.NDArray[np.intp]

# Each further class saves less and costs as much time again (0008).
_CLASSES_ALONE: Final = 5
_CLASSES_AGAINST: Final = 4
# A class for fewer numbers costs more in tables than it gains.
_GROUPED_NUMBERS_MIN: Final = 4096
_UNSIGNED: Final[Mapping[int, np.dtype[Any]]] = {
    1: np.dtype("<u1"),
    2: np.dtype("<u2"),
    4: np.dtype("<u4"),
    8: np.dtype("<u8"),
}
_SIGNED: Final[Mapping[int, np.dtype[Any]]] = {
    1: np.dtype("<i1"),
    2: np.dtype("<i2"),
    4: np.dtype("<i4"),
    8: np.dtype("<i8"),
}


def encode_frame(
    plain: Octets, layout: Layout, base: Octets | None = None, base_layout: Layout | None = None
) -> bytes:
    """The frame of up to 4 MiB of whole numbers or blocks.

    With a ``base`` (of ``base_layout``, by default the same) only what differs is written, and
    decoding takes the same bytes of the base again.
    """
    assert 0 < len(plain) <= FRAME_RAW_BYTES_MAX, "a frame holds 1 byte to 4 MiB"
    assert len(plain) % layout.record_bytes == 0, "a frame holds whole records"
    octets = np.frombuffer(plain, dtype=np.uint8)
    digest = blake3(plain).digest()
    other: _Bytes | None = None
    if base is None:
        base_layout = None
    else:
        base_layout = base_layout or layout
        assert len(base) == base_bytes(len(plain), layout, base_layout), "a base of another size"
        other = np.frombuffer(base, dtype=np.uint8)
    if isinstance(layout, Blocks):
        streams = _block_streams(octets, other, layout)
        return pack_frame(FrameHeader(layout, base_layout, 1, 0, len(plain), digest), streams)
    words = octets.view(_UNSIGNED[layout.width_bytes])
    against = None if other is None else _converted(other, base_layout, layout)
    turned = _turned(words, layout) if against is None else _difference(words, against, layout)
    keys = _keys(turned if against is None else _turned(against, layout), layout)
    if other is None:
        classes_max = 1 if layout.width_bytes == 1 else _CLASSES_ALONE
    else:
        classes_max = _CLASSES_AGAINST
    classes, pivot = _grouping(keys, classes_max)
    header = FrameHeader(layout, base_layout, classes, pivot, len(plain), digest)
    return pack_frame(header, _number_streams(turned, keys, header))


def decode_frame(frame: Octets, base: Octets | None = None) -> bytearray:
    """The plain bytes of a frame, checked against the hash in it.

    ``base`` is what ``encode_frame`` was given; a frame without a base takes none.

    Raises:
        Malformed: the frame is broken, or the base is not the one that it was made against.
    """
    header, count = read_header(frame)
    if header.base_bytes != len(base or b""):
        bad("its base is missing or has another size")
    other = None if base is None or not base else np.frombuffer(base, dtype=np.uint8)
    streams = Streams(frame, count)
    layout = header.layout
    plain = bytearray(header.raw_bytes)
    target = np.frombuffer(plain, dtype=np.uint8)
    if isinstance(layout, Blocks):
        _read_blocks(streams, target, layout, other)
    else:
        against = None if other is None else _converted(other, header.base_layout, layout)
        words = target.view(_UNSIGNED[layout.width_bytes])
        _read_numbers(streams, words, header, layout, against)
    streams.end()
    if blake3(plain).digest() != header.plain_hash:
        bad("the bytes do not have the hash stated, or the base is another")
    return plain


# --- numbers ------------------------------------------------------------------------------------


def _number_streams(turned: _Words, keys: _Bytes, header: FrameHeader) -> list[bytes]:
    """Planes from the most significant, class by class; the first as it is when it is the key."""
    width = turned.dtype.itemsize
    streams: list[bytes] = []
    top = width
    if header.base_layout is None:
        top -= 1
        streams.append(_plane(turned, top).tobytes())
    if header.classes == 1:
        return streams + [_plane(turned, each).tobytes() for each in range(top - 1, -1, -1)]
    for places in _places(keys, header):
        group = turned[places]
        streams += [_plane(group, each).tobytes() for each in range(top - 1, -1, -1)]
    return streams


def _read_numbers(
    streams: Streams, words: _Words, header: FrameHeader, layout: Numbers, against: _Words | None
) -> None:
    width = layout.width_bytes
    count = len(words)
    top = width
    if against is None:
        top -= 1
        first = np.frombuffer(streams.take(count), dtype=np.uint8)
        words[:] = first
        words <<= 8 * top
        keys = _keys(words, layout)
    else:
        keys = _keys(_turned(against, layout), layout)
    if header.classes == 1:
        words |= _merged(streams, words.dtype, count, top)
    else:
        lower = np.zeros(count, dtype=_UNSIGNED[_power_of_two(top)])
        for places in _places(keys, header):
            lower[places] = _merged(streams, lower.dtype, len(places), top)
        words |= lower
    if against is None:
        _turn_back(words, layout)
    else:
        _add(words, against, layout)


def _merged(streams: Streams, dtype: np.dtype[Any], count: int, top: int) -> _Words:
    """The lower ``top`` planes of so many numbers, put together."""
    words: _Words = np.zeros(count, dtype=dtype)
    for each in range(top - 1, -1, -1):
        plane = np.frombuffer(streams.take(count), dtype=np.uint8)
        if each == 0:
            words |= plane
        elif plane.any():  # the upper planes of most differences are empty
            words |= plane.astype(dtype) << dtype.type(8 * each)
    return words


def _power_of_two(count: int) -> int:
    """The least of 1, 2, 4, 8 that is not below."""
    return 1 << (count - 1).bit_length() if count else 1


def _plane(words: _Words, number: int) -> _Bytes:
    """Byte ``number`` of each, counted from the least significant."""
    plane: _Bytes = (words >> words.dtype.type(8 * number)).astype(np.uint8)
    return plane


def _turned(words: _Words, layout: Numbers) -> _Words:
    """The sign moved from the highest bit to the lowest, so that the exponent fills a byte."""
    if not layout.exponent_bits:
        return words
    one, last = words.dtype.type(1), words.dtype.type(8 * layout.width_bytes - 1)
    turned: _Words = (words << one) | (words >> last)
    return turned


def _turn_back(words: _Words, layout: Numbers) -> None:
    if layout.exponent_bits:
        one, last = words.dtype.type(1), words.dtype.type(8 * layout.width_bytes - 1)
        signs = words << last
        words >>= one
        words |= signs


def _ordered(words: _Words, layout: Numbers) -> npt.NDArray[Any]:
    """Integers in the order of the numbers' values. Its own inverse."""
    values = words.view(_SIGNED[layout.width_bytes])
    if not layout.exponent_bits:
        return values
    last = values.dtype.type(8 * layout.width_bytes - 1)
    flips = values >> last
    flips &= np.iinfo(values.dtype).max
    flips ^= values
    steps: _Words = flips
    return steps


def _difference(words: _Words, against: _Words, layout: Numbers) -> _Words:
    """How many steps of the format each is from the base: 0, 1 below, 1 above, 2 below."""
    steps = _ordered(words, layout) - _ordered(against, layout)
    one, last = steps.dtype.type(1), steps.dtype.type(8 * layout.width_bytes - 1)
    result: _Words = ((steps << one) ^ (steps >> last)).view(words.dtype)
    return result


def _add(words: _Words, against: _Words, layout: Numbers) -> None:
    """Turn such steps into the numbers, in place."""
    one = words.dtype.type(1)
    signs = words & one
    np.negative(signs, out=signs)
    words >>= one
    words ^= signs
    words += _ordered(against, layout).view(words.dtype)
    if layout.exponent_bits:
        words[:] = _ordered(words, layout).view(words.dtype)


def _keys(turned: _Words, layout: Numbers) -> _Bytes:
    """The exponent of each; nothing where numbers have none."""
    if not layout.exponent_bits:
        return np.zeros(0, dtype=np.uint8)
    shift = turned.dtype.type(8 * layout.width_bytes - layout.exponent_bits)
    keys: _Bytes = (turned >> shift).astype(np.uint8)
    return keys


def _grouping(keys: _Bytes, classes: int) -> tuple[int, int]:
    """How many classes, and the exponent of the first: a 16th of the numbers lies above it."""
    if classes == 1 or len(keys) < _GROUPED_NUMBERS_MIN:
        return 1, 0
    above = np.cumsum(np.bincount(keys, minlength=256)[::-1])
    return classes, 255 - int(np.searchsorted(above, len(keys) // 16))


def _places(keys: _Bytes, header: FrameHeader) -> list[_Places]:
    """Where the numbers of each class are: by exponent from the pivot down, the rest in the last.

    Numbers of one exponent have differences of one size, and mantissas of one spread.
    """
    if not len(keys):
        bad("it groups numbers that have no exponent")
    last = header.pivot - header.classes + 1
    wanted = [keys >= header.pivot]
    wanted += [keys == key for key in range(header.pivot - 1, last, -1) if key >= 0]
    wanted += [np.zeros(0, dtype=bool)] * (header.classes - 1 - len(wanted))
    wanted.append(keys <= last if last >= 0 else np.zeros(0, dtype=bool))
    return [np.flatnonzero(each) for each in wanted]


# --- blocks -------------------------------------------------------------------------------------


def _block_streams(octets: _Bytes, other: _Bytes | None, layout: Blocks) -> list[bytes]:
    if other is not None:
        octets = octets ^ other if layout.is_packed else octets - other
    table = octets.reshape(-1, layout.record_bytes)
    streams = []
    place = 0
    for size, width in layout.fields:
        columns = (table[:, place + each : place + size : width] for each in range(width))
        streams += [column.tobytes() for column in columns]
        place += size
    return streams


def _read_blocks(streams: Streams, target: _Bytes, layout: Blocks, other: _Bytes | None) -> None:
    table = target.reshape(-1, layout.record_bytes)
    place = 0
    for size, width in layout.fields:
        for each in range(width):
            column = table[:, place + each : place + size : width]
            stream = np.frombuffer(streams.take(column.size), dtype=np.uint8)
            column[:] = stream.reshape(column.shape)
        place += size
    if other is not None:
        if layout.is_packed:
            target ^= other
        else:
            target += other


def _converted(other: _Bytes, base_layout: Layout | None, layout: Numbers) -> _Words:
    """The base's numbers in the width of the layout: bfloat16 is the upper half of a float32."""
    assert isinstance(base_layout, Numbers), "numbers are compared with numbers"
    words = other.view(_UNSIGNED[base_layout.width_bytes])
    if base_layout == layout:
        return words
    if base_layout.width_bytes < layout.width_bytes:
        return words.astype(np.uint32) << np.uint32(16)
    odd = (words >> np.uint32(16)) & np.uint32(1)
    return ((words + np.uint32(0x7FFF) + odd) >> np.uint32(16)).astype(np.uint16)
