"""WAV: what is written is read, in every form, and what lies is refused."""

import struct

import numpy as np
import pytest

from groundswell.core.errors import Malformed
from groundswell.wire import wav

TONE = np.sin(np.arange(1_600) / 10).astype(np.float32) * np.float32(0.5)


def file(kind: int, bits: int, data: bytes, channels: int = 1, rate: int = 16_000) -> bytes:
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * block, block, bits)
    parts = b"".join(
        name + struct.pack("<I", len(each)) + each + bytes(len(each) % 2)
        for name, each in ((b"fmt ", form), (b"LIST", b"odd"), (b"data", data))
    )
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WAVE" + parts


def test_what_is_written_is_read() -> None:
    rate, samples = wav.read(wav.written(wav.numbers_of(TONE), 22_050))
    assert rate == 22_050
    assert np.abs(samples - TONE).max() < 1e-4


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_whole_numbers(bits: int) -> None:
    wide = np.round(TONE.astype(np.float64) * (2 ** (bits - 1) - 1)).astype("<i4")
    if bits == 8:
        data = (wide + 128).astype(np.uint8).tobytes()
    else:
        data = wide.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()
    _, samples = wav.read(file(1, bits, data))
    assert np.abs(samples - TONE).max() < 0.02


def test_floats_and_channels() -> None:
    both = np.stack([TONE, -TONE], axis=1)
    _, samples = wav.read(file(3, 32, both.astype("<f4").tobytes(), channels=2))
    assert np.abs(samples).max() < 1e-6
    wild = np.array([np.nan, np.inf, -np.inf, 7], "<f4")
    _, samples = wav.read(file(3, 32, wild.tobytes()))
    assert samples.tolist() == [0, 1, -1, 1]
    _, samples = wav.read(file(1, 16, b"abc"))
    assert len(samples) == 1, "half a sample is none"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF1234WAVE",
        b"RIFF1234WAVEfmt ",
        file(1, 16, b"")[:30],
        file(7, 8, b"ab"),
        file(1, 16, b"ab", channels=0),
        file(1, 16, b"ab", channels=200),
        file(1, 16, b"ab", rate=1),
        file(1, 12, b"ab"),
        file(1, 16, b"ab").replace(b"fmt ", b"fmt!"),
        b"RIFF1234WAVE" + b"JUNK\0\0\0\0" * 5_000,
    ],
)
def test_what_is_no_sound(content: bytes) -> None:
    with pytest.raises(Malformed):
        wav.read(content)


def test_any_bytes_are_read_or_refused() -> None:
    """Each byte of a good file changed, and each length of it."""
    good = bytearray(file(1, 16, bytes(range(64))))
    for at in range(len(good)):
        for value in (0, 255):
            bad = bytes(good[:at]) + bytes([value]) + bytes(good[at + 1 :])
            for content in (bad, bytes(good[:at])):
                try:
                    rate, samples = wav.read(content)
                except Malformed:
                    continue
                assert wav.RATE_MIN <= rate <= wav.RATE_MAX
                assert len(samples) <= 64
