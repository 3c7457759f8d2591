"""Frames that lie on disks since version 1 are read, and the format is what its page says."""

from __future__ import annotations

import pytest

from groundswell.core.errors import Malformed
from groundswell.wire.tensors import decode_frame, encode_frame, read_header
from tests.golden.tensor_frames.make import HERE, layout_of, samples
from tests.property.tensor_oracle import read_by_the_page

SAMPLES = samples()


def test_every_sample_has_its_frame() -> None:
    assert {path.stem for path in HERE.glob("*.frame")} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_kept_frame_is_read(name: str) -> None:
    layout, plain, base_layout, base = SAMPLES[name]
    frame = (HERE / f"{name}.frame").read_bytes()
    header, _ = read_header(frame)
    assert header.layout == layout_of(layout)
    assert header.base_layout == (layout_of(base_layout) if base_layout else None)
    assert header.base_bytes == len(base or b"")
    assert decode_frame(frame, base) == plain
    assert read_by_the_page(frame, base) == plain


@pytest.mark.parametrize("name", [name for name in SAMPLES if "-" in name])
def test_a_difference_is_read_against_its_base_alone(name: str) -> None:
    _, _, _, base = SAMPLES[name]
    assert base is not None
    frame = (HERE / f"{name}.frame").read_bytes()
    changed = bytearray(base)
    changed[-1] ^= 4  # of a float32 that is rounded the lowest bits do not count
    for wrong in (None, b"", base[:-4], base + base, bytes(changed)):
        with pytest.raises(Malformed):
            decode_frame(frame, wrong)


@pytest.mark.parametrize(
    ("name", "most"),
    [("bf16", 0.71), ("bf16-bf16", 0.28), ("f32-bf16", 0.81), ("q8_0", 0.97), ("q8_0-q8_0", 0.5)],
)
def test_frames_are_small(name: str, most: float) -> None:
    layout, plain, base_layout, base = SAMPLES[name]
    other = layout_of(base_layout) if base_layout else None
    assert len(encode_frame(plain, layout_of(layout), base, other)) < most * len(plain)
