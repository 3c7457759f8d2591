"""Shards: both directions, proofs, deduplication answers, hostile bytes."""

import hashlib
import random
import struct
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest

from groundswell.core.errors import Malformed
from groundswell.wire import shard
from groundswell.wire.hashing import keyed_chunk_hash
from groundswell.wire.shard import ShardFile, ShardXorb, Term, Terms, layout
from tests.unit.xet_samples import content, make_xorb, pack

BASE = content("random", 400_000, 1)
PACKED = pack([BASE, BASE[:200_000] + b"edit" + BASE[200_000:], b"", b"tiny", BASE[:9000] * 6], 3)
FILES = [
    replace(file, sha256=hashlib.sha256(PACKED.contents[name]).digest() if number % 2 else None)
    for number, (name, file) in enumerate(PACKED.files.items())
]
XORBS = [ShardXorb.of(index, key_chunks=[0]) for index in PACKED.indexes.values()]
UPLOAD = shard.write_shard(FILES, XORBS)
FILES_END = layout.FILES_OFFSET + sum(shard.shard_bytes(file) for file in FILES)


def test_a_shard_goes_through() -> None:
    read = shard.parse_shard(UPLOAD)
    assert (read.file_count, read.xorb_count) == (len(FILES), len(XORBS))
    assert list(read.files()) == FILES
    assert list(read.files()) == FILES, "twice"
    assert list(read.xorbs()) == XORBS
    assert shard.write_shard(read.files(), read.xorbs()) == UPLOAD
    assert read.xorbs_offset == FILES_END + 48


def test_every_file_is_what_it_claims() -> None:
    for file in FILES:
        shard.verify_file(file, PACKED.indexes.__getitem__)
        assert file.size_bytes == len(PACKED.contents[file.file_hash])
        assert file.terms.xorb_hashes() <= set(PACKED.indexes)


def changed_file(change: Callable[[Term], Term]) -> ShardFile:
    file = FILES[0]
    return replace(file, terms=Terms.of([change(file.terms[0]), *file.terms[1:]]))


@pytest.mark.parametrize(
    "change",
    [
        lambda term: term._replace(unpacked_bytes=term.unpacked_bytes - 1),
        lambda term: term._replace(chunk_start=term.chunk_start + 1),
        lambda term: term._replace(chunk_end=term.chunk_end - 1),
        lambda term: term._replace(chunk_end=term.chunk_end + 1),
        lambda term: term._replace(xorb_hash=list(PACKED.indexes)[-1]),
    ],
    ids=["shorter", "later start", "earlier end", "later end", "another xorb"],
)
def test_a_changed_term_is_refused(change: Callable[[Term], Term]) -> None:
    with pytest.raises(Malformed):
        shard.verify_file(changed_file(change), PACKED.indexes.__getitem__)


def test_a_term_without_the_right_proof_is_refused() -> None:
    file = FILES[0]
    for proofs in (b"", bytes(len(file.verification_hashes)), file.verification_hashes[:-32]):
        with pytest.raises(Malformed):
            shard.verify_file(replace(file, verification_hashes=proofs), PACKED.indexes.__getitem__)


def test_a_file_under_another_hash_is_refused() -> None:
    with pytest.raises(Malformed, match="do not make"):
        shard.verify_file(replace(FILES[0], file_hash=bytes(32)), PACKED.indexes.__getitem__)
    with pytest.raises(Malformed, match="do not make"):
        shard.verify_file(ShardFile(b"\1" * 32, Terms()), PACKED.indexes.__getitem__)


def test_terms_stay_packed_and_read_as_a_sequence() -> None:
    terms = FILES[0].terms
    listed = list(terms)
    assert [terms[n] for n in range(len(terms))] == listed
    assert terms[-1] == listed[-1]
    assert list(terms[1:]) == listed[1:]
    assert Terms(terms.packed) == terms == Terms.of(listed)
    assert terms.ends().tolist()[-1] == terms.size_bytes == sum(t.unpacked_bytes for t in listed)
    assert len(terms.packed) == 48 * len(terms)
    with pytest.raises(IndexError):
        terms[len(terms)]
    assert list(Terms()) == []
    assert Terms().size_bytes == 0


