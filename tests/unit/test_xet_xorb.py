"""Xorbs: records, schemes, verification while arriving, footer, builder, hostile bytes."""

import random
import struct
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import lz4.frame
import pytest

from groundswell.core.errors import Malformed
from groundswell.wire import xorb
from groundswell.wire.hashing import chunk_hash, xorb_hash
from groundswell.wire.xorb import ChunkHeader, Scheme, XorbScanner
from tests.unit.xet_samples import content, make_xorb

CHUNKS = [
    content("random", 20_000, 1),
    content("text", 131_072, 2),
    content("floats", 65_537, 3),
    b"x",
    content("zeros", 8192, 4),
    content("floats", 9_998, 5),
]
RECORDS, INDEX = make_xorb(CHUNKS)


def record(payload: bytes, scheme: int, raw_bytes: int, version: int = 0) -> bytes:
    return b"".join(
        (
            bytes([version]),
            len(payload).to_bytes(3, "little"),
            bytes([scheme]),
            raw_bytes.to_bytes(3, "little"),
            payload,
        )
    )


def test_a_xorb_goes_through() -> None:
    assert xorb.parse_chunk_records(RECORDS) == INDEX
    assert xorb.verify_xorb(RECORDS, INDEX.xorb_hash) == INDEX
    assert [bytes(chunk) for chunk in xorb.decode_records(RECORDS)] == CHUNKS
    assert INDEX.xorb_hash == xorb_hash((chunk_hash(c), len(c)) for c in CHUNKS)


def test_the_index_finds_chunks_by_number_and_by_offset() -> None:
    raw = b"".join(CHUNKS)
    assert len(INDEX) == len(CHUNKS)
    assert (INDEX.raw_bytes, INDEX.physical_bytes) == (len(raw), len(RECORDS))
    for start in range(len(CHUNKS)):
        for end in range(start + 1, len(CHUNKS) + 1):
            first, last = INDEX.raw_range(start, end)
            assert raw[first:last] == b"".join(CHUNKS[start:end])
            first, last = INDEX.physical_range(start, end)
            assert b"".join(xorb.decode_records(RECORDS[first:last])) == b"".join(CHUNKS[start:end])
            hashes = [chunk_hash(chunk) for chunk in CHUNKS[start:end]]
            assert INDEX.joined_hashes_of(start, end) == b"".join(hashes)
            assert list(INDEX.chunks(start, end)) == [
                (digest, len(chunk))
                for digest, chunk in zip(hashes, CHUNKS[start:end], strict=True)
            ]
        first, last = INDEX.raw_range(start, start + 1)
        assert INDEX.chunk_at(first) == INDEX.chunk_at(last - 1) == start
    assert INDEX.chunk_at(len(raw)) == len(CHUNKS)


@pytest.mark.parametrize(("start", "end"), [(0, 0), (2, 1), (0, 7), (6, 7), (-1, 2)])
def test_chunk_ranges_outside_the_xorb_are_refused(start: int, end: int) -> None:
    for call in (INDEX.raw_range, INDEX.physical_range, INDEX.joined_hashes_of):
        with pytest.raises(Malformed):
            call(start, end)


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 8, 1000, 65_535, 65_536, 131_071, 131_072])
def test_every_scheme_returns_every_length(scheme: Scheme, size: int) -> None:
    for kind in ("random", "text", "floats", "zeros"):
        chunk = content(kind, size, seed=size)
        encoded = xorb.encode_chunk(chunk, scheme)
        header = ChunkHeader.parse(encoded)
        assert xorb.decode_chunk(header, encoded[8:]) == chunk
        assert len(encoded) <= size + 8
        assert header.scheme in {scheme, Scheme.NONE}


def test_grouping_is_by_place_modulo_four() -> None:
    payload = lz4.frame.compress(b"aaabbbccdd", store_size=False)
    header = ChunkHeader(len(payload), Scheme.BG4_LZ4, 10)
    assert xorb.decode_chunk(header, payload) == b"abcdabcdab"


def test_the_scheme_suits_the_content() -> None:
    assert xorb.choose_scheme(content("random", 65_536, 1)) is Scheme.NONE
    assert xorb.choose_scheme(content("text", 65_536, 1)) is Scheme.LZ4
    smooth = struct.pack("<16384f", *(1 + n / 16384 for n in range(16384)))
    assert xorb.choose_scheme(smooth) is Scheme.BG4_LZ4
    assert xorb.choose_scheme(b"x") is Scheme.NONE


