"""Recorded uploads of real clients (see xet/README.md) are read, proven and written again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from groundswell.wire import shard, xorb
from groundswell.wire.chunking import split
from groundswell.wire.hashing import chunk_hash, hash_from_hex, is_key_chunk
from groundswell.wire.reconstruction import reconstruct
from groundswell.wire.xorb import ChunkHeader, XorbIndex
from tests.golden.xet.make import generated_files

RECORDINGS = sorted(path.parent for path in Path(__file__).parent.glob("xet/*/facts.json"))
CONTENTS = generated_files()


def load(folder: Path) -> tuple[dict[bytes, bytes], dict[bytes, XorbIndex], shard.Shard, Any]:
    xorbs = {hash_from_hex(path.stem): path.read_bytes() for path in folder.glob("*.xorb")}
    indexes = {name: xorb.verify_xorb(octets, name) for name, octets in xorbs.items()}
    upload = shard.parse_shard((folder / "upload.shard").read_bytes())
    return xorbs, indexes, upload, json.loads((folder / "facts.json").read_text())


def test_the_recordings_are_there() -> None:
    names = [folder.name for folder in RECORDINGS]
    assert names == ["hf_xet-1.1.10", "hf_xet-1.1.3", "hf_xet-1.8.0", "local-1.8.0"]


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_every_file_is_proven_and_rebuilt(folder: Path) -> None:
    xorbs, indexes, upload, facts = load(folder)
    by_hash = {found.file_hash: found for found in upload.files()}
    assert len(by_hash) == len(CONTENTS)
    for name, octets in CONTENTS.items():
        found = by_hash[hash_from_hex(facts["files"][name]["hash"])]
        shard.verify_file(found, indexes.__getitem__)
        assert found.size_bytes == len(octets)
        if octets or facts["hf_xet"] != "1.1.3":
            assert found.sha256 == hashlib.sha256(octets).digest()
        else:
            assert found.sha256 == bytes(32), "that release claims nothing of the empty file"
        plan = reconstruct(found.terms, indexes.__getitem__)
        rebuilt = b""
        for term in plan.terms:
            first, end = indexes[term.xorb_hash].physical_range(term.chunk_start, term.chunk_end)
            rebuilt += b"".join(xorb.decode_records(xorbs[term.xorb_hash][first:end]))
        assert rebuilt == octets


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_the_shard_is_written_again_byte_for_byte(folder: Path) -> None:
    _, indexes, upload, _ = load(folder)
    sections = shard.write_shard(upload.files(), upload.xorbs())
    assert sections[48:] == bytes(upload.body[48 : len(sections)])
    for listed in upload.xorbs():
        index = indexes[listed.xorb_hash]
        assert (listed.joined_hashes, listed.raw_end) == (index.joined_hashes, index.raw_end)


@pytest.mark.parametrize("name", ["hf_xet-1.1.3", "local-1.8.0"])
def test_a_recorded_footer_is_read_and_written_again(name: str) -> None:
    folder = Path(__file__).parent / "xet" / name
    xorbs, indexes, _, _ = load(folder)
    for digest, octets in xorbs.items():
        index = indexes[digest]
        assert xorb.read_footer(octets) == index
        ours, theirs = xorb.serialize_footer(index), octets[index.physical_bytes :]
        # Before the length lie 16 bytes that mean nothing: that release fills them at random.
        assert (ours[:-20], ours[-4:]) == (theirs[:-20], theirs[-4:])


@pytest.mark.parametrize("name", ["hf_xet-1.1.10", "hf_xet-1.8.0", "local-1.8.0"])
def test_files_are_cut_as_in_the_recording(name: str) -> None:
    _, indexes, upload, facts = load(Path(__file__).parent / "xet" / name)
    terms = {found.file_hash: found.terms for found in upload.files()}
    for file_name, octets in CONTENTS.items():
        recorded = [
            chunk
            for term in terms[hash_from_hex(facts["files"][file_name]["hash"])]
            for chunk in indexes[term.xorb_hash].chunks(term.chunk_start, term.chunk_end)
        ]
        assert recorded == [(chunk_hash(chunk), len(chunk)) for chunk in split(octets)]


def test_key_chunks_are_those_that_the_reference_store_marks() -> None:
    _, _, upload, _ = load(Path(__file__).parent / "xet" / "local-1.8.0")
    first_chunks = {
        (term.xorb_hash, term.chunk_start) for found in upload.files() for term in found.terms[:1]
    }
    for listed in upload.xorbs():
        expected = {
            chunk
            for chunk in range(len(listed))
            if is_key_chunk(listed.chunk_hash(chunk)) or (listed.xorb_hash, chunk) in first_chunks
        }
        assert set(listed.key_chunks) == expected


def test_stored_chunks_that_do_not_shrink_are_raw() -> None:
    xorbs, indexes, _, _ = load(Path(__file__).parent / "xet" / "hf_xet-1.8.0")
    for digest, octets in xorbs.items():
        starts = [0, *indexes[digest].physical_end[:-1]]
        schemes = {ChunkHeader.parse(octets, start).scheme.name for start in starts}
        assert schemes == {"NONE", "LZ4", "BG4_LZ4"}
