"""``python -m bench.store``: what a family of models costs at rest, by each way of saving.

Every file is made once, cut and hashed as uploads are, compared tensor by tensor, and written as
tensor frames, which are all read back and compared. One thread; speeds are by its own processor
time. ``zstd -19`` and the compression of plain Xet chunks are measured on samples: all of it would
take an hour.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import zstandard

from bench import family, rows
from bench.rows import Row
from groundswell.wire.chunking import split
from groundswell.wire.hashing import chunk_hash
from groundswell.wire.tensors import (
    BYTES,
    Layout,
    TensorPlace,
    decode_frame,
    encode_frame,
    is_base_for,
    tensor_places,
)
from groundswell.wire.xorb import choose_scheme, encode_chunk

FRAME_BYTES = 1 << 19
SAMPLE_BYTES = 1 << 20
SAMPLES_OF_ZSTD = 6  # a file
CHUNKS_PER_SAMPLE = 8


@dataclass
class File:
    """A file of the family, with its tensors by name."""

    octets: bytes
    tensors: dict[str, TensorPlace]
    gaps: list[tuple[int, int]]


@dataclass
class Tally:
    """Bytes at rest after each way of saving, and the time that frames took."""

    logical: int = 0
    after_files: int = 0
    after_chunks: int = 0
    after_tensors: int = 0
    chunks_coded: float = 0
    frames: int = 0
    zstd_19: float = 0
    encoded_bytes: int = 0
    encode_seconds: float = 0
    decode_seconds: float = 0

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Known:
    """What the store holds so far."""

    files: set[bytes] = field(default_factory=set)
    chunks: set[bytes] = field(default_factory=set)
    tensors: set[bytes] = field(default_factory=set)


def opened(octets: bytes) -> File:
    """A file with what lies where."""
    view = memoryview(octets)
    places = tensor_places(lambda start, size: view[start : start + size], len(octets))
    gaps, place = [], 0
    for each in places:
        gaps.append((place, each.start))
        place = each.stop
    gaps.append((place, len(octets)))
    return File(
        octets, {each.name: each for each in places}, [gap for gap in gaps if gap[0] < gap[1]]
    )


Against = tuple[int, int, Layout]


def pieces(file: File, base: File | None) -> Iterator[tuple[int, int, Layout, Against | None]]:
    """(start, stop, layout, base's start, stop and layout or None) for each frame."""
    for start, stop in file.gaps:
        for place in range(start, stop, FRAME_BYTES):
            yield place, min(place + FRAME_BYTES, stop), BYTES, None
    for tensor in file.tensors.values():
        other = base.tensors.get(tensor.name) if base else None
        if other and not is_base_for(other.layout, tensor.layout):
            other = None
        record = tensor.layout.record_bytes
        step = FRAME_BYTES // record * record
        for place in range(tensor.start, tensor.stop, step):
            stop = min(place + step, tensor.stop)
            against = None
            if other:
                first = (place - tensor.start) // record * other.layout.record_bytes + other.start
                last = (stop - place) // record * other.layout.record_bytes + first
                if last <= other.stop:
                    against = (first, last, other.layout)
            yield place, stop, tensor.layout, against


def frames(file: File, base: File | None, tally: Tally) -> None:
    """Write a file as frames and read each back."""
    view = memoryview(file.octets)
    for start, stop, layout, against in pieces(file, base):
        plain = view[start:stop]
        other: memoryview | None = None
        other_layout: Layout | None = None
        if against and base:
            first, last, other_layout = against
            other = memoryview(base.octets)[first:last]
        began = time.thread_time()
        frame = encode_frame(plain, layout, other, other_layout)
        encoded = time.thread_time()
        back = decode_frame(frame, other)
        decoded = time.thread_time()
        assert back == plain, "a frame gave other bytes"
        tally.frames += len(frame)
        tally.encoded_bytes += len(plain)
        tally.encode_seconds += encoded - began
        tally.decode_seconds += decoded - encoded


def measure(octets: bytes, base: File | None, known: Known) -> tuple[Tally, File]:
    """All figures of one file that comes after the others."""
    tally = Tally(logical=len(octets))
    file = opened(octets)
    digest = hashlib.sha256(octets).digest()
    if digest in known.files:
        return tally, file
    known.files.add(digest)
    tally.after_files = len(octets)
    view = memoryview(octets)
    coded = coded_of = 0
    for number, chunk in enumerate(split(octets)):
        size = len(chunk)
        name = chunk_hash(chunk)
        if name in known.chunks:
            continue
        known.chunks.add(name)
        tally.after_chunks += size
        if number % CHUNKS_PER_SAMPLE == 0:
            coded += len(encode_chunk(chunk, choose_scheme(chunk)))
            coded_of += size
    tally.chunks_coded = tally.after_chunks * coded / coded_of if coded_of else tally.after_chunks
    tally.after_tensors = sum(stop - start for start, stop in file.gaps)
    for tensor in file.tensors.values():
        part = view[tensor.start : tensor.stop]
        name = hashlib.sha256(part).digest()
        if name not in known.tensors:
            known.tensors.add(name)
            tally.after_tensors += len(part)
    frames(file, base, tally)
    coder = zstandard.ZstdCompressor(level=19)
    step = len(octets) // SAMPLES_OF_ZSTD
    samples = [view[at : at + SAMPLE_BYTES] for at in range(0, step * SAMPLES_OF_ZSTD, step)]
    packed = sum(len(coder.compress(sample)) for sample in samples)
    tally.zstd_19 = len(octets) * packed / sum(map(len, samples))
    return tally, file


def main() -> None:
    known = Known()
    opened_files: dict[str, File] = {}
    tallies: dict[str, Tally] = {}
    heads = "file|MB|chunk dedup|tensor dedup|Xet chunks|zstd -19|frames|of plain|enc|dec MB/s"
    print(f"|{heads}|")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, make, base_name in family.files():
        base = opened_files.get(base_name) if base_name else None
        tally, file = measure(make(), base, known)
        tallies[name] = tally
        if name in {"base bf16", "checkpoint 1", "GGUF Q8_0"}:
            opened_files[name] = file
        print(line(name, tally), flush=True)
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    print(line("together", total))
    tuned = Tally()
    for name, tally in tallies.items():
        if name.startswith("fine-tune"):
            tuned.add(tally)
    base_tally = tallies["base bf16"]
    measured = [
        Row("family, logical", total.logical / 1e6, "MB"),
        *(
            Row(f"family, {what}", value / 1e6, "MB", total.logical / 1e6, "logical", aim)
            for what, value, aim in (
                ("file dedup", total.after_files, ""),
                ("chunk dedup", total.after_chunks, ""),
                ("tensor dedup", total.after_tensors, ""),
                ("plain Xet chunks (dedup, LZ4; every 8th coded)", total.chunks_coded, ""),
                ("zstd -19 of each new file (samples)", total.zstd_19, ""),
                ("tensor frames", total.frames, "≤ 0.46"),
            )
        ),
        Row(
            "five fine-tunes as frames",
            tuned.frames / 1e6,
            "MB",
            tuned.logical / 1e6,
            "plain",
            "≤ 0.22",
        ),
        Row(
            "base as frames",
            base_tally.frames / 1e6,
            "MB",
            base_tally.logical / 1e6,
            "plain",
            "≤ 0.66",
        ),
        Row(
            "encoding, one core",
            speed(total.encoded_bytes, total.encode_seconds),
            "MB/s",
            aim="≥ 60",
        ),
        Row(
            "restoring, one core",
            speed(total.encoded_bytes, total.decode_seconds),
            "MB/s",
            aim="≥ 250",
        ),
    ]
    rows.write("store", measured)
    print(f"\n{rows.show(measured)}")


def speed(size: int, seconds: float) -> float:
    return size / seconds / 1e6 if seconds else 0.0


def line(name: str, tally: Tally) -> str:
    cells = (
        tally.after_chunks,
        tally.after_tensors,
        tally.chunks_coded,
        tally.zstd_19,
        tally.frames,
    )
    figures = " | ".join(f"{cell / 1e6:.1f}" for cell in cells)
    return (
        f"| {name} | {tally.logical / 1e6:.1f} | {figures} | {tally.frames / tally.logical:.1%} "
        f"| {speed(tally.encoded_bytes, tally.encode_seconds):.0f} "
        f"| {speed(tally.encoded_bytes, tally.decode_seconds):.0f} |"
    )


if __name__ == "__main__":
    main()
