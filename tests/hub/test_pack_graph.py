"""The link graph of a pack: what is in it, the same bytes anywhere, and files that lie."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from groundswell.ask.making import open_folder
from groundswell.ask.packs.building import Options, build_pack
from groundswell.ask.packs.graphs import Edge, PackGraph
from groundswell.ask.packs.graphs import opened as reading
from groundswell.ask.packs.graphs.names import key_of
from groundswell.ask.packs.sources import FolderSource, Source, ZimSource
from groundswell.core.errors import Corrupt
from groundswell.wire.packs import graph_path
from tests.hub.pack_world import files, lakes, small_shards, zim

ONE = Options(processes=1)
NOTES = {
    "rivers/nile.md": "# Nile\n\nThe Nile flows into the [sea](../mediterranean.md). It leaves "
    "[[Lake Victoria|the great lake]], and again [the sea](../mediterranean.md).\n",
    "mediterranean.md": "---\naliases: [Middle Sea]\n---\n# Mediterranean Sea\n\nA sea. Its name "
    "is old.\n\n| key | value |\n|---|---|\n| largest island | [Sicily](sicily.md) |\n",
    "lake.md": "# Lake Victoria\n\nA lake. Ships of the Middle sea never came here; the nile does, "
    "and Lake victoria too. [Nowhere](nowhere.md), [the web](https://example.org/sicily.md).\n",
    "sicily.md": "# Sicily\n\nAn island. Nile is a word of it, and sea is another.\n",
}


def written(folder: Path, notes: dict[str, str] = NOTES) -> Path:
    for name, text in notes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def graph_of(folder: Path) -> PackGraph:
    return PackGraph(open_folder(folder).manifest, lambda name: folder / name)


def built(folder: Path, *sources: Source) -> Path:
    build_pack(sources, folder, ONE)
    return folder


def test_links_facts_and_names_become_edges_that_stand_in_the_text(tmp_path: Path) -> None:
    folder = built(tmp_path / "pack", FolderSource(written(tmp_path / "src")))
    pack = open_folder(folder)

    def told(edge: Edge) -> tuple[str, str, str, str]:
        text = pack.article(edge.source).text[edge.start : edge.stop]
        passage = pack.passage(edge.passage)
        assert passage.article.path == edge.source
        assert passage.start <= edge.start < edge.stop <= passage.stop
        return edge.source, edge.kind.word, edge.target, text

    with graph_of(folder) as graph:
        assert graph.is_there
        edges = [told(each) for name in sorted(NOTES) for each in graph.leaving(name)]
        assert sorted(edges) == [
            ("lake.md", "mention", "mediterranean.md", "Middle sea"),
            ("mediterranean.md", "fact", "sicily.md", "Sicily"),
            ("rivers/nile.md", "link", "lake.md", "the great lake"),
            ("rivers/nile.md", "link", "mediterranean.md", "sea"),
            ("sicily.md", "mention", "rivers/nile.md", "Nile"),
        ]
        arriving = graph.arriving("mediterranean.md")
        assert [each.source for each in arriving] == ["rivers/nile.md", "lake.md"]
        assert [each.title for each in graph.named(["middle sea"])["middle sea"]] == [
            "Mediterranean Sea"
        ]
        assert [each.path for each in graph.beginning("medi", 5)] == ["mediterranean.md"]
        assert graph.entity("sicily.md") is not None
        assert graph.entity("nowhere.md") is None


def test_redirects_of_an_archive_are_names(tmp_path: Path) -> None:
    folder = built(tmp_path / "pack", ZimSource(zim(tmp_path / "villages.zim", 5)))
    with graph_of(folder) as graph:
        title = next(iter(graph.beginning("", 5))).title
        found = graph.named([key_of(f"{title}_village".replace("_", " "))])
        assert [each.title for each in next(iter(found.values()))] == [title]


def test_the_same_bytes_anywhere_and_a_change_moves_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shards(monkeypatch)
    for name in ("here", "there"):
        lakes(tmp_path / name / "src", 24)
        written(tmp_path / name / "src")
    one = built(tmp_path / "one", FolderSource(tmp_path / "here" / "src"))
    built(tmp_path / "two", FolderSource(tmp_path / "there" / "src"))
    before = files(one / "index" / "graph")
    assert before == files(tmp_path / "two" / "index" / "graph")
    assert len(before) > 2
    page = tmp_path / "here" / "src" / "sicily.md"
    page.write_text(page.read_text() + "\nThe Middle Sea is around it.\n")
    built(one, FolderSource(tmp_path / "here" / "src"))
    after = files(one / "index" / "graph")
    assert len(set(after) - set(before)) == 1
    assert len(set(before) - set(after)) == 1
    # A new name moves the parts in whose texts it stands, and its own.
    (tmp_path / "here" / "src" / "zz.md").write_text("# Great lake\n\nNothing more.\n")
    built(one, FolderSource(tmp_path / "here" / "src"))
    moved = files(one / "index" / "graph")
    assert 1 <= len(set(moved) - set(after)) <= 2


def looked_at(graph: PackGraph) -> list[Edge]:
    return [edge for name in NOTES for edge in (*graph.leaving(name), *graph.arriving(name))]


def _scheme(database: sqlite3.Connection) -> None:
    database.execute("DROP INDEX edge_by_dst")
    database.execute("CREATE VIEW edge_by_dst AS SELECT * FROM edge")


def _numbers(database: sqlite3.Connection) -> None:
    database.execute("UPDATE edge SET passage = 1000000")


def _kinds(database: sqlite3.Connection) -> None:
    database.execute("UPDATE edge SET kind = kind + 90")


def _types(database: sqlite3.Connection) -> None:
    database.execute("UPDATE node SET path = CAST(x'ff00ff' AS TEXT) WHERE id = 1")
    database.execute("UPDATE edge SET start = 'x' WHERE dst = 1 OR src = 1")


@pytest.mark.parametrize("spoil", [_scheme, _numbers, _kinds, _types])
def test_files_that_lie_are_corrupt(
    tmp_path: Path, spoil: Callable[[sqlite3.Connection], None]
) -> None:
    folder = built(tmp_path / "pack", FolderSource(written(tmp_path / "src")))
    path = folder / graph_path(open_folder(folder).manifest.shards[0].graph)
    with closing(sqlite3.connect(path)) as database, database:
        spoil(database)
    with graph_of(folder) as graph, pytest.raises(Corrupt):
        looked_at(graph)


def test_flipped_bytes_never_do_more_than_be_corrupt(tmp_path: Path) -> None:
    folder = built(tmp_path / "pack", FolderSource(written(tmp_path / "src")))
    path = folder / graph_path(open_folder(folder).manifest.shards[0].graph)
    manifest = open_folder(folder).manifest

    def opened() -> PackGraph:
        return PackGraph(manifest, lambda name: folder / name)

    whole = path.read_bytes()
    told = 0
    for at in range(0, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            with opened() as graph:
                for name in NOTES:
                    graph.named([key_of(name)])
                assert all(0 <= edge.start < edge.stop for edge in looked_at(graph))
        except Corrupt:
            told += 1
    assert told
    path.write_bytes(whole[: len(whole) // 2])
    with opened() as graph, pytest.raises(Corrupt):
        graph.beginning("", 100)
    path.unlink()
    with opened() as graph, pytest.raises(Corrupt):
        graph.beginning("", 100)


def test_a_question_to_a_graph_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = built(tmp_path / "pack", FolderSource(written(tmp_path / "src")))
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    path = copy / graph_path(open_folder(copy).manifest.shards[0].graph)
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            "INSERT INTO alias VALUES (?, 999999)", ((f"a{n}",) for n in range(200_000))
        )
    monkeypatch.setattr(reading, "STEPS_MAX", 100_000)
    with graph_of(copy) as graph, pytest.raises(Corrupt):
        graph.beginning("a", 10)
    with graph_of(folder) as graph:
        assert graph.beginning("lake", 10)
