"""Packs: what is written comes back; what is flipped or cut is refused; passages lose no word."""

from __future__ import annotations

import contextlib
import json
import re
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.ask.calibration import GENERAL, pack_calibration, parse_calibration
from groundswell.ask.packs import planning
from groundswell.ask.packs.passages import WORDS_MAX, cut_passages
from groundswell.ask.packs.planning import Plan, make_plan
from groundswell.ask.packs.sources import Document
from groundswell.ask.packs.table import open_table, pack_table
from groundswell.ask.sentences import sentences
from groundswell.core.errors import Corrupt, Malformed
from groundswell.wire.documents import Article, ArticleText, BlockKind, DocumentLink
from groundswell.wire.packs import (
    Citation,
    Counts,
    Manifest,
    Segment,
    Shard,
    TextShard,
    VectorModel,
    pack_article,
    pack_manifest,
    parse_citation,
    span_sha256,
    unpack_article,
    unpack_manifest,
    write_shard,
)

QUICK = settings(deadline=None)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
PROSE = st.lists(
    st.sampled_from(
        [
            "word",
            "The",
            "e.g.",
            "Dr.",
            "end.",
            "so?!",
            "“Yes.”",
            "3.",
            "5.5",
            "…",
            "東京。",
            "(a)",
            "---",
            "x" * 50,
        ]
    ),
    min_size=1,
    max_size=400,
).map(" ".join)
KINDS = [kind for kind in BlockKind if kind is not BlockKind.HEADING]


@st.composite
def articles(draw: st.DrawFn, path: st.SearchStrategy[str] = TEXT) -> Article:
    text = ArticleText()
    for _ in range(draw(st.integers(0, 8))):
        level = draw(st.integers(0, 6))
        kind = BlockKind.HEADING if level else draw(st.sampled_from(KINDS))
        text.add(kind, draw(PROSE if draw(st.booleans()) else TEXT), level)
    whole, blocks, _ = text.done()
    links = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(whole)))
        links.append(DocumentLink(start, draw(st.integers(start, len(whole))), draw(TEXT)))
    said = {name: draw(TEXT) for name in ("title", "language", "licence", "revision", "address")}
    aliases = tuple(draw(st.lists(TEXT, max_size=3)))
    return Article(
        draw(path), text=whole, blocks=blocks, links=tuple(links), aliases=aliases, **said
    )


def shard_of(data: bytes) -> TextShard:
    def read(start: int, stop: int) -> bytes:
        assert 0 <= start <= stop <= len(data)
        return data[start:stop]

    return TextShard(read, len(data))


@QUICK
@given(articles())
def test_articles_come_back(made: Article) -> None:
    line = pack_article(made)
    assert line.index(b"\n") == len(line) - 1
    assert unpack_article(line) == made


@QUICK
@given(st.lists(articles(), max_size=6, unique_by=lambda each: each.path))
def test_shards_come_back(made: list[Article]) -> None:
    made.sort(key=lambda each: each.path)
    shard = shard_of(b"".join(write_shard(made)))
    assert [unpack_article(x) for frame in shard.frames for x in shard.read_frame(frame)] == made
    for number, each in enumerate(made):
        assert shard.frame_with(each.path) == shard.frame_of(number)


@QUICK
@given(articles())
def test_passages_hold_every_word_of_every_block_once_and_in_order(made: Article) -> None:
    cut = cut_passages(made)
    headings = [block for block in made.blocks if block.kind is BlockKind.HEADING]
    for one, other in pairwise(cut):
        assert one.stop <= other.start
    at = 0
    outside = []
    for passage in cut:
        assert 0 <= passage.start < passage.stop <= len(made.text)
        assert len(re.findall(r"\w+", made.text[passage.start : passage.stop])) <= WORDS_MAX
        assert not any(passage.start < each.stop and each.start < passage.stop for each in headings)
        before = [each.start for each in headings if each.start < passage.start]
        assert passage.heading == (before[-1] if before else -1)
        outside.append((at, passage.start))
        at = passage.stop
    outside.append((at, len(made.text)))
    left = [n for start, stop in outside for n in range(start, stop) if not made.text[n].isspace()]
    assert all(any(each.start <= n < each.stop for each in headings) for n in left)


