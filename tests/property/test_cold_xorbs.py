"""Whatever bytes a cold file has, reading it gives what was written or Malformed."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.core.errors import Malformed
from groundswell.wire.cold_xorb import (
    MAGIC,
    ColdXorb,
    ColdXorbBuilder,
    read_cold_xorb,
    virtual_index,
)
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.tensors import BYTES, encode_frame
from groundswell.wire.xorb import Scheme, XorbBuilder


def made() -> tuple[bytes, Any, list[tuple[int, int, bytes | None, int]]]:
    """A cold xorb, its index, and its pieces (frame bytes, raw bytes, base, start)."""
    dice = random.Random(5)
    xorb = XorbBuilder(Scheme.LZ4)
    chunks = [bytes(dice.choices(b"abc", k=dice.randrange(8_192, 90_000))) for _ in range(9)]
    for chunk in chunks:
        xorb.add(chunk)
    index = xorb.finish()
    raw = b"".join(chunks)
    builder = ColdXorbBuilder(index)
    octets = bytearray(builder.head)
    pieces = []
    bases = (None, b"\1" * 32, b"\2" * 32, b"\1" * 32)
    cuts = [0, 100, 100_000, 100_001, len(raw)]
    for start, stop, base in zip(cuts, cuts[1:], bases, strict=False):
        frame = encode_frame(raw[start:stop], BYTES)
        octets += builder.add(frame, stop - start, base, start if base else 0)
        pieces.append((len(frame), stop - start, base, start if base else 0))
    octets += builder.finish()
    return bytes(octets), index, pieces


OCTETS, INDEX, PIECES = made()


def read(octets: bytes) -> ColdXorb:
    def read_at(offset: int, size: int) -> bytes:
        assert 0 <= offset <= offset + size <= len(octets)
        return octets[offset : offset + size]

    return read_cold_xorb(read_at, len(octets))


def test_what_was_written_is_read() -> None:
    cold = read(OCTETS)
    assert cold.index == virtual_index(INDEX)
    assert cold.index.xorb_hash == INDEX.xorb_hash
    assert cold.index.physical_bytes == INDEX.raw_bytes + 8 * len(INDEX)
    assert cold.bases == (hash_to_hex(b"\1" * 32), hash_to_hex(b"\2" * 32))
    assert [(p.frame_bytes, p.raw_bytes) for p in cold.pieces] == [each[:2] for each in PIECES]
    assert [p.base for p in cold.pieces] == [None, 0, 1, 0]
    assert cold.pieces[0].frame_start == len(MAGIC)


@given(st.integers(0, INDEX.raw_bytes - 1), st.integers(1, INDEX.raw_bytes))
def test_a_range_is_held_by_its_pieces(start: int, size: int) -> None:
    cold = read(OCTETS)
    stop = min(start + size, INDEX.raw_bytes)
    found = cold.pieces_of(start, stop)
    meets = [p for p in cold.pieces if p.raw_start < stop and p.raw_start + p.raw_bytes > start]
    assert list(found) == meets


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda some: MAGIC + some + MAGIC))
def test_any_bytes_are_read_or_malformed(octets: bytes) -> None:
    with contextlib.suppress(Malformed):
        read(octets)


@given(st.integers(0, 10**6), st.integers(1, 255), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_changed_table_is_malformed(place: int, mask: int, cuts: bool) -> None:
    frames_end = len(MAGIC) + sum(size for size, *_ in PIECES)
    broken = bytearray(OCTETS)
    broken[frames_end + place % (len(OCTETS) - frames_end)] ^= mask
    wrong = OCTETS[: place % len(OCTETS)] if cuts else bytes(broken)
    try:
        read(wrong)
    except Malformed:
        return
    raise AssertionError("a changed table was believed")