@pytest.mark.parametrize(
    "term",
    [
        Term(bytes(32), 0, 0, 1),
        Term(bytes(32), 131_073, 0, 1),
        Term(bytes(32), 1, 1, 1),
        Term(bytes(32), 1, 2, 1),
        Term(bytes(32), 1, 0, 8193),
        Term(bytes(32), 1, 8192, 8193),
        Term(bytes(32), 0xFFFFFFFF, 0, 8192),
        Term(bytes(32), 1, 0xFFFFFFFF, 0),
        Term(bytes(32), 1 << 32, 0, 1),
        Term(bytes(32), 1, -1, 1),
    ],
)
def test_terms_out_of_bounds_cannot_be_made(term: Term) -> None:
    good = Term(bytes(32), 1, 0, 1)
    for others in (0, 1, 100):
        Terms.of([good] * others)
        with pytest.raises(Malformed):
            Terms.of([good] * others + [term])


def test_what_follows_the_sections_is_skipped_when_the_header_announces_a_footer() -> None:
    announced = UPLOAD[:40] + struct.pack("<Q", 200) + UPLOAD[48:]
    expected = list(shard.parse_shard(UPLOAD).files())
    for tail in (b"", bytes(200), b"\xff" * 500):
        assert list(shard.parse_shard(announced + tail).files()) == expected
    for octets in (announced + bytes(199), UPLOAD + b"\0", UPLOAD + bytes(200)):
        with pytest.raises(Malformed, match="follow the sections"):
            shard.parse_shard(octets)


KEY = bytes(range(32))


def test_a_deduplication_answer_offers_keyed_chunks_only() -> None:
    alone = ShardXorb.of(make_xorb([b"a single chunk"])[1])
    offered = [xorb for xorb in XORBS if len(xorb) > 1]
    assert offered
    answer = shard.write_dedup_answer(KEY, [*XORBS, alone], 1_700_000_000, 1_700_003_600)
    read = shard.read_dedup_answer(answer)
    assert (read.hmac_key, read.created_at, read.key_expiry) == (KEY, 1_700_000_000, 1_700_003_600)
    assert [xorb.xorb_hash for xorb in read.xorbs] == [xorb.xorb_hash for xorb in offered]
    assert alone.xorb_hash not in answer
    for xorb, keyed in zip(offered, read.xorbs, strict=True):
        assert keyed.raw_end == xorb.raw_end
        for chunk in range(len(xorb)):
            assert xorb.chunk_hash(chunk) not in answer
            assert keyed.chunk_hash(chunk) == keyed_chunk_hash(KEY, xorb.chunk_hash(chunk))


def test_the_footer_of_an_answer_lies_where_clients_read_it() -> None:
    answer = shard.write_dedup_answer(KEY, XORBS, 11, 22)
    (footer_at,) = struct.unpack("<Q", answer[-8:])
    footer = answer[footer_at:]
    assert len(footer) == 200 == struct.unpack("<Q", answer[40:48])[0]
    assert struct.unpack("<9Q", footer[:72]) == (1, 48, 96, *(footer_at, 0) * 3)
    assert footer[72:104] == KEY
    assert struct.unpack("<QQ", footer[104:120]) == (11, 22)
    assert footer[120:168] == bytes(48)
    assert answer[48:80] == b"\xff" * 32


def test_other_shards_are_no_answer() -> None:
    answer = shard.write_dedup_answer(KEY, XORBS, 11, 22)
    for octets in (UPLOAD, shard.write_shard([], XORBS), answer[:-1], answer + b"x", answer[:-200]):
        with pytest.raises(Malformed):
            shard.read_dedup_answer(octets)


def header(count: int, flags: int = 1 << 31, name: bytes = b"\1" * 32) -> bytes:
    return struct.pack("<32sII8x", name, flags, count)


def xorb_header(count: int, raw_bytes: int, name: bytes = b"\1" * 32) -> bytes:
    return struct.pack("<32sIIII", name, 0, count, raw_bytes, 0)


def chunk(start: int, length: int) -> bytes:
    return struct.pack("<32sIIII", bytes(32), start, length, 0, 0)