@pytest.mark.parametrize(
    "options",
    [
        {"block_size": lz4.frame.BLOCKSIZE_MAX4MB},
        {"block_linked": True, "block_size": lz4.frame.BLOCKSIZE_MAX64KB},
        {"content_checksum": True, "block_checksum": True},
        {"store_size": True},
        {"compression_level": 12},
    ],
)
def test_frames_of_other_writers_are_read(options: dict[str, object]) -> None:
    chunk = content("text", 131_072, 7)
    payload = lz4.frame.compress(chunk, **options)
    assert xorb.parse_chunk_records(record(payload, 1, len(chunk))).raw_bytes == len(chunk)


@pytest.mark.parametrize("step", [1, 7, 8, 9, 1000, 65_536])
@pytest.mark.parametrize("tail", [b"", xorb.serialize_footer(INDEX), b"XETBLOB\0" + bytes(50)])
def test_verification_does_not_depend_on_the_buffers(step: int, tail: bytes) -> None:
    scanner = XorbScanner()
    upload = RECORDS + tail
    for start in range(0, len(upload), step):
        scanner.feed(upload[start : start + step])
        assert len(scanner._held) < 8 + 262_144
    assert scanner.finish(INDEX.xorb_hash) == INDEX


def test_the_footer_describes_the_file() -> None:
    footer = xorb.serialize_footer(INDEX)
    assert len(footer) == xorb.footer_bytes(len(INDEX)) <= xorb.FOOTER_BYTES_MAX
    assert xorb.read_footer(RECORDS + footer) == INDEX
    assert xorb.read_footer(footer) == INDEX


def test_every_flipped_bit_of_a_footer_is_seen() -> None:
    footer = xorb.serialize_footer(INDEX)
    nonce = range(len(footer) - 20, len(footer) - 4)
    ends = range(40 + 12 + 32 * 6 + 12, 40 + 12 + 32 * 6 + 12 + 4 * 6)
    for position in range(len(footer)):
        if position in nonce or position in ends:
            continue
        for bit in range(8):
            changed = bytearray(footer)
            changed[position] ^= 1 << bit
            with pytest.raises(Malformed):
                xorb.read_footer(changed)


def test_a_cut_off_footer_is_refused() -> None:
    footer = xorb.serialize_footer(INDEX)
    for length in range(len(footer)):
        with pytest.raises(Malformed):
            xorb.read_footer(footer[:length])
        with pytest.raises(Malformed):
            xorb.read_footer(footer[length + 1 :])


def test_a_builder_stops_at_8192_chunks() -> None:
    builder = xorb.XorbBuilder(Scheme.NONE)
    records = bytearray()
    for number in range(8192):
        assert builder.has_room(2)
        records += builder.add(number.to_bytes(2, "big"))
    assert not builder.has_room(1)
    assert (len(builder), builder.raw_bytes, builder.physical_bytes) == (8192, 16384, 81920)
    index = builder.finish()
    assert xorb.verify_xorb(bytes(records), index.xorb_hash) == index
    with pytest.raises(Malformed, match="more than 8192"):
        xorb.parse_chunk_records(bytes(records) + record(b"x", 0, 1))
    tail = xorb.serialize_footer(index)
    assert len(tail) == xorb.FOOTER_BYTES_MAX
    assert xorb.read_footer(tail) == index


def test_a_xorb_holds_64_mib_and_no_byte_more() -> None:
    full = xorb.XorbBuilder(Scheme.LZ4)
    one = full.add(bytes(131_072))
    scanner = XorbScanner()
    scanner.feed(one)
    for _ in range(511):
        assert full.has_room(131_072)
        scanner.feed(full.add(bytes(131_072), chunk_hash(bytes(131_072))))
    assert not full.has_room(1)
    with pytest.raises(Malformed, match="64 MiB"):
        scanner.feed(record(b"x", 0, 1))


def test_an_upload_of_more_than_66_mib_is_refused_in_its_footer_too() -> None:
    scanner = XorbScanner()
    scanner.feed(RECORDS + b"XETBLOB\1")
    for _ in range(65):
        scanner.feed(bytes(1 << 20))
    with pytest.raises(Malformed, match="longer than"):
        scanner.feed(bytes(1 << 20))


def bomb(raw_bytes: int) -> bytes:
    return lz4.frame.compress(
        bytes(raw_bytes), store_size=False, block_size=lz4.frame.BLOCKSIZE_MAX4MB
    )


def frame_claiming(content_bytes: int) -> bytes:
    context = lz4.frame.create_compression_context()
    begin = lz4.frame.compress_begin(context, source_size=content_bytes)
    return bytes(begin + lz4.frame.compress_chunk(context, bytes(1000)) + bytes(4))


