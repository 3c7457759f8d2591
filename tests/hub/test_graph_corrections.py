"""What people say of edges: a commit to a dataset of their own, heeded when they ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from groundswell.ask.answering import Asking, Connections, Done
from groundswell.ask.graphs.replies import Asked, as_json, connect, explore
from groundswell.ask.overlays import Said, Saying, correct
from groundswell.ask.replies import replied
from groundswell.ask.rewriting import Rewriting
from groundswell.core.errors import (
    BadRequest,
    EntryNotFound,
    Forbidden,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.policy import Action
from groundswell.core.values import (
    ANONYMOUS,
    AddRegular,
    CommitHeader,
    Principal,
    RepoId,
    RepoKind,
    Visibility,
)
from groundswell.wire.corrections import ADDED, CORRECTIONS, End, Verdict, unpack_corrections
from tests.hub.desk import Desk, desk_with
from tests.hub.test_graph_exploring import NOTES, RIVERS, folder_of

NILE = End("ann/rivers", "nile.md")
MIDDLE = End("ann/rivers", "middle.md")
SICILY = End("ann/rivers", "sicily.md")
ETNA = End("ann/rivers", "etna.md")
MOON = End("ann/rivers", "alone.md")
TRIP = End("ann/diary", "trip.md")
RIVERS_ALONE = Asked(("ann/rivers",))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("packs")
    return folder_of(place / "rivers", RIVERS), folder_of(place / "diary", NOTES)


@pytest.fixture
def desk(tmp_path: Path, built: tuple[Path, Path]) -> Iterator[Desk]:
    rivers, diary = built
    packs = {"ann/rivers": (rivers, "public"), "ann/diary": (diary, "private")}
    with desk_with(packs, tmp_path) as made:
        yield made


def say(desk: Desk, saying: Saying, who: Principal | None = None) -> Said:
    hub = desk.hub
    rewriting = Rewriting(hub.repos, hub.content, hub.commits)
    return correct(desk.library, rewriting, desk.ann if who is None else who, saying)


def edges(desk: Desk, name: str, asked: Asked = RIVERS_ALONE, who: Any = None) -> set[str]:
    around = explore(desk.library, who or desk.ann, asked, name, 1, 50).around
    assert around is not None
    return {f"{each.source.path} {each.kind} {each.target.path}" for each in around.edges}


def own_file(desk: Desk, name: str, who: Principal) -> bytes:
    content = desk.hub.content
    repository = desk.hub.repos.find(who, RepoId.parse(RepoKind.DATASET, name), Action.READ)
    head = content.resolve_revision(repository, "main")
    located = content.locate(repository, head, CORRECTIONS)
    return content.read_range(located, 0, located.entry.size_bytes)


def test_a_rejected_edge_leads_nowhere_until_that_is_withdrawn(desk: Desk) -> None:
    asked = "What is the depth of the sea that the Nile flows into?"
    before = {event.__class__ for event in replied(desk.library, desk.ann, (), Asking(asked))}
    assert Connections in before
    rejected = Saying(Verdict.REJECT, NILE, MIDDLE, "link", note="Another river.")
    said = say(desk, rejected)
    assert said.overlay == "ann/corrections"
    assert "nile.md link middle.md" not in edges(desk, "Nile")
    explored = explore(desk.library, desk.ann, RIVERS_ALONE, "Nile", 1, 50)
    told = as_json(explored)
    assert told["overlays"] == [f"ann/corrections@{said.commit}"]
    assert [each["corrected"] for each in told["rejected"]] == [
        {"verdict": "reject", "overlay": told["overlays"][0], "note": "Another river."}
    ]
    assert connect(desk.library, desk.ann, RIVERS_ALONE, "Nile", "Sicily").way is None
    events = replied(desk.library, desk.ann, (), Asking(asked))
    found = [edge for each in events if isinstance(each, Connections) for edge in each.edges]
    assert all(edge.source.path != "nile.md" for edge in found)
    done = next(each for each in events if isinstance(each, Done))
    assert done.receipt["overlays"] == told["overlays"]
    # It is ann's word alone.
    assert "nile.md link middle.md" in edges(desk, "Nile", who=desk.bob)
    assert "nile.md link middle.md" in edges(desk, "Nile", replace(RIVERS_ALONE, overlays=()))
    say(desk, replace(rejected, verdict=None))
    assert "nile.md link middle.md" in edges(desk, "Nile")
    assert own_file(desk, "ann/corrections", desk.ann) == b""
    with pytest.raises(BadRequest, match="says nothing"):
        say(desk, replace(rejected, verdict=None))


def test_a_confirmed_edge_comes_first(desk: Desk) -> None:
    say(desk, Saying(Verdict.CONFIRM, SICILY, ETNA, "link"))
    around = explore(desk.library, desk.ann, RIVERS_ALONE, "Sicily", 1, 50).around
    assert around is not None
    first = around.edges[0]
    assert (first.source.path, first.target.path) == ("sicily.md", "etna.md")
    assert first.corrected is not None
    assert first.corrected.verdict is Verdict.CONFIRM


def test_an_added_edge_stands_on_a_sentence_of_either_article(desk: Desk) -> None:
    quote = "A mountain that smokes."
    said = say(desk, Saying(Verdict.ADD, MOON, ETNA, ADDED, label="is lit by", quote=quote))
    assert said.correction is not None
    assert said.correction.is_in_target
    for name in ("Moon", "Etna"):
        assert "alone.md added etna.md" in edges(desk, name)
    way = connect(desk.library, desk.ann, RIVERS_ALONE, "Moon", "Sicily").way
    assert way is not None
    assert (way[0].label, way[0].quote) == ("is lit by", quote)
    cited = way[0].citation
    with desk.library.opened(desk.library.find(desk.ann, "ann/rivers")) as pack:
        assert pack.article(cited.article).text[cited.start : cited.stop] == quote
    with pytest.raises(BadRequest, match="letter for letter"):
        say(desk, Saying(Verdict.ADD, MOON, NILE, ADDED, quote="The moon moves the Nile."))
    with pytest.raises(BadRequest, match="Neither article names"):
        say(desk, Saying(Verdict.ADD, MOON, NILE, ADDED))


def test_a_sentence_is_found_where_one_article_names_the_other(desk: Desk) -> None:
    said = say(desk, Saying(Verdict.ADD, NILE, TRIP, ADDED, label="was seen on"))
    assert said.correction is not None
    assert said.correction.quote == "We saw the Nile in May, and an etna of cups."
    both = Asked(("ann/diary", "ann/rivers"))
    assert "nile.md added trip.md" in edges(desk, "Nile", both)


def test_an_added_edge_goes_when_its_sentence_does(desk: Desk, tmp_path: Path) -> None:
    say(desk, Saying(Verdict.ADD, MOON, ETNA, ADDED, quote="A mountain that smokes."))
    changed = {**RIVERS, "etna.md": "# Etna\n\nIt smoked once.\n"}
    desk.publish("ann/rivers", folder_of(tmp_path / "again", changed), "public")
    assert not edges(desk, "Moon")
    moved = {**RIVERS, "etna.md": "# Etna\n\nSee here.\n\nA mountain that smokes. Still.\n"}
    desk.publish("ann/rivers", folder_of(tmp_path / "moved", moved), "public")
    assert "alone.md added etna.md" in edges(desk, "Moon")


def test_an_added_edge_answers_what_takes_two_articles(desk: Desk) -> None:
    asked = "What is the height of the mountain that the Moon is lit by?"
    events = replied(desk.library, desk.ann, ("ann/rivers",), Asking(asked, risk=0.2))
    assert not any(isinstance(each, Connections) for each in events)
    quote = "A mountain that smokes."
    say(desk, Saying(Verdict.ADD, MOON, ETNA, ADDED, label="is lit by", quote=quote))
    with desk.library.shelf([desk.library.find(desk.ann, "ann/rivers")]) as (shelf, _):
        found = shelf.search(asked, corrections=desk.library.corrections(desk.ann))
        assert [(each.source, each.path) for each in found.bridges] == [("alone.md", "etna.md")]
        assert found.candidates[0].passage.article.path == "etna.md"


def test_what_is_said_is_a_file_of_lines_in_one_order(desk: Desk) -> None:
    say(desk, Saying(Verdict.CONFIRM, SICILY, ETNA, "link"))
    say(desk, Saying(Verdict.REJECT, NILE, MIDDLE, "link"))
    say(desk, Saying(Verdict.REJECT, SICILY, ETNA, "link"))
    data = own_file(desk, "ann/corrections", desk.ann)
    lines = [json.loads(line) for line in data.splitlines()]
    assert [(line["source"]["article"], line["verdict"]) for line in lines] == [
        ("nile.md", "reject"),
        ("sicily.md", "reject"),
    ]
    assert len(unpack_corrections(data)) == 2


def test_rights_decide_at_each_question(desk: Desk) -> None:
    about_trip = Saying(Verdict.REJECT, TRIP, NILE, "mention")
    with pytest.raises(RepoNotFound):
        say(desk, about_trip, desk.bob)
    with pytest.raises(Unauthenticated):
        say(desk, Saying(Verdict.REJECT, NILE, MIDDLE, "link", overlay="ann/new"), ANONYMOUS)
    say(desk, about_trip)
    named = Asked(("ann/rivers",), overlays=("ann/corrections",))
    with pytest.raises(RepoNotFound):
        explore(desk.library, desk.bob, named, "Nile", 1, 50)
    with pytest.raises((Forbidden, RepoNotFound)):
        say(desk, Saying(Verdict.REJECT, NILE, MIDDLE, "link", overlay="ann/corrections"), desk.bob)
    with pytest.raises(EntryNotFound):
        say(desk, Saying(Verdict.REJECT, NILE, End("ann/rivers", "none.md"), "link"))


def test_a_public_overlay_tells_of_public_packs_alone(desk: Desk) -> None:
    desk.hub.repos.create(desk.ann, RepoId.parse(RepoKind.DATASET, "ann/shown"), Visibility.PUBLIC)
    with pytest.raises(BadRequest, match="Not everybody may read ann/diary"):
        say(desk, Saying(Verdict.REJECT, TRIP, NILE, "mention", overlay="ann/shown"))
    say(desk, Saying(Verdict.REJECT, NILE, MIDDLE, "link", overlay="ann/shown"))
    shown = Asked(("ann/rivers",), overlays=("ann/shown",))
    assert "nile.md link middle.md" not in edges(desk, "Nile", shown, desk.bob)
    assert "nile.md link middle.md" in edges(desk, "Nile", who=desk.bob)


def test_a_broken_overlay_stops_its_owner_from_nothing_but_changing_it(desk: Desk) -> None:
    say(desk, Saying(Verdict.REJECT, NILE, MIDDLE, "link"))
    hub = desk.hub
    own = hub.repos.find(
        desk.ann, RepoId.parse(RepoKind.DATASET, "ann/corrections"), Action.CONTRIBUTE
    )
    hub.commits.commit(
        desk.ann, own, "main", CommitHeader("Break it"), [AddRegular(CORRECTIONS, b'{"a": 1}\n')]
    )
    assert "nile.md link middle.md" in edges(desk, "Nile")
    with pytest.raises(BadRequest, match="line 1"):
        edges(desk, "Nile", replace(RIVERS_ALONE, overlays=("ann/corrections",)))
    with pytest.raises(BadRequest, match="cannot be changed"):
        say(desk, Saying(Verdict.REJECT, NILE, MIDDLE, "link"))


@pytest.mark.parametrize(
    "changed",
    [
        {"note": "x" * 501},
        {"kind": "hate"},
        {"target": NILE},
        {"verdict": Verdict.ADD, "kind": ADDED, "label": "x" * 81},
    ],
)
def test_what_is_out_of_bounds_is_refused(desk: Desk, changed: dict[str, Any]) -> None:
    saying = replace(Saying(Verdict.REJECT, NILE, MIDDLE, "link"), **changed)
    with pytest.raises(BadRequest):
        say(desk, saying)
    with pytest.raises(RepoNotFound):
        desk.library.find(desk.ann, "ann/corrections")
