"""Formats of packs (docs/formats/pack.md): articles, text shards, `pack.json`, tables, citations."""

from __future__ import annotations

import io
import json
import struct
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundswell.ask.packs.table import open_table, pack_table
from groundswell.core.errors import Corrupt, Malformed
from groundswell.wire.documents import DocumentLink
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
from tests.unit.pack_articles import article, words

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FULL = replace(
    article(
        "a/b#1.md",
        "# Höhe",
        "Text 東京 🏔 one.",
        "f: K — key: 1",
        "i: item",
        "c: x = 1\ny = 2",
        title="T",
    ),
    links=(DocumentLink(0, 4, "../ü.md"),),
    aliases=("one", "zwei"),
    language="de",
    licence="CC-BY-4.0",
    revision="7",
    address="https://example.org/x",
)


def test_an_article_comes_back_as_it_was() -> None:
    line = pack_article(FULL)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert unpack_article(line) == FULL
    assert pack_article(unpack_article(line)) == line


def test_an_empty_article_comes_back() -> None:
    empty = article("e")
    assert unpack_article(pack_article(empty)) == empty


LIES: list[tuple[str, Any]] = [
    ("blocks", [["t", 1]]),
    ("blocks", [["t", -5], ["t", 5]]),
    ("blocks", [["x", 4]]),
    ("blocks", [["h9", 4]]),
    ("blocks", [["t", 10**400]]),
    ("blocks", {"t": 1}),
    ("links", [[0, 99, "x"]]),
    ("links", [[3, 1, "x"]]),
    ("links", [[0, 1, "\ud800"]]),
    ("aliases", ["\udfff"]),
    ("aliases", [1]),
    ("title", None),
    ("text", ["a"]),
    ("path", "\ud83c"),
    ("licence", 3),
]


@pytest.mark.parametrize(("name", "value"), LIES)
def test_articles_that_lie_are_malformed(name: str, value: Any) -> None:
    said = json.loads(pack_article(article("a", "text")))
    said[name] = value
    with pytest.raises(Malformed):
        unpack_article(json.dumps(said).encode())


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{}", b"null", b"[" * 100_000, b"\xff", b"1" * 9_000_000]
)
def test_lines_that_are_no_articles(line: bytes) -> None:
    with pytest.raises(Malformed):
        unpack_article(line)


def shard_of(data: bytes) -> TextShard:
    return TextShard(lambda start, stop: data[start:stop], len(data))


def test_a_text_shard_gives_its_articles_frame_by_frame() -> None:
    made = [article(f"p{n:04}", words(900, f"w{n}x")) for n in range(60)]
    data = b"".join(write_shard(made))
    shard = shard_of(data)
    assert shard.articles == 60
    assert len(shard.frames) > 4
    assert [unpack_article(x) for frame in shard.frames for x in shard.read_frame(frame)] == made
    for number, each in enumerate(made):
        frame = shard.frame_of(number)
        assert frame == shard.frame_with(each.path)
        assert unpack_article(shard.read_frame(frame)[number - frame.first_article]) == each
    assert shard.frame_with("a") is None


def test_any_zstd_program_prints_a_shard() -> None:
    """The index is a skippable frame, which zstd passes over."""
    made = [article("a", "one"), article("b", "two")]
    data = b"".join(write_shard(made))
    decompressed, rest = b"", data
    while rest:
        decompressor = zstd.ZstdDecompressor()
        decompressed += decompressor.decompress(rest)
        rest = decompressor.unused_data
    assert decompressed == b"".join(map(pack_article, made))


def test_articles_that_come_in_no_order_make_no_shard() -> None:
    with pytest.raises(ValueError, match="does not come after"):
        b"".join(write_shard([article("b", "x"), article("a", "x")]))
    with pytest.raises(ValueError, match="does not come after"):
        b"".join(write_shard([article("a", "x"), article("a", "x")]))


def with_index(frames: object, body: bytes = b"") -> bytes:
    index = frames if isinstance(frames, bytes) else json.dumps({"frames": frames}).encode()
    tail = index + struct.pack("<I8s", len(index), b"gsw-text")
    return body + struct.pack("<II", 0x184D2A5E, len(tail)) + tail


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * 100,
        with_index([[5, 1, "a"]]),
        with_index([[-5, 1, "a"], [5, 1, "b"]]),
        with_index([[0, 0, "a"]]),
        with_index({"a": 1}),
        with_index(b"[" * 100_000),
        with_index(b"[]"),
        with_index([[1, 1, "a"]] * 131_073, b"x" * 131_073),
        struct.pack("<I8s", 0xFFFFFFFF, b"gsw-text") * 2,
    ],
)
def test_shards_that_lie_are_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        shard_of(data)


