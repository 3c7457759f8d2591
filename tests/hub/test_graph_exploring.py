"""Graphs of a hub's packs: only of packs that the asker may read, across packs, and in answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from groundswell.ask.answering import Asking, Connections, answer
from groundswell.ask.calibration import GENERAL
from groundswell.ask.evaluation.hops import make_hop_set
from groundswell.ask.graphs import Filter, Graphs, exploring
from groundswell.ask.graphs.replies import Asked, as_json, connect, explore
from groundswell.ask.making import make_pack, open_folder
from groundswell.ask.packs.building import Options
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.packs.sources import FolderSource
from groundswell.ask.retrieval.bridging import is_bridge
from groundswell.ask.retrieval.question import read_question
from groundswell.ask.retrieval.searching import Shelf
from groundswell.core.errors import BadRequest, EntryNotFound, RepoNotFound
from groundswell.core.values import ANONYMOUS
from groundswell.wire.packs import graph_path
from tests.hub.desk import Desk, desk_in

ONE = Options(processes=1)
RIVERS = {
    "nile.md": "# Nile\n\nThe Nile is a long river. It flows into the [Middle Sea](middle.md).\n\n"
    "## Length\n\n6,650 km\n",
    "middle.md": "# Middle Sea\n\nA warm sea. Its largest island is [Sicily](sicily.md).\n\n"
    "## Depth\n\n1,500 m on average\n",
    "sicily.md": "# Sicily\n\nAn island with a mountain, [Etna](etna.md).\n\n## Area\n\n25,711 km²\n",
    "etna.md": "# Etna\n\nA mountain that smokes.\n\n## Height\n\n3,357 m\n",
    "alone.md": "# Moon\n\nNothing is near it.\n",
}
NOTES = {"trip.md": "# My trip\n\nWe saw the Nile in May, and an etna of cups.\n"}


def folder_of(place: Path, notes: dict[str, str]) -> Path:
    (place / "src").mkdir(parents=True)
    for name, text in notes.items():
        (place / "src" / name).write_text(text, "utf-8")
    make_pack([FolderSource(place / "src")], place / "pack", ONE)
    return place / "pack"


@pytest.fixture(scope="module")
def rivers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("rivers"), RIVERS)


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("notes"), NOTES)


@pytest.fixture
def pack(rivers: Path) -> Iterator[OpenPack]:
    opened = open_folder(rivers)
    yield opened
    opened.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path / "data", tmp_path) as made:
        yield made


def test_around_an_article_each_edge_is_a_quoted_sentence(pack: OpenPack) -> None:
    with Graphs([pack]) as graphs:
        (centre,) = graphs.find("middle sea")
        near = graphs.around(centre, 1, Filter())
        assert {(node.title, hops) for node, hops in near.nodes} == {
            ("Middle Sea", 0), ("Nile", 1), ("Sicily", 1),
        }  # fmt: skip
        assert not near.left_out
        for edge in near.edges:
            text = pack.article(edge.citation.article).text
            assert edge.citation.holds(text)
            assert edge.quote == text[edge.citation.start : edge.citation.stop]
        said = {(edge.source.title, edge.target.title): edge.quote for edge in near.edges}
        assert said["Nile", "Middle Sea"] == "It flows into the Middle Sea."
        two = graphs.around(centre, 2, Filter())
        assert ("Etna", 2) in {(node.title, hops) for node, hops in two.nodes}
        few = graphs.around(centre, 2, Filter(), 2)
        assert len(few.nodes) == 2
        assert few.left_out
        assert not graphs.around(centre, 1, Filter(frozenset({"fact"}))).edges
        assert graphs.around(centre, 1, Filter()) == near


def test_a_shortest_way_is_found_in_either_direction(pack: OpenPack) -> None:
    with Graphs([pack]) as graphs:
        etna, nile, moon = (graphs.find(name)[0] for name in ("Etna", "nile.md", "Moon"))
        way = graphs.way(etna, nile, Filter())
        assert way is not None
        assert [(edge.source.title, edge.target.title) for edge in way] == [
            ("Sicily", "Etna"), ("Middle Sea", "Sicily"), ("Nile", "Middle Sea"),
        ]  # fmt: skip
        assert graphs.way(etna, moon, Filter()) is None
        assert graphs.way(etna, etna, Filter()) == ()


def test_a_shorter_way_is_taken_though_a_longer_one_is_met_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what has many edges only those of most weight are looked at: the ways that both sides
    meet on first are not always the shortest.
    """
    monkeypatch.setattr(exploring, "WAY_NEIGHBOURS_MAX", 3)
    articles = {f"x{n}.md": f"# X{n}\n\nIt is beside [Town](town.md).\n" for n in range(1, 5)}
    articles["home.md"] = "# Home\n\nNear a [Bridge](bridge.md) and a [Church](church.md).\n"
    articles["bridge.md"] = "# Bridge\n\nIt leads to [X1](x1.md).\n"
    articles["church.md"] = "# Church\n\nIt is old.\n\n## Way\n\nIt is in [Town](town.md).\n"
    articles["town.md"] = "# Town\n\nA place.\n"
    opened = open_folder(folder_of(tmp_path, articles))
    with closing(opened), Graphs([opened]) as graphs:
        home, town = (graphs.find(name)[0] for name in ("Home", "Town"))
        for way in (graphs.way(home, town, Filter()), graphs.way(town, home, Filter())):
            assert way is not None
            assert len(way) == 2
            assert {edge.source.title for edge in way} == {"Home", "Church"}


