"""The reader of ZIM archives (docs/formats/zim.md): beside libzim, by hand, and lied to."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from libzim.reader import Archive as Libzim
from libzim.writer import Compression, Creator, Hint, Item, StringProvider

from groundswell.core.errors import Malformed
from groundswell.wire.documents import read_document
from groundswell.wire.zim import Archive, EntryKind, Joined, Limits
from tests.unit.document_files import WIKIPEDIA
from tests.unit.zim_files import MEDIA, Made, simple

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def opened(data: bytes, limits: Limits | None = None) -> Archive:
    return Archive(lambda start, stop: data[start:stop], len(data), limits)


class Page(Item):
    def __init__(self, path: Any, title: Any, media: Any, content: Any) -> None:
        super().__init__()
        self.said = (path, title, media, content)

    def get_path(self) -> Any:
        return self.said[0]

    def get_title(self) -> Any:
        return self.said[1]

    def get_mimetype(self) -> Any:
        return self.said[2]

    def get_contentprovider(self) -> Any:
        return StringProvider(self.said[3])

    def get_hints(self) -> Any:
        return {Hint.FRONT_ARTICLE: self.said[2] == "text/html"}


def written(path: Path, compression: Any) -> dict[str, bytes]:
    """Some hundred articles, pictures and redirects, as libzim writes them."""
    dice = random.Random(7)
    words = ["apple", "bear", "Kälte", "東京", "delta", "<b>bold</b>", "1,234"]
    contents: dict[str, bytes] = {}
    creator = Creator(path).config_indexing(True, "eng").config_clustersize(20_000)
    with creator.config_compression(compression).set_mainpath("page4") as out:
        for number in range(600):
            text = " ".join(dice.choices(words, k=dice.randint(0, 200)))
            name = f"page{number}" if number % 3 else f"Ärger/{number}?x"
            contents[name] = f"<html><body><p>{text}</p></body></html>".encode()
            out.add_item(Page(name, f"Title {number}", "text/html", contents[name]))
        for number in range(40):
            contents[f"p/{number}.png"] = dice.randbytes(dice.randint(0, 60_000))
            out.add_item(Page(f"p/{number}.png", "", "image/png", contents[f"p/{number}.png"]))
        for number in range(50):
            out.add_redirection(f"alias{number}", f"Alias {number}", f"page{number * 3 + 1}", {})
        out.add_metadata("Title", "Ein Archiv")
        out.add_metadata("Language", "deu")
        out.add_metadata("License", "CC-BY-SA-4.0")
    return contents


@pytest.mark.parametrize("compression", [Compression.none, Compression.zstd])
def test_reads_what_libzim_reads_byte_by_byte(tmp_path: Path, compression: Any) -> None:
    path = tmp_path / "made.zim"
    contents = written(path, compression)
    theirs, ours = Libzim(path), opened(path.read_bytes())
    assert ours.entry_count == theirs.all_entry_count
    assert ours.header.uuid == theirs.uuid.bytes
    for number, entry in enumerate(ours.entries()):
        their = theirs._get_entry_by_id(number)
        assert (entry.name, entry.title) == (their.path, their.title)
        assert (entry.kind is EntryKind.REDIRECT) == their.is_redirect
        item = their.get_item()
        assert ours.content(entry) == bytes(item.content), entry.path
        assert ours.resolved(entry).media_type == item.mimetype
        assert ours.content_bytes(entry) == item.size
    for name, content in contents.items():
        found = ours.find(f"C/{name}")
        assert found is not None
        assert ours.content(found) == content
    alias = ours.find("C/alias2")
    assert alias is not None
    assert ours.resolved(alias).path == "C/page7"
    assert sorted(ours.metadata_names()) == sorted(theirs.metadata_keys)
    assert ours.metadata_text("License") == "CC-BY-SA-4.0"
    main = ours.main_page()
    assert main is not None
    assert main.name == "page4"
    assert {entry.name for entry in ours.articles()} == {n for n in contents if "png" not in n}
    assert [e.number for e in ours.stored()] != [e.number for e in ours.entries()]
    kept = {e.number for e in ours.entries() if e.kind is EntryKind.CONTENT}
    assert {e.number for e in ours.stored()} == kept
    ours.verify()


@pytest.mark.parametrize("version", [(5, 0), (6, 0), (6, 1), (6, 3)])
@pytest.mark.parametrize("packing", [0, 1, 4, 5])
@pytest.mark.parametrize("long_offsets", [False, True])
def test_reads_every_version_packing_and_width(
    version: Any, packing: Any, long_offsets: Any
) -> None:
    made = simple(version=version, packing=packing, long_offsets=long_offsets)
    archive = opened(made.build())
    archive.verify()
    assert archive.media_types == MEDIA
    assert [entry.path for entry in archive.entries()][-3:] == [
        "C/redirect2",
        "M/Language",
        "M/Title",
    ]
    page, picture = archive.find("C/page4"), archive.find("C/picture.png")
    assert page is not None
    assert picture is not None
    assert archive.content(page) == b"<p>This is page 4.</p>" * 5
    assert archive.content(picture) == bytes(range(256)) * 4
    assert (picture.media_type, picture.title) == ("image/png", "picture.png")
    place = archive.content_place(picture)
    assert (place is None) == (packing in {4, 5})
    assert archive.metadata_text("Title") == "A small one"
    assert archive.metadata("Nothing") is None
    assert archive.find("C/page") is None
    assert archive.find("Z/z") is None
    main = archive.main_page()
    assert main is not None
    assert main.path == "C/page3"
    by_title = [(entry.namespace, entry.title) for entry in archive.by_title()]
    assert by_title == sorted(by_title)
    assert len(by_title) == archive.entry_count


def test_old_archives_list_their_pages_in_a() -> None:
    entries = [
        ("A", "one", "One", b"<p>1</p>"),
        ("A", "two", "", 0),
        ("I", "x.png", "", b"\x89PNG"),
    ]
    entries += [("A", "was", "Was here", None), ("-", "style", "", b"p {}")]
    archive = opened(Made(entries, version=(5, 0), packing=4).build())
    assert [entry.path for entry in archive.articles()] == ["A/one"]
    gone = archive.find("A/was")
    assert gone is not None
    assert gone.kind is EntryKind.GONE
    with pytest.raises(Malformed, match="no content"):
        archive.content(gone)


def test_parts_of_a_split_archive_are_one() -> None:
    data = simple().build()
    pieces = [data[:100], data[100:101], data[101:600], data[600:]]

    def reader(piece: bytes) -> Any:
        return lambda start, stop: piece[start:stop]

    joined = Joined([(reader(piece), len(piece)) for piece in pieces])
    archive = Archive(joined, joined.size_bytes)
    archive.verify()
    assert len(list(archive.entries())) == 11
    with pytest.raises(Malformed, match=r"first part of a split archive.*cat NAME\.zima"):
        opened(data[:100])


BAD_HEADERS = [
    ({"magic": 1}, "does not begin"),
    ({"major": 4}, "version 4"),
    ({"paths_at": 2**63}, "paths lies outside"),
    ({"paths_at": 0}, "paths lies outside"),
    ({"clusters_at": 2**64 - 1}, "clusters lies outside"),
    ({"titles_at": 2**40}, "titles lies outside"),
    ({"media_at": 2**40}, "media types lies outside"),
    ({"entries": 2**32 - 1}, "paths lies outside"),
    ({"clusters": 2**32 - 1}, "clusters lies outside"),
    ({"checksum_at": 2**40}, "cut off"),
    ({"checksum_at": 100}, "something follows"),
]


@pytest.mark.parametrize(("changes", "why"), BAD_HEADERS)
def test_a_lying_header_is_refused(changes: Any, why: Any) -> None:
    with pytest.raises(Malformed, match=why):
        opened(simple(changes=changes).build())


def test_lists_that_are_missing_are_missed_without_harm() -> None:
    assert list(opened(simple(changes={"titles_at": 2**64 - 1}).build()).by_title()) == []
    assert opened(simple(changes={"main": 2**32 - 1}).build()).main_page() is None


def test_redirects_in_circles_and_long_chains_are_refused() -> None:
    circle = opened(Made([("C", "a", "", 1), ("C", "b", "", 0), ("C", "c", "", b"x")]).build())
    with pytest.raises(Malformed, match="circle"):
        circle.content(circle.entry(0))
    own = opened(Made([("C", "a", "", 0), ("C", "c", "", b"x")]).build())
    with pytest.raises(Malformed, match="circle"):
        own.resolved(own.entry(0))
    chain = [("C", f"r{n:03}", "", n + 1) for n in range(40)] + [("C", "z", "", b"x")]
    long = opened(Made(chain).build())
    with pytest.raises(Malformed, match="more than 16"):
        long.content(long.entry(0))
    assert long.content(long.entry(30)) == b"x"
    away = opened(Made([("C", "a", "", 99), ("C", "c", "", b"x")]).build())
    with pytest.raises(Malformed, match="no entry 99"):
        away.resolved(away.entry(0))


BAD_CLUSTERS = [
    ({"offsets": [12, 4, 12]}, "outside of cluster"),
    ({"offsets": [12, 2**32 - 1, 12]}, "outside of cluster"),
    ({"offsets": [13, 14, 15]}, "is broken"),
    ({"offsets": [0, 0, 0]}, "is broken"),
    ({"offsets": [2**31, 0, 0]}, "is broken"),
    ({"cluster": b""}, "ends in its list"),
    ({"cluster": b"\x04\0\0\0"}, "has no content"),
]


@pytest.mark.parametrize("packing", [0, 5])
@pytest.mark.parametrize(("changes", "why"), BAD_CLUSTERS)
def test_a_lying_cluster_is_refused(changes: Any, why: Any, packing: Any) -> None:
    made = Made([("C", "a", "", b"abc"), ("C", "b", "", b"def")], changes=changes, packing=packing)
    archive = opened(made.build())
    if packing == 0 and why in {"ends in its list", "has no content"}:
        why = "list|no content|outside|broken"  # what follows in the archive is read as the list
    with pytest.raises(Malformed, match=why):
        archive.content(archive.entry(0))


@pytest.mark.parametrize("packing", [2, 3, 6, 15])
def test_packings_of_old_are_named(packing: Any) -> None:
    archive = opened(simple(packing=packing).build())
    with pytest.raises(Malformed, match=r"zlib|bzip2|way"):
        archive.content(archive.entry(0))


@pytest.mark.parametrize("packing", [4, 5])
def test_a_bomb_is_refused_before_it_is_unpacked(packing: Any) -> None:
    """Megabytes of nothing pack into some kilobytes."""
    bomb = Made([("C", "a", "", b"\0" * 20_000_000)], packing=packing)
    archive = opened(bomb.build(), Limits(cluster_bytes=1_000_000))
    started = time.process_time()
    with pytest.raises(Malformed, match="unpacks to more than 1000000"):
        archive.content(archive.entry(0))
    assert time.process_time() - started < 1


def test_a_content_above_the_limit_is_refused() -> None:
    archive = opened(
        Made([("C", "a", "", b"x" * 5000)], packing=0).build(), Limits(content_bytes=4999)
    )
    assert archive.content_bytes(archive.entry(0)) == 5000
    with pytest.raises(Malformed, match="larger than 4999"):
        archive.content(archive.entry(0))


def test_a_window_that_needs_much_memory_is_refused() -> None:
    made = simple()
    data = bytearray(made.build())
    options = {
        zstd.CompressionParameter.window_log: 27,
        zstd.CompressionParameter.content_size_flag: 0,
    }
    packer = zstd.ZstdCompressor(options=options)
    frame = packer.compress(b"\x0c\0\0\0\x0d\0\0\0\x0e\0\0\0ab") + packer.flush()
    start = made.cluster_starts[0]
    data[start + 1 : start + 1 + len(frame)] = frame
    archive = opened(bytes(data))
    with pytest.raises(Malformed, match="cannot be unpacked"):
        archive.content(archive.entry(0))


@pytest.mark.parametrize("start", [0, 10, 2**40, 2**64 - 1])
def test_lying_positions_of_clusters_are_refused(start: Any) -> None:
    archive = opened(simple(changes={"cluster_starts": [start] * 5}).build())
    with pytest.raises(Malformed, match="lies outside of it"):
        archive.content(archive.entry(0))


@pytest.mark.parametrize("start", [2**40, 2**64 - 1])
def test_lying_positions_of_entries_are_refused(start: Any) -> None:
    archive = opened(simple(changes={"entry_starts": [start] * 11}).build())
    with pytest.raises(Malformed, match="points to byte"):
        archive.entry(3)


def test_an_entry_without_end_is_refused() -> None:
    name = "x" * 70_000
    archive = opened(Made([("C", name, "", b"x")]).build())
    with pytest.raises(Malformed, match="longer than 65536"):
        archive.entry(0)


def test_a_flipped_byte_fails_the_checksum() -> None:
    data = bytearray(simple().build())
    data[400] ^= 1
    with pytest.raises(Malformed, match="checksum"):
        opened(bytes(data)).verify()


def test_a_reader_that_gives_too_little_is_the_archives_fault() -> None:
    data = simple().build()
    with pytest.raises(Malformed, match="ends before"):
        Archive(lambda start, stop: data[start:stop][:-1], len(data))


def test_unpacked_clusters_are_kept_up_to_a_size() -> None:
    entries: list[Any] = [("C", f"e{n:03}", "", bytes([n]) * 10_000) for n in range(60)]
    data = Made(entries, per_cluster=1).build()
    reads: list[int] = []

    def read(start: int, stop: int) -> bytes:
        reads.append(stop - start)
        return data[start:stop]

    archive = Archive(read, len(data), Limits(shelf_bytes=60_000))
    first, last = archive.entry(0), archive.entry(59)
    archive.content(first)
    before = len(reads)
    archive.content(first)
    assert len(reads) == before
    for number in range(60):
        archive.content(archive.entry(number))
    before = len(reads)
    archive.content(last)
    assert len(reads) == before
    archive.content(first)
    assert len(reads) > before


def test_entries_that_follow_on_are_read_in_few_steps() -> None:
    entries: list[Any] = [("C", f"entry number {n:05}", "", b"x") for n in range(5_000)]
    data = Made(entries, per_cluster=5_000).build()
    reads: list[int] = []

    def read(start: int, stop: int) -> bytes:
        reads.append(stop - start)
        return data[start:stop]

    archive = Archive(read, len(data))
    assert sum(1 for _ in archive.entries()) == 5_000
    assert len(reads) < 40
    assert sum(reads) < 2 * len(data)


def test_pages_of_an_archive_are_articles() -> None:
    made = Made(
        [("C", "Mount_Kenya", "Mount Kenya", WIKIPEDIA.encode()), ("C", "x.png", "", b"\x89")]
    )
    archive = opened(made.build())
    (entry,) = archive.articles()
    (article,) = read_document(entry.path, archive.content(entry))
    assert (article.path, article.title, article.revision) == (
        "C/Mount_Kenya",
        "Mount Kenya",
        "1234",
    )
    assert "Elevation: 5,199 m" in article.text
