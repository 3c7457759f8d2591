"""Whatever the numbers are, a frame gives them back; whatever a frame says, it harms nobody."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.core.errors import Malformed
from groundswell.wire.tensors import (
    FRAME_RAW_BYTES_MAX,
    FrameHeader,
    decode_frame,
    encode_frame,
    is_base_for,
    read_header,
)
from groundswell.wire.tensors.codec import _places
from groundswell.wire.tensors.layouts import LAYOUTS
from tests.property.tensor_oracle import read_by_the_page

PAIRS = [
    (layout, base)
    for layout in LAYOUTS.values()
    for base in (None, *LAYOUTS.values())
    if base is None or is_base_for(base, layout)
]
# Above 4096 numbers they are grouped.
COUNTS = st.sampled_from([1, 2, 31, 4095, 4096, 5001])


def octets(seed: int, size: int) -> bytes:
    """From all alike to all different, as seeds go."""
    dice = random.Random(seed)
    if seed % 3 == 0:
        return bytes([seed % 256]) * size
    if seed % 3 == 1:
        return dice.randbytes(size)
    few = dice.randbytes(5)
    return bytes(dice.choices(few, k=size))


def near(base: bytes, seed: int) -> bytes:
    dice = random.Random(seed)
    changed = bytearray(base)
    for _ in range(len(base) // 4):
        place = dice.randrange(len(base))
        changed[place] = (changed[place] + dice.choice((-1, 1, 128))) % 256
    return bytes(changed)


@pytest.mark.parametrize(("layout", "base_layout"), PAIRS, ids=str)
@given(count=COUNTS, seed=st.integers(0, 1000), alike=st.booleans())
@settings(max_examples=12, deadline=None)
def test_numbers_come_back(
    layout: Any, base_layout: Any, count: int, seed: int, alike: bool
) -> None:
    plain = octets(seed, count * layout.record_bytes)
    base = None
    if base_layout is not None:
        base = near(plain, seed) if alike else octets(seed + 1, len(plain))
        base = base.ljust(count * base_layout.record_bytes, b"x")[
            : count * base_layout.record_bytes
        ]
    frame = encode_frame(plain, layout, base, base_layout)
    assert decode_frame(frame, base) == plain
    assert decode_frame(memoryview(bytearray(frame)), base) == plain
    assert len(frame) < len(plain) * 1.01 + 48 + 8 * 40


@pytest.mark.parametrize(("layout", "base_layout"), PAIRS, ids=str)
def test_the_page_describes_what_is_written(layout: Any, base_layout: Any) -> None:
    plain = octets(5, 4200 * layout.record_bytes)
    base = None if base_layout is None else octets(8, 4200 * base_layout.record_bytes)
    frame = encode_frame(plain, layout, base, base_layout)
    assert read_by_the_page(frame, base) == plain


def test_the_largest_frame_comes_back() -> None:
    plain = octets(2, FRAME_RAW_BYTES_MAX)
    frame = encode_frame(plain, LAYOUTS[10])
    assert decode_frame(frame) == plain


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: b"GSTF\x01" + tail))
def test_any_bytes_are_read_or_malformed(frame: bytes) -> None:
    with contextlib.suppress(Malformed):
        decode_frame(frame)
    with contextlib.suppress(Malformed):
        decode_frame(frame, frame)


FRAMES = [
    (
        encode_frame(
            octets(seed, 4300 * layout.record_bytes),
            layout,
            base and octets(4, 4300 * base.record_bytes),
            base,
        ),
        base and octets(4, 4300 * base.record_bytes),
    )
    for seed in (2, 5)
    for layout, base in PAIRS
    if layout.code in {8, 10, 12, 32, 36, 4}
]


@given(
    st.sampled_from(FRAMES),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=3),
    st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_a_broken_frame_gives_no_wrong_byte(
    sample: Any, flips: list[tuple[int, int]], in_head: bool
) -> None:
    frame, base = sample
    _, count = read_header(frame)
    plain = decode_frame(frame, base)
    broken = bytearray(frame)
    for place, mask in flips:
        broken[place % (48 + 8 * count if in_head else len(frame))] ^= mask
    try:
        found = decode_frame(broken, base)
    except Malformed:
        return
    assert found == plain  # a bit that means nothing, such as one of the pivot's


@given(st.sampled_from(FRAMES), st.integers(0, 10**6))
@settings(deadline=None)
def test_a_frame_cut_off_or_followed_by_more_is_malformed(sample: Any, place: int) -> None:
    frame, base = sample
    for wrong in (frame[: place % len(frame)], frame + b"\0"):
        with pytest.raises(Malformed):
            decode_frame(wrong, base)


@given(st.integers(0, 255), st.integers(2, 16), st.integers(0, 2**32))
def test_classes_are_those_of_the_page(pivot: int, classes: int, seed: int) -> None:
    keys = np.frombuffer(random.Random(seed).randbytes(3_000), np.uint8)
    header = FrameHeader(LAYOUTS[8], None, classes, pivot, 2, bytes(32))
    found = {place: number for number, each in enumerate(_places(keys, header)) for place in each}
    expected = [min(max(pivot - key, 0), classes - 1) for key in keys.tolist()]
    assert [found[place] for place in range(len(keys))] == expected
