"""What must hold for any content: engines agree, the official client agrees, formats go through."""

from __future__ import annotations

import random
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.wire import shard, xorb
from groundswell.wire.chunking import Chunker, EngineName, available_engines, split
from groundswell.wire.hashing import chunk_hash, hash_from_hex, hash_to_hex, merkle_root, xorb_hash
from groundswell.wire.reconstruction import reconstruct
from groundswell.wire.shard import ShardFile, ShardXorb, Term, Terms
from groundswell.wire.xorb import Scheme, XorbScanner
from tests.property.xet_oracle import mismatches, official_hashes, our_hash
from tests.unit.xet_samples import KINDS, content, make_xorb, pack

COMPILED_FIRST = settings(deadline=None, max_examples=60)

hashes = st.binary(min_size=32, max_size=32)
kinds = st.sampled_from(KINDS)
seeds = st.integers(0, 2**32)


@pytest.mark.parametrize(("engine", "count"), [("numba", 400), ("numpy", 200), ("plain", 60)])
def test_the_official_client_hashes_generated_files_the_same(
    engine: EngineName, count: int
) -> None:
    assert mismatches(range(count), engine) == []


@pytest.mark.parametrize("kind", ["random", "zeros"])
def test_the_official_client_hashes_70_mib_the_same(kind: str) -> None:
    octets = content(kind, 70 << 20, 1)
    assert [our_hash(octets, "numba")] == official_hashes([octets])


def test_the_official_client_hashes_files_of_one_byte_value_the_same() -> None:
    files = [bytes([value]) * 140_000 for value in range(256)]
    assert [our_hash(octets, "numpy") for octets in files] == official_hashes(files)


@COMPILED_FIRST
@given(kind=kinds, size=st.integers(0, 400_000), seed=seeds)
def test_engines_cut_alike_however_content_arrives(kind: str, size: int, seed: int) -> None:
    octets = content(kind, size, seed)
    expected = [len(chunk) for chunk in split(octets, "plain")]
    seeded = random.Random(seed)
    for engine in available_engines():
        chunker, lengths, position = Chunker(engine), [], 0
        while position < size:
            step = int(2 ** seeded.uniform(0, 18))
            lengths += chunker.feed(memoryview(octets)[position : position + step])
            position += step
        if last := chunker.finish():
            lengths.append(last)
        assert lengths == expected


@given(raw=hashes)
def test_hash_text_goes_both_ways(raw: bytes) -> None:
    assert hash_from_hex(hash_to_hex(raw)) == raw


@given(st.lists(st.tuples(hashes, st.integers(1, 131_072)), min_size=2, max_size=60), st.data())
def test_any_change_of_a_node_changes_the_root(
    nodes: list[tuple[bytes, int]], data: st.DataObject
) -> None:
    root = merkle_root(nodes)
    place = data.draw(st.integers(0, len(nodes) - 1))
    digest, length = nodes[place]
    for other in ((digest, length + 1), (bytes(n ^ 1 for n in digest), length)):
        assert merkle_root([*nodes[:place], other, *nodes[place + 1 :]]) != root


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=131_072), st.sampled_from(list(Scheme)))
def test_a_chunk_goes_through_every_scheme(chunk: bytes, scheme: Scheme) -> None:
    record = xorb.encode_chunk(chunk, scheme)
    header = xorb.ChunkHeader.parse(record)
    assert header.serialize() == record[:8]
    assert xorb.decode_chunk(header, record[8:]) == chunk


@settings(deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=3000), min_size=1, max_size=40),
    st.integers(1, 5000),
)
def test_a_xorb_goes_through_in_any_buffers(chunks: list[bytes], step: int) -> None:
    records, index = make_xorb(chunks)
    file = records + xorb.serialize_footer(index)
    scanner = XorbScanner()
    for start in range(0, len(file), step):
        scanner.feed(file[start : start + step])
    assert scanner.finish(xorb_hash((chunk_hash(c), len(c)) for c in chunks)) == index
    assert xorb.read_footer(file) == index
    assert [bytes(chunk) for chunk in xorb.decode_records(records)] == chunks


@st.composite
def terms(draw: st.DrawFn) -> Term:
    start = draw(st.integers(0, 8191))
    end = draw(st.integers(start + 1, 8192))
    return Term(draw(hashes), draw(st.integers(1, (end - start) * 131_072)), start, end)


@st.composite
def shard_files(draw: st.DrawFn) -> ShardFile:
    listed = draw(st.lists(terms(), max_size=20))
    proofs = draw(st.booleans()) or not listed
    return ShardFile(
        file_hash=draw(hashes.filter(lambda name: name != b"\xff" * 32)),
        terms=Terms.of(listed),
        verification_hashes=b"".join(draw(hashes) for _ in listed) if proofs else b"",
        sha256=draw(st.none() | hashes),
    )


@st.composite
def shard_xorbs(draw: st.DrawFn) -> ShardXorb:
    lengths = draw(st.lists(st.integers(1, 131_072), min_size=1, max_size=20))
    return ShardXorb(
        xorb_hash=draw(hashes.filter(lambda name: name != b"\xff" * 32)),
        joined_hashes=b"".join(draw(hashes) for _ in lengths),
        raw_end=array("I", [sum(lengths[: n + 1]) for n in range(len(lengths))]),
        key_chunks=tuple(sorted(draw(st.sets(st.integers(0, len(lengths) - 1))))),
        stored_bytes=draw(st.integers(0, 2**32 - 1)),
    )


@settings(deadline=None)
@given(st.lists(shard_files(), max_size=6), st.lists(shard_xorbs(), max_size=4))
def test_a_shard_goes_through(files: list[ShardFile], xorbs: list[ShardXorb]) -> None:
    octets = shard.write_shard(files, xorbs)
    read = shard.parse_shard(octets)
    assert list(read.files()) == files
    assert list(read.xorbs()) == xorbs
    sections = 48 + 48 * 2 + sum(48 * (1 + len(x)) for x in xorbs)
    assert len(octets) == sections + sum(shard.shard_bytes(file) for file in files)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(kinds, st.integers(0, 300_000), seeds), min_size=1, max_size=4), st.data()
)
def test_every_range_is_rebuilt_exactly(
    made_of: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    parts = [content(*part) for part in made_of]
    packed = pack([b"".join(parts), b"".join(reversed(parts))], data.draw(st.integers(1, 6)))
    for name, file in packed.files.items():
        shard.verify_file(file, packed.indexes.__getitem__)
        octets = packed.contents[name]
        if not octets:
            continue
        first = data.draw(st.integers(0, len(octets) - 1))
        last = data.draw(st.integers(first, len(octets) + 10))
        plan = reconstruct(file.terms, packed.indexes.__getitem__, first, last)
        rebuilt = b""
        for term in plan.terms:
            (span,) = (
                span
                for span in plan.spans[term.xorb_hash]
                if span.chunk_start <= term.chunk_start and term.chunk_end <= span.chunk_end
            )
            records = packed.records[term.xorb_hash][span.first_byte : span.last_byte + 1]
            chunks = list(xorb.decode_records(records))
            rebuilt += b"".join(
                chunks[term.chunk_start - span.chunk_start : term.chunk_end - span.chunk_start]
            )
        wanted = octets[first : last + 1]
        assert rebuilt[plan.skip_bytes :][: len(wanted)] == wanted
