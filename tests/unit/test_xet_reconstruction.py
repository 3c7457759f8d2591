"""Reconstruction: what a client does with the answer gives exactly the bytes asked for."""

import json
import random
from itertools import pairwise
from typing import Any

import pytest

from groundswell.core.errors import Malformed, RangeNotSatisfiable
from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.reconstruction import reconstruct, to_v1, to_v2
from groundswell.wire.shard import ShardFile, Term, Terms
from groundswell.wire.xorb import decode_records
from tests.unit.xet_samples import content, pack

BASE = content("random", 600_000, 1)
TEXT = content("text", 300_000, 2)
PACKED = pack(
    [
        BASE,
        TEXT,
        BASE[:200_000] + TEXT[:150_000] + BASE[200_000:],
        BASE[300_000:] + BASE[:300_000],
        content("zeros", 500_000, 0),
        TEXT[:131_072] * 4,
        b"tiny",
        content("dense", 200_000, 5),
    ],
    chunks_per_xorb=5,
)
FILES = list(PACKED.files.values())


def url_for(xorb: str, first: int, last: int) -> str:
    return f"{xorb}/{first}/{last}"


def fetch(url: str, span: dict[str, int]) -> list[bytes]:
    """Ask for bytes as the client does; the URL grants these and no others."""
    xorb, first, last = url.split("/")
    assert (int(first), int(last)) == (span["start"], span["end"])
    records = PACKED.records[hash_from_hex(xorb)]
    assert span["end"] < len(records)
    return [bytes(chunk) for chunk in decode_records(records[span["start"] : span["end"] + 1])]


def rebuild(answer: dict[str, Any], ranges: dict[str, list[tuple[range, list[bytes]]]]) -> bytes:
    octets = b""
    for term in answer["terms"]:
        start, end = term["range"]["start"], term["range"]["end"]
        holding = [
            chunks[start - numbers.start : end - numbers.start]
            for numbers, chunks in ranges[term["hash"]]
            if numbers.start <= start and end <= numbers.stop
        ]
        assert len(holding) == 1, "each term lies in one range"
        part = b"".join(holding[0])
        assert len(part) == term["unpacked_length"]
        octets += part
    return octets[answer["offset_into_first_range"] :]


def follow_v1(answer: dict[str, Any]) -> bytes:
    ranges = {
        xorb: [
            (range(e["range"]["start"], e["range"]["end"]), fetch(e["url"], e["url_range"]))
            for e in entries
        ]
        for xorb, entries in answer["fetch_info"].items()
    }
    return rebuild(answer, ranges)


def follow_v2(answer: dict[str, Any]) -> bytes:
    ranges = {
        xorb: [
            (range(r["chunks"]["start"], r["chunks"]["end"]), fetch(entry["url"], r["bytes"]))
            for entry in entries
            for r in entry["ranges"]
        ]
        for xorb, entries in answer["xorbs"].items()
    }
    return rebuild(answer, ranges)


def check(file: ShardFile, first: int, last: int | None) -> None:
    octets = PACKED.contents[file.file_hash]
    expected = octets[first:] if last is None else octets[first : last + 1]
    plan = reconstruct(file.terms, PACKED.indexes.__getitem__, first, last)
    for answer, follow in ((to_v1(plan, url_for), follow_v1), (to_v2(plan, url_for), follow_v2)):
        got = follow(json.loads(json.dumps(answer)))
        assert got[: len(expected)] == expected
        assert len(got) - len(expected) < 131_072, "nothing beyond the last chunk"
    index = PACKED.indexes[plan.terms[0].xorb_hash]
    start, end = index.raw_range(plan.terms[0].chunk_start, plan.terms[0].chunk_start + 1)
    assert plan.skip_bytes < end - start, "the first chunk is needed"
    for spans in plan.spans.values():
        for one, two in pairwise(spans):
            assert one.chunk_end < two.chunk_start, "in order, apart"


@pytest.mark.parametrize("number", range(len(FILES)))
def test_random_ranges_of_every_file(number: int) -> None:
    file, seeded = FILES[number], random.Random(number)
    size = file.size_bytes
    check(file, 0, None)
    check(file, 0, 0)
    check(file, size - 1, size - 1)
    check(file, size - 1, None)
    check(file, 0, size * 10)
    for _ in range(12):
        first = seeded.randrange(size)
        check(file, first, seeded.randrange(first, size))


def test_ranges_that_touch_term_and_chunk_ends() -> None:
    file = FILES[2]
    ends = [int(end) for end in file.terms.ends()]
    for end in ends[:-1]:
        for first, last in (
            (end - 1, end - 1),
            (end, end),
            (end - 1, end),
            (0, end - 1),
            (end, None),
        ):
            check(file, first, last)


def test_a_range_past_the_end_is_not_satisfiable() -> None:
    size = FILES[0].size_bytes
    for first, last in ((size, None), (size, size), (size + 10**12, None), (5, 4), (-1, 3)):
        with pytest.raises(RangeNotSatisfiable) as caught:
            reconstruct(FILES[0].terms, PACKED.indexes.__getitem__, first, last)
        assert caught.value.size_bytes == size


def test_the_empty_file_has_no_terms_and_no_range() -> None:
    plan = reconstruct(Terms(), PACKED.indexes.__getitem__)
    assert to_v2(plan, url_for) == {"offset_into_first_range": 0, "terms": [], "xorbs": {}}
    assert to_v1(plan, url_for) == {"offset_into_first_range": 0, "terms": [], "fetch_info": {}}
    with pytest.raises(RangeNotSatisfiable):
        reconstruct(Terms(), PACKED.indexes.__getitem__, 0, 10)


def test_repeated_terms_are_fetched_once() -> None:
    repeated = FILES[5]
    plan = reconstruct(repeated.terms, PACKED.indexes.__getitem__)
    assert len(plan.terms) > sum(len(spans) for spans in plan.spans.values())


def test_only_xorbs_of_the_range_are_asked_for() -> None:
    asked: list[bytes] = []

    def index_of(name: bytes) -> Any:
        asked.append(name)
        return PACKED.indexes[name]

    terms = FILES[0].terms
    assert len(terms.xorb_hashes()) > 1
    reconstruct(terms, index_of, 0, 0)
    assert set(asked) == {terms[0].xorb_hash}


def test_terms_that_do_not_fit_their_xorb_are_refused() -> None:
    name, index = next(iter(PACKED.indexes.items()))
    for term in (
        Term(name, index.raw_bytes - 1, 0, len(index)),
        Term(name, index.raw_bytes, 0, len(index) + 1),
    ):
        with pytest.raises(Malformed):
            reconstruct(Terms.of([term]), PACKED.indexes.__getitem__, 0, 0)