@QUICK
@given(PROSE | st.text())
def test_sentences_lie_in_order_and_lose_nothing_but_space(text: str) -> None:
    found = sentences(text)
    for one, other in pairwise(found):
        assert one[1] <= other[0]
    pieces = [text[start:stop] for start, stop in found]
    assert all(piece and piece == piece.strip() for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert sentences(text) == found


# --- bytes of strangers ---------------------------------------------------------------------------

ID = "0123456789abcdef" * 2


def _articles() -> list[Article]:
    text = ArticleText()
    text.add(BlockKind.HEADING, "Höhe", 1)
    text.add(BlockKind.TEXT, "The lake is 109 m deep. " * 20)
    whole, blocks, _ = text.done()
    return [
        Article(f"p{n:02}", f"T{n}", whole, blocks, (DocumentLink(0, 2, "x"),), ("a",))
        for n in range(90)
    ]


LINE = pack_article(_articles()[0])
SHARD = b"".join(write_shard(_articles()))
MANIFEST = pack_manifest(
    Manifest(
        "T", ("en",), "MIT", "by", ({"kind": "x"},), {"lexical": {"analyser": "words-1"}},
        (Shard(ID, ID[::-1], (Segment(ID, 2),), Counts(1, 2, 3, 4), "a", {"m-1": ID}, ID),),
        {"m-1": VectorModel(ID, ID[::-1])},
    )
)  # fmt: skip
CITED = Citation("a/b", "a" * 40, "x y.md", 3, 9, span_sha256("x"))


def read_shard(data: bytes) -> None:
    shard = shard_of(data)
    for frame in shard.frames[:50]:
        with contextlib.suppress(Malformed):
            for line in shard.read_frame(frame)[:100]:
                with contextlib.suppress(Malformed):
                    unpack_article(line)


def read_citation(data: bytes) -> None:
    parse_citation(data.decode("utf-8", "replace"), CITED.sha256)


def read_manifest(data: bytes) -> None:
    for name in unpack_manifest(data).files():
        assert re.fullmatch(r"(text|index/[a-z]+)/([a-z0-9._-]+/)?[a-z0-9._-]+", name), name


READERS: dict[str, tuple[bytes, Any]] = {
    "article": (LINE, unpack_article),
    "shard": (SHARD, read_shard),
    "manifest": (MANIFEST, read_manifest),
    "calibration": (pack_calibration(GENERAL), parse_calibration),
    "citation": (CITED.address.encode(), read_citation),
}


@pytest.mark.parametrize("kind", READERS)
@QUICK
@given(more=st.data())
def test_flipped_and_cut_bytes_are_malformed_or_read(kind: str, more: Any) -> None:
    data, read = READERS[kind]
    changed = bytearray(data)
    for _ in range(more.draw(st.integers(0, 4))):
        place = more.draw(
            st.integers(0, len(data) - 1) | st.integers(max(0, len(data) - 120), len(data) - 1)
        )
        changed[place] = more.draw(st.integers(0, 255))
    if more.draw(st.booleans()):
        changed = changed[: more.draw(st.integers(0, len(data)))]
    started = time.process_time()
    with contextlib.suppress(Malformed):
        read(bytes(changed))
    assert time.process_time() - started < 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("kind", ["article", "manifest", "calibration"])
@QUICK
@given(more=st.data())
def test_any_part_replaced_by_any_value_is_malformed_or_read(kind: str, more: Any) -> None:
    data, read = READERS[kind]
    value = json.loads(data)
    holder, key = value, None
    for _ in range(more.draw(st.integers(1, 5))):
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            break
        key = more.draw(st.sampled_from(keys))
        if not isinstance(holder[key], (dict, list)) or more.draw(st.booleans()):
            break
        if not holder[key]:
            break
        holder = holder[key]
        key = None
    if key is not None:
        holder[key] = more.draw(JSON)
    with contextlib.suppress(Malformed):
        read(json.dumps(value).encode())


@QUICK
@given(more=st.data())
def test_tables_that_are_flipped_or_cut_are_corrupt_or_numbers(
    tmp_path_factory: Any, more: Any
) -> None:
    rows = [(n, n, n + 5, -1) for n in range(20)]
    changed = bytearray(pack_table(rows))
    for _ in range(more.draw(st.integers(0, 3))):
        changed[more.draw(st.integers(0, 140))] = more.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "table"
    path.write_bytes(changed[: more.draw(st.integers(0, len(changed)) | st.just(len(changed)))])
    with contextlib.suppress(Corrupt):
        assert open_table(path, 20).shape == (20, 4)


# --- plans ----------------------------------------------------------------------------------------


class Listed:
    name = "listed"

    def __init__(self, sizes: dict[str, int]) -> None:
        self._sizes = sizes

    def documents(self) -> Any:
        return (Document(path, f"sha-{path}", size) for path, size in self._sizes.items())


def planned(folder: Path, sizes: dict[str, int]) -> tuple[list[list[str]], list[str]]:
    make_plan(folder / "plan", [Listed(sizes)])  # type: ignore[list-item]
    with Plan(folder / "plan") as plan:
        cut = [[each.pack_path for each in plan.shard(number)] for number in range(plan.shards)]
        assert plan.documents == len(sizes)
        return cut, [plan.key(number, {"a": 1}) for number in range(plan.shards)]


SIZES = st.dictionaries(
    TEXT.filter(bool), st.integers(0, 3 * planning.SHARD_BYTES_MIN), min_size=1, max_size=60
)


@settings(deadline=None, max_examples=40)
@given(SIZES)
def test_every_document_is_in_one_shard_and_shards_are_in_order(
    tmp_path_factory: Any, sizes: Any
) -> None:
    cut, keys = planned(tmp_path_factory.getbasetemp(), sizes)
    assert [path for shard in cut for path in shard] == sorted(
        sizes, key=lambda each: each.encode()
    )
    assert all(cut)
    assert len(set(keys)) == len(keys)
    for shard in cut:
        assert len(shard) == 1 or sum(sizes[path] for path in shard) <= planning.SHARD_BYTES_MAX


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(0, 5))
def test_a_document_more_changes_few_shards(tmp_path_factory: Any, seed: int, place: int) -> None:
    folder = tmp_path_factory.getbasetemp()
    sizes = {f"{seed}/{number:04}": 100_000 + number for number in range(3_000)}
    _, before = planned(folder, sizes)
    _, after = planned(folder, sizes | {f"{seed}/{place * 590:04}x": 50_000})
    assert len(before) > 20
    assert len(set(after) - set(before)) <= 4
    assert planned(folder, dict(reversed(sizes.items())))[1] == before