def test_a_frame_that_is_a_bomb_is_malformed() -> None:
    body = zstd.compress(b"\n" * (64 << 20), 3)
    shard = shard_of(with_index([[len(body), 5, "a"]], body))
    with pytest.raises(Malformed, match="longer"):
        shard.read_frame(shard.frames[0])


ID = "0123456789abcdef" * 2


def manifest(**said: Any) -> Manifest:
    shard = Shard(ID, ID[::-1], (Segment(ID, 2),), Counts(1, 2, 3, 4), "a", {"m-1": ID}, ID)
    return replace(
        Manifest("T", ("en",), "MIT", "by me", ({"kind": "x"},), {"text": "z"}, (shard,)),
        **said,
    )


def test_a_manifest_comes_back_as_it_was() -> None:
    made = manifest()
    data = pack_manifest(made)
    assert unpack_manifest(data) == made
    assert pack_manifest(unpack_manifest(data)) == data
    assert made.counts == Counts(1, 2, 3, 4)
    assert len(made.files()) == 2 + 6 + 1 + 1


def test_models_of_vectors_come_back_and_a_pack_without_any_says_nothing_of_them() -> None:
    made = manifest(vectors={"m-1": VectorModel(ID, ID[::-1])})
    assert unpack_manifest(pack_manifest(made)) == made
    assert made.files()[-2:] == [
        f"index/vectors/m-1/{ID}.pieces",
        f"index/vectors/m-1/{ID[::-1]}.npy",
    ]
    assert "vectors" not in json.loads(pack_manifest(manifest()))


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [1],
        5,
        {"m": ID},
        {"m": {"pieces": ID}},
        {"../m": {"pieces": ID, "table": ID}},
        {"m": {"pieces": "../x", "table": ID}},
        {f"m{n}": {"pieces": ID, "table": ID} for n in range(9)},
    ],
)
def test_models_that_cannot_be_are_malformed(bad: Any) -> None:
    said = json.loads(pack_manifest(manifest()))
    with pytest.raises(Malformed):
        unpack_manifest(json.dumps(said | {"vectors": bad}).encode())


BAD_IDS = ["../../../etc/passwd", "a/b", ID.upper(), ID + "\n", ID[1:], "", None, 5, "٠" * 32]


@pytest.mark.parametrize("bad", BAD_IDS)
def test_ids_are_names_of_bytes_and_never_paths(bad: Any) -> None:
    said = json.loads(pack_manifest(manifest()))
    for name in ("text", "passages"):
        with pytest.raises(Malformed):
            unpack_manifest(_changed(said, name, bad))
    with pytest.raises(Malformed):
        unpack_manifest(_changed(said, "segments", [[bad, 2]]))
    with pytest.raises(Malformed):
        unpack_manifest(_changed(said, "vectors", {"m": bad}))
    with pytest.raises(Malformed):
        unpack_manifest(_changed(said, "vectors", {f"../{ID}": ID}))
    if bad:
        with pytest.raises(Malformed):
            unpack_manifest(_changed(said, "graph", bad))


def _changed(said: dict[str, Any], name: str, value: Any) -> bytes:
    return json.dumps({**said, "shards": [{**said["shards"][0], name: value}]}).encode()


HOSTILE: list[tuple[str, Any]] = [
    ("counts", {"articles": 1, "passages": 10**30, "links": 0, "characters": 0}),
    ("counts", {"articles": -1, "passages": 2, "links": 0, "characters": 0}),
    ("counts", {"articles": True, "passages": 2, "links": 0, "characters": 0}),
    ("counts", []),
    ("counts", None),
    ("segments", [[ID, 1]]),
    ("segments", [[ID]]),
    ("segments", 5),
    ("segments", [[]]),
    ("segments", [[ID, 0]] * 100 + [[ID, 2]]),
    ("vectors", []),
    ("first", "x" * 30_000),
]


