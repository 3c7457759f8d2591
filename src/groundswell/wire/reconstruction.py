"""Which chunks rebuild a range of a file, and the two JSON forms in which clients are told.

Knows the terms of a file, the indexes of their xorbs and the rules of the answer (Xet protocol,
reconstruction): whole chunks, chunk ranges half-open, byte ranges inclusive, each term inside one
range of its xorb. Does not know who may read, nor how a URL is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from groundswell.core.errors import Malformed, RangeNotSatisfiable
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import Term, Terms
from groundswell.wire.xorb import XorbIndex

# (xorb hash as text, first byte, last byte) -> where to get those bytes.
UrlFor: TypeAlias = Callable[[str, int, int], str]


class XorbSpan(NamedTuple):
    """Chunks [chunk_start, chunk_end) of a xorb and the bytes of their records, last included."""

    chunk_start: int
    chunk_end: int
    first_byte: int
    last_byte: int


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """How to rebuild a range: skip ``skip_bytes`` of the first term, then take all terms in turn.

    The terms may yield more than was asked for, up to the end of the last chunk. ``spans`` holds,
    for each xorb, what to fetch of it: in order, apart from one another, each term within one.
    """

    skip_bytes: int
    terms: tuple[Term, ...]
    spans: dict[bytes, tuple[XorbSpan, ...]]


def reconstruct(
    terms: Terms,
    index_of: Callable[[bytes], XorbIndex],
    first_byte: int = 0,
    last_byte: int | None = None,
) -> Reconstruction:
    """How to rebuild bytes ``first_byte`` to ``last_byte`` (included; clipped to the end).

    ``index_of`` gives the index of a xorb by its hash; its errors pass through. It is asked only
    for xorbs of the range, once for each and once more for those of its first and last term.

    Raises:
        RangeNotSatisfiable: when the range begins past the end. The whole of an empty file is not
            a range, and has no terms.
        Malformed: when a term is not in its xorb.
    """
    ends = terms.ends()
    size_bytes = int(ends[-1]) if len(ends) else 0
    if size_bytes == 0 and first_byte == 0 and last_byte is None:
        return Reconstruction(0, (), {})
    end_byte = size_bytes if last_byte is None else min(last_byte + 1, size_bytes)
    if not 0 <= first_byte < end_byte:
        raise RangeNotSatisfiable(size_bytes)
    start_term = int(np.searchsorted(ends, first_byte, side="right"))
    last_term = int(np.searchsorted(ends, end_byte - 1, side="right"))
    chosen = list(terms[start_term : last_term + 1])
    skip_bytes = 0
    # Only the outer terms can reach beyond the range; shards were checked when they came.
    for number in {start_term, last_term}:
        term = chosen[number - start_term]
        term_start = int(ends[number]) - term.unpacked_bytes
        low, high = max(first_byte - term_start, 0), min(end_byte - term_start, term.unpacked_bytes)
        trimmed, skipped = _trim(term, index_of(term.xorb_hash), low, high)
        chosen[number - start_term] = trimmed
        if number == start_term:
            skip_bytes = skipped
    return Reconstruction(skip_bytes, tuple(chosen), _spans(chosen, index_of))


def to_v1(plan: Reconstruction, url_for: UrlFor) -> dict[str, Any]:
    """The answer to ``GET /v1/reconstructions``."""
    fetch_info = {}
    for xorb_hash, spans in plan.spans.items():
        name = hash_to_hex(xorb_hash)
        fetch_info[name] = [
            {
                "range": {"start": span.chunk_start, "end": span.chunk_end},
                "url": url_for(name, span.first_byte, span.last_byte),
                "url_range": {"start": span.first_byte, "end": span.last_byte},
            }
            for span in spans
        ]
    return {**_head(plan), "fetch_info": fetch_info}


def to_v2(plan: Reconstruction, url_for: UrlFor) -> dict[str, Any]:
    """The answer to ``GET /v2/reconstructions``: one URL for each span, so that it grants no more.

    The form would allow one URL for many spans of a xorb.
    """
    xorbs = {}
    for xorb_hash, spans in plan.spans.items():
        name = hash_to_hex(xorb_hash)
        xorbs[name] = [
            {
                "url": url_for(name, span.first_byte, span.last_byte),
                "ranges": [
                    {
                        "chunks": {"start": span.chunk_start, "end": span.chunk_end},
                        "bytes": {"start": span.first_byte, "end": span.last_byte},
                    }
                ],
            }
            for span in spans
        ]
    return {**_head(plan), "xorbs": xorbs}


def _head(plan: Reconstruction) -> dict[str, Any]:
    return {
        "offset_into_first_range": plan.skip_bytes,
        "terms": [
            {
                "hash": hash_to_hex(term.xorb_hash),
                "unpacked_length": term.unpacked_bytes,
                "range": {"start": term.chunk_start, "end": term.chunk_end},
            }
            for term in plan.terms
        ],
    }


def _trim(term: Term, index: XorbIndex, low: int, high: int) -> tuple[Term, int]:
    """The chunks of a term that hold its bytes [low, high), and how many bytes come before."""
    raw_start, raw_end = index.raw_range(term.chunk_start, term.chunk_end)
    if raw_end - raw_start != term.unpacked_bytes:
        raise Malformed("term", f"states {term.unpacked_bytes} bytes of {raw_end - raw_start}")
    chunk_start = index.chunk_at(raw_start + low)
    chunk_end = index.chunk_at(raw_start + high - 1) + 1
    trimmed_start, trimmed_end = index.raw_range(chunk_start, chunk_end)
    trimmed = Term(term.xorb_hash, trimmed_end - trimmed_start, chunk_start, chunk_end)
    return trimmed, raw_start + low - trimmed_start


def _spans(
    terms: Iterable[Term], index_of: Callable[[bytes], XorbIndex]
) -> dict[bytes, tuple[XorbSpan, ...]]:
    ranges: dict[bytes, list[tuple[int, int]]] = {}
    for term in terms:
        ranges.setdefault(term.xorb_hash, []).append((term.chunk_start, term.chunk_end))
    spans = {}
    for xorb_hash, unmerged in ranges.items():
        # One index at a time: a large file has thousands.
        index = index_of(xorb_hash)
        merged = []
        for start, end in _merge(unmerged):
            first_byte, end_byte = index.physical_range(start, end)
            merged.append(XorbSpan(start, end, first_byte, end_byte - 1))
        spans[xorb_hash] = tuple(merged)
    return spans


def _merge(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges in order, those that overlap or touch made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
