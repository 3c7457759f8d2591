"""Frames as version 1 writes them: kept, so that what lies on disks today is read tomorrow.

``python -m tests.golden.tensor_frames.make`` wrote the ``.frame`` files on 23 November 2026 with
zstd 1.5.7. They are never written again: a later coder may write other bytes, but must read these.
"""

from __future__ import annotations

import random
import struct
from pathlib import Path

from groundswell.wire.tensors import encode_frame, layout_of_gguf, layout_of_safetensors

HERE = Path(__file__).parent
COUNT = 6_000


def floats(seed: int) -> list[float]:
    """Weights: of one size in the middle, now and then far from it."""
    dice = random.Random(seed)
    return [dice.gauss(0, 0.02) * (40 if dice.random() < 0.01 else 1) for _ in range(COUNT)]


def stepped(base: list[float], seed: int) -> list[float]:
    """The same after a short training."""
    dice = random.Random(seed)
    return [number + dice.gauss(0, 1e-4) for number in base]


def f32(numbers: list[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


def bf16(numbers: list[float]) -> bytes:
    octets = f32(numbers)
    return b"".join(octets[place + 2 : place + 4] for place in range(0, len(octets), 4))


def f16(numbers: list[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}e", *numbers)


def q8_0(numbers: list[float]) -> bytes:
    blocks = []
    for place in range(0, len(numbers) // 32 * 32, 32):
        some = numbers[place : place + 32]
        scale = max(map(abs, some)) / 127 or 1.0
        blocks.append(struct.pack("<e32b", scale, *(round(each / scale) for each in some)))
    return b"".join(blocks)


def samples() -> dict[str, tuple[str, bytes, str | None, bytes | None]]:
    """By name: layout, plain bytes, the base's layout, the base."""
    base = floats(1)
    tuned = stepped(base, 2)
    return {
        "bf16": ("BF16", bf16(base), None, None),
        "bf16-bf16": ("BF16", bf16(tuned), "BF16", bf16(base)),
        "bf16-f32": ("BF16", bf16(tuned), "F32", f32(base)),
        "f16-f16": ("F16", f16(tuned), "F16", f16(base)),
        "f32": ("F32", f32(base), None, None),
        "f32-bf16": ("F32", f32(tuned), "BF16", bf16(base)),
        "q8_0": ("Q8_0", q8_0(base), None, None),
        "q8_0-q8_0": ("Q8_0", q8_0(tuned), "Q8_0", q8_0(base)),
        "i64": ("I64", struct.pack("<512q", *range(-256, 256)), None, None),
    }


def layout_of(name: str):
    return layout_of_gguf(name) if name.startswith("Q") else layout_of_safetensors(name)


def main() -> None:
    for name, (layout, plain, base_layout, base) in samples().items():
        other = layout_of(base_layout) if base_layout else None
        frame = encode_frame(plain, layout_of(layout), base, other)
        (HERE / f"{name}.frame").write_bytes(frame)
        print(name, len(plain), len(frame))


if __name__ == "__main__":
    main()