@pytest.mark.parametrize(("name", "value"), HOSTILE)
def test_hostile_shards_are_malformed(name: str, value: Any) -> None:
    with pytest.raises(Malformed):
        unpack_manifest(_changed(json.loads(pack_manifest(manifest())), name, value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"[" * 100_000,
        b'{"format": "groundswell-pack/2"}',
        b"\xff",
        b" " * (17 << 20),
    ]
    + [
        json.dumps({"format": "groundswell-pack/1", "shards": each}).encode()
        for each in (None, {}, 5, "x", [[]], [None], [5])
    ],
)
def test_what_is_no_manifest_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        unpack_manifest(data)


def test_many_shards_are_refused_and_so_is_one_twice() -> None:
    (shard,) = manifest().shards
    with pytest.raises(Malformed, match="twice"):
        unpack_manifest(pack_manifest(manifest(shards=(shard, shard))))
    many = tuple(replace(shard, text=f"{n:032x}") for n in range(8_193))
    with pytest.raises(Malformed, match="too many"):
        unpack_manifest(pack_manifest(manifest(shards=many)))


def test_a_table_is_what_numpy_reads(tmp_path: Path) -> None:
    rows = [(0, 1, 2, -1), (3, 4, 2**31 - 1, 6)]
    data = pack_table(rows)
    assert np.load(io.BytesIO(data)).tolist() == [list(row) for row in rows]
    (tmp_path / "t").write_bytes(data)
    assert open_table(tmp_path / "t", 2).tolist() == [list(row) for row in rows]
    (tmp_path / "none").write_bytes(pack_table([]))
    assert open_table(tmp_path / "none", 0).shape == (0, 4)


def test_a_table_that_lies_is_corrupt(tmp_path: Path) -> None:
    data = pack_table([(0, 1, 2, 3)])
    path = tmp_path / "t"
    for bad in (b"", data[:-1], data + b"x", b"PK\x03\x04" + data, data.replace(b"<i4", b"|O8")):
        path.write_bytes(bad)
        with pytest.raises(Corrupt):
            open_table(path, 1)
    path.write_bytes(data)
    for rows in (0, 2, 1 << 39):
        with pytest.raises(Corrupt):
            open_table(path, rows)
    with pytest.raises(Corrupt):
        open_table(tmp_path / "gone", 1)


ODD = [
    "a.md",
    "a b/c#d?e.md",
    "100%/x%20y",
    "東京/ü.md",
    "x@y:z",
    "a'\"<>&",
    "\n\t",
    "é" * 2000,
    "#char=1,2",
]


@pytest.mark.parametrize("path", ODD)
@pytest.mark.parametrize("revision", ["a" * 40, "0" * 64])
def test_citations_come_back_whatever_the_path(path: str, revision: str) -> None:
    made = Citation("ann/my-pack", revision, path, 3, 9, span_sha256("x"))
    assert parse_citation(made.address, made.sha256) == made
    assert made.address.startswith("hub://" if len(revision) == 40 else "file://")
    assert made.as_json()["address"] == made.address


def test_a_citation_holds_for_its_characters_only() -> None:
    made = Citation("a/b", "a" * 40, "x", 2, 5, span_sha256("🏔東c"))
    assert made.holds("ab🏔東cde")
    assert not made.holds("ab🏔東xde")
    assert not made.holds("")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hub://a/b/x#char=1,2",
        "hub://a/b@main/x#char=1,2",
        f"hub://a/b@{'a' * 64}/x#char=1,2",
        f"file://a@{'a' * 40}/x#char=1,2",
        f"hub://a/b@{'a' * 40}/x#char=2,2",
        f"hub://a/b@{'a' * 40}/x#char=5,2",
        f"hub://a/b@{'a' * 40}/x#char=1,99999999999",
        f"hub://a/b@{'a' * 40}/x",
        f"http://a/b@{'a' * 40}/x#char=1,2",
        f"hub://a/b@{'a' * 40}/{'x' * 20_000}#char=1,2",
        f"hub://a/b@{'a' * 40}/x#char=1,2\n",
    ],
)
def test_what_is_no_citation_is_malformed(address: str) -> None:
    with pytest.raises(Malformed):
        parse_citation(address, "0" * 64)
    with pytest.raises(Malformed):
        parse_citation(f"hub://a/b@{'a' * 40}/x#char=1,2", "0" * 63)