HEAD, BOOKEND = UPLOAD[:48], layout.BOOKEND
TERM = struct.pack("<32sIIII", bytes(32), 0, 100, 0, 1)
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "header cut off": HEAD[:-1],
    "header alone": HEAD,
    "another tag": b"\0" + UPLOAD[1:],
    "version 1": UPLOAD[:32] + struct.pack("<Q", 1) + UPLOAD[40:],
    "version 2^32+2": UPLOAD[:32] + struct.pack("<Q", (1 << 32) + 2) + UPLOAD[40:],
    "no xorb section": HEAD + BOOKEND,
    "no file bookend": HEAD + header(0),
    "2^32-1 terms": HEAD + header(0xFFFFFFFF) + BOOKEND * 2,
    "one term missing": HEAD + header(2) + TERM + BOOKEND * 2,
    "proofs missing": HEAD + header(1) + TERM,
    "unknown file flags": HEAD + header(0, flags=1) + BOOKEND * 2,
    "unknown section flag": HEAD + header(0, flags=1 << 29) + BOOKEND * 2,
    "sha256 missing": HEAD + header(0, flags=1 << 30),
    "term of no chunks": HEAD
    + header(1, 0)
    + struct.pack("<32sIIII", bytes(32), 0, 1, 3, 3)
    + BOOKEND * 2,
    "term backwards": HEAD
    + header(1, 0)
    + struct.pack("<32sIIII", bytes(32), 0, 1, 3, 2)
    + BOOKEND * 2,
    "term past 8192": HEAD
    + header(1, 0)
    + struct.pack("<32sIIII", bytes(32), 0, 1, 0, 8193)
    + BOOKEND * 2,
    "term longer than chunks": HEAD
    + header(1, 0)
    + struct.pack("<32sIIII", bytes(32), 0, 131_073, 0, 1)
    + BOOKEND * 2,
    "term of no bytes": HEAD
    + header(1, 0)
    + struct.pack("<32sIIII", bytes(32), 0, 0, 0, 1)
    + BOOKEND * 2,
    "xorb of no chunks": HEAD + BOOKEND + xorb_header(0, 0) + BOOKEND,
    "xorb of 8193 chunks": HEAD
    + BOOKEND
    + xorb_header(8193, 8193)
    + b"".join(chunk(n, 1) for n in range(8193))
    + BOOKEND,
    "xorb of 2^32-1 chunks": HEAD + BOOKEND + xorb_header(0xFFFFFFFF, 1) + BOOKEND,
    "chunk of no bytes": HEAD + BOOKEND + xorb_header(1, 0) + chunk(0, 0) + BOOKEND,
    "chunk too long": HEAD + BOOKEND + xorb_header(1, 131_073) + chunk(0, 131_073) + BOOKEND,
    "chunk of 2^32-1 bytes": HEAD
    + BOOKEND
    + xorb_header(1, 0xFFFFFFFF)
    + chunk(0, 0xFFFFFFFF)
    + BOOKEND,
    "gap between chunks": HEAD
    + BOOKEND
    + xorb_header(2, 20)
    + chunk(0, 10)
    + chunk(11, 10)
    + BOOKEND,
    "first chunk not at 0": HEAD + BOOKEND + xorb_header(1, 10) + chunk(5, 10) + BOOKEND,
    "sum differs": HEAD + BOOKEND + xorb_header(2, 21) + chunk(0, 10) + chunk(10, 10) + BOOKEND,
    "xorb over 64 MiB": HEAD
    + BOOKEND
    + xorb_header(513, 513 << 17)
    + b"".join(chunk(n << 17, 1 << 17) for n in range(513))
    + BOOKEND,
    "xorb section open": HEAD + BOOKEND + xorb_header(1, 10) + chunk(0, 10),
    "half a record": UPLOAD[:-1],
    "answer without key": UPLOAD[:40] + struct.pack("<Q", 200) + UPLOAD[48:] + bytes(48),
    "over 64 MiB": UPLOAD + bytes((64 << 20) + 1 - len(UPLOAD)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_shards_are_refused_in_little_memory(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            shard.parse_shard(HOSTILE[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


def test_a_shard_cut_off_anywhere_is_refused() -> None:
    for length in range(len(UPLOAD)):
        with pytest.raises(Malformed):
            shard.parse_shard(UPLOAD[:length])


def test_mutated_shards_are_refused_or_read_without_another_error() -> None:
    seeded = random.Random(8)
    outcomes = {True: 0, False: 0}
    for _ in range(600):
        octets = bytearray(UPLOAD)
        for _ in range(seeded.choice((1, 1, 4))):
            position = seeded.randrange(len(octets))
            octets[position] = seeded.choice((0, 1, 0x7F, 0x80, 0xFF, seeded.randrange(256)))
        try:
            read = shard.parse_shard(octets)
            for file in read.files():
                # A hash that nobody stored stands for whatever the hub answers then.
                shard.verify_file(file, lambda name: PACKED.indexes.get(name, XORB_ELSEWHERE))
        except Malformed:
            outcomes[False] += 1
        else:
            outcomes[True] += 1
    assert outcomes[False] > 300


XORB_ELSEWHERE = make_xorb([b"elsewhere"])[1]


def test_many_small_files_are_walked_without_keeping_them() -> None:
    count = 5000
    octets = HEAD + header(0) * count + BOOKEND * 2
    tracemalloc.start()
    try:
        assert shard.parse_shard(octets).file_count == count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000