TEXT = content("text", 1000, 1)
FRAME = lz4.frame.compress(TEXT, store_size=False)
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "half a header": bytes(4),
    "header alone": record(b"x" * 9, 0, 9)[:8],
    "payload cut off": record(b"x" * 9, 0, 9)[:-1],
    "version 1": record(b"x", 0, 1, version=1),
    "version 255": record(b"x", 0, 1, version=255),
    "no bytes stored": record(b"", 0, 0),
    "raw of no bytes": record(b"x", 0, 0),
    "lz4 of no bytes": record(lz4.frame.compress(b""), 1, 0),
    "raw lengths differ": record(b"xx", 0, 1),
    "raw too long": record(bytes(131_073), 0, 131_073),
    "raw length 2^24-1": record(FRAME, 1, 0xFFFFFF),
    "stored too long": record(bytes(262_145), 1, 100),
    "scheme 3": record(FRAME, 3, 1000),
    "scheme 255": record(FRAME, 255, 1000),
    "not lz4": record(b"not a frame at all", 1, 1000),
    "lz4 block without frame": record(FRAME[7:], 1, 1000),
    "lz4 yields less": record(FRAME, 1, 1001),
    "lz4 yields more": record(FRAME, 1, 999),
    "lz4 cut off": record(FRAME[:-5], 1, 1000),
    "lz4 without end mark": record(FRAME[:-4], 1, 1000),
    "two frames": record(FRAME + FRAME, 1, 2000),
    "two frames, one counted": record(FRAME + FRAME, 1, 1000),
    "bytes after the frame": record(FRAME + b"x", 1, 1000),
    "skippable frame": record(b"\x50\x2a\x4d\x18\x04\0\0\0abcd", 1, 4),
    "legacy lz4": record(b"\x02\x21\x4c\x18" + FRAME[7:], 1, 1000),
    "lz4 bomb 16 MiB": record(bomb(16 << 20), 1, 131_072),
    "lz4 bomb 60 MiB": record(bomb(60 << 20), 1, 131_072),
    "lz4 bomb, one byte stated": record(bomb(60 << 20), 1, 1),
    "grouped bomb": record(bomb(60 << 20), 2, 131_072),
    "frame states 2^40 bytes": record(frame_claiming(1 << 40), 1, 1000),
    "frame states 2^62 bytes": record(frame_claiming(1 << 62), 1, 131_072),
    "footer alone": xorb.serialize_footer(INDEX),
    "footer within a record": RECORDS[:10_000] + xorb.serialize_footer(INDEX),
    "junk after the records": RECORDS + b"junk junk",
    "zeros after the records": RECORDS + bytes(8),
    "footer ident cut off": RECORDS + b"XETBLOB",
    "other ident": RECORDS + b"XETBLOC\1" + bytes(40),
    "html": b"<!doctype html><title>502 Bad Gateway</title>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xorbs_are_refused_in_little_memory(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            xorb.parse_chunk_records(HOSTILE[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_another_hash_is_refused_without_telling_the_true_one() -> None:
    with pytest.raises(Malformed) as caught:
        xorb.verify_xorb(RECORDS, bytes(32))
    assert INDEX.xorb_hash.hex()[:16] not in str(caught.value)


def mutate_flip(seeded: random.Random, octets: bytearray) -> None:
    octets[seeded.randrange(len(octets))] ^= 1 << seeded.randrange(8)


def mutate_drop(seeded: random.Random, octets: bytearray) -> None:
    start = seeded.randrange(len(octets))
    del octets[start : start + seeded.choice((1, 8, 500))]


def mutate_insert(seeded: random.Random, octets: bytearray) -> None:
    start = seeded.randrange(len(octets))
    octets[start:start] = seeded.randbytes(seeded.choice((1, 8, 500)))


def mutate_header(seeded: random.Random, octets: bytearray) -> None:
    starts = [0, *INDEX.physical_end[:-1]]
    octets[seeded.choice(starts) + seeded.randrange(8)] = seeded.randrange(256)


def mutate_swap(seeded: random.Random, octets: bytearray) -> None:
    ends = [0, *INDEX.physical_end]
    cuts = [bytes(octets[a:b]) for a, b in pairwise(ends)]
    one, two = seeded.sample(range(len(cuts)), 2)
    cuts[one], cuts[two] = cuts[two], cuts[one]
    octets[:] = b"".join(cuts)


@pytest.mark.parametrize(
    "mutate", [mutate_flip, mutate_drop, mutate_insert, mutate_header, mutate_swap]
)
def test_no_mutation_passes_for_the_xorb(
    mutate: Callable[[random.Random, bytearray], None],
) -> None:
    seeded = random.Random(mutate.__name__)
    refused = 0
    for _ in range(120):
        octets = bytearray(RECORDS)
        mutate(seeded, octets)
        try:
            index = xorb.verify_xorb(octets, INDEX.xorb_hash)
        except Malformed:
            refused += 1
        else:
            # Compressed forms are not unique: what is accepted must be the same content.
            assert index.joined_hashes == INDEX.joined_hashes
            assert b"".join(xorb.decode_records(octets)) == b"".join(CHUNKS)
    assert refused > 100