def test_notes_are_joined_to_an_encyclopedia_when_somebody_asks(
    pack: OpenPack, notes: Path
) -> None:
    own = open_folder(notes)
    with Graphs([own, pack]) as graphs:
        (trip,) = graphs.find("My trip")
        near = graphs.around(trip, 1, Filter())
        # A name of one word is meant only as it is written.
        assert [(e.target.title, e.target.pack_name, e.kind) for e in near.edges] == [
            ("Nile", pack.name, "mention")
        ]
        assert near.edges[0].quote == "We saw the Nile in May, and an etna of cups."
        way = graphs.way(trip, graphs.find("Etna")[0], Filter())
        assert way is not None
        assert len(way) == 4


def test_notes_that_name_an_article_stand_around_it(pack: OpenPack, notes: Path) -> None:
    """They are found by the index: neither pack holds an edge to the other."""
    own = open_folder(notes)
    shelf = Shelf([own, pack])
    try:
        with Graphs(shelf.packs, speaking=shelf.speaking_of) as graphs:
            (nile,) = graphs.find("Nile")
            near = graphs.around(nile, 1, Filter())
            assert ("My trip", "Nile", "mention") in [
                (edge.source.title, edge.target.title, edge.kind) for edge in near.edges
            ]
            # The same edge as from the other side, with the same sentence.
            (trip,) = graphs.find("My trip")
            assert set(graphs.around(trip, 1, Filter()).edges) <= set(near.edges)
            # An etna of cups is no mountain.
            (etna,) = graphs.find("Etna")
            around = graphs.around(etna, 1, Filter())
            assert trip.key not in {node.key for node, _ in around.nodes}
            way = graphs.way(etna, trip, Filter())
            assert way is not None
            assert len(way) == 4
    finally:
        shelf.close()


def test_questions_that_take_two_articles_are_found_along_edges(pack: OpenPack) -> None:
    shelf = Shelf([pack])
    try:
        asked = "What is the depth of the sea that the Nile flows into?"
        assert is_bridge(read_question(asked, shelf.words))
        assert not is_bridge(read_question("What is the depth of the Middle Sea?", shelf.words))
        found = shelf.search(asked)
        assert ("nile.md", "middle.md") in {(b.edge.source, b.path) for b in found.bridges}
        best = found.candidates[0]
        assert (best.passage.article.path, best.text) == ("middle.md", "1,500 m on average")
        assert not shelf.search(asked, bridges=False).bridges
        calibration = GENERAL
        events = list(answer(shelf, [calibration], Asking(asked, risk=0.2)))
        beside = [event for event in events if isinstance(event, Connections)]
        if beside:  # it was sure enough
            assert beside[0].edges[0].quote == "It flows into the Middle Sea."
        items = make_hop_set(pack, 5, seed=1)
        assert items == make_hop_set(pack, 5, seed=1)
        for item in items:
            title = pack.article(item.article).title
            assert title.casefold() not in item.question.casefold()
    finally:
        shelf.close()


def test_only_packs_that_the_asker_may_read_are_walked(
    desk: Desk, rivers: Path, notes: Path
) -> None:
    desk.publish("ann/rivers", rivers, "public")
    desk.publish("ann/diary", notes, "private")
    both = Asked(("ann/diary", "ann/rivers"))
    seen = explore(desk.library, desk.ann, both, "Nile", 1, 50)
    assert {each["id"] for each in as_json(seen)["nodes"]} >= {"1/nile.md", "1/middle.md"}
    trip = explore(desk.library, desk.ann, both, "My trip", 1, 50)
    assert as_json(trip)["edges"][0]["target"]["pack"] == "ann/rivers"
    for who in (desk.bob, ANONYMOUS):
        with pytest.raises(RepoNotFound) as private:
            explore(desk.library, who, both, "Nile", 1, 50)
        with pytest.raises(RepoNotFound) as missing:
            explore(desk.library, who, Asked(("ann/never", "ann/rivers")), "Nile", 1, 50)
        assert str(private.value).replace("diary", "never") == str(missing.value)
        with pytest.raises(EntryNotFound):
            explore(desk.library, who, Asked(), "My trip", 1, 50)
        assert len(explore(desk.library, who, Asked(), "Nile", 1, 50).packs) == 1
    way = as_json(connect(desk.library, desk.bob, Asked(("ann/rivers",)), "Nile", "Sicily"))
    assert [edge["quote"] for edge in way["way"]] == [
        "It flows into the Middle Sea.",
        "Its largest island is Sicily.",
    ]
    for hops, count in ((0, 10), (3, 10), (1, 0), (1, 151)):
        with pytest.raises(BadRequest):
            explore(desk.library, desk.bob, Asked(), "Nile", hops, count)
    with pytest.raises(BadRequest):
        explore(desk.library, desk.bob, Asked(kinds=("hate",)), "Nile", 1, 5)


def test_a_strangers_broken_graph_stops_nobody_who_did_not_name_it(
    desk: Desk, rivers: Path, notes: Path, tmp_path: Path
) -> None:
    desk.publish("ann/rivers", rivers, "public")
    spoiled = folder_of(
        tmp_path / "spoiled", {**NOTES, "nile.md": "# Nile\n\nSee [it](trip.md).\n"}
    )
    path = spoiled / graph_path(open_folder(spoiled).manifest.shards[0].graph)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE edge SET stop = 2000000000")
    desk.publish("ann/spoiled", spoiled, "public")
    explored = explore(desk.library, desk.bob, Asked(), "Middle Sea", 1, 50)
    assert len(explored.packs) == 2
    assert explored.around is not None
    assert explored.around.edges
    with pytest.raises(BadRequest, match="broken"):
        explore(desk.library, desk.bob, Asked(("ann/spoiled",)), "Nile", 1, 50)
    assert desk.ask(desk.bob, "What is the depth of the sea that the Nile flows into?")
