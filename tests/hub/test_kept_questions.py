"""A question that was asked of the hub's packs, kept in a set of the reader's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from groundswell.ask.answering import Asking, Done, Extract, Plan
from groundswell.ask.evaluation.asked import Keeping, Place, keep
from groundswell.ask.replies import replied
from groundswell.ask.rewriting import Rewriting
from groundswell.core.errors import (
    BadRequest,
    EntryNotFound,
    Forbidden,
    InvalidName,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.policy import Action
from groundswell.core.values import ANONYMOUS, Principal, Visibility
from groundswell.wire.questions import Item, Kind, unpack_items, unpack_set
from tests.hub.desk import Desk, desk_with, of
from tests.hub.test_graph_exploring import NOTES, RIVERS, folder_of

LENGTH = "What is the length of the Nile?"
OWN = "ann/my-questions"


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


def asked(desk: Desk, question: str = LENGTH, pack: str = "ann/rivers", into: str = OWN) -> Keeping:
    """What the page sends of an answer."""
    events = replied(desk.library, desk.ann, (pack,), Asking(question, risk=0.2))
    plan = next(each for each in events if isinstance(each, Plan))
    shown = next((each.quote.citation for each in events if isinstance(each, Extract)), None)
    place = None
    if shown is not None:
        place = Place(f"{shown.pack}@{shown.revision}", shown.article, shown.start, shown.stop)
    assert isinstance(events[-1], Done)
    return Keeping(plan.asked, plan.packs, place, (), into)


def put(desk: Desk, keeping: Keeping, who: Principal | None = None) -> str:
    hub = desk.hub
    rewriting = Rewriting(hub.repos, hub.content, hub.commits)
    return keep(desk.library, rewriting, desk.ann if who is None else who, keeping)


def read(desk: Desk, name: str, path: str, who: Principal) -> bytes:
    content = desk.hub.content
    repository = desk.hub.repos.find(who, of(name), Action.READ)
    located = content.locate(repository, "main", path)
    return content.read_range(located, 0, located.entry.size_bytes)


def items(desk: Desk, name: str = OWN, who: Any = None) -> list[Item]:
    return unpack_items(read(desk, name, "questions.jsonl", who or desk.ann))


def test_what_was_quoted_is_accepted_and_read_from_the_pack(desk: Desk) -> None:
    keeping = asked(desk)
    assert keeping.place is not None
    assert put(desk, keeping) == OWN
    (item,) = items(desk)
    assert (item.question, item.answers, item.kind) == (LENGTH, ("6,650 km",), Kind.HUMAN)
    assert (item.pack, item.article) == (keeping.place.pack, "nile.md")
    assert RIVERS["nile.md"].count("6,650 km") == 1
    manifest = unpack_set(read(desk, OWN, "set.json", desk.ann))
    assert manifest.packs == (keeping.place.pack,)
    assert desk.hub.repos.find(desk.ann, of(OWN), Action.READ).is_private
    with pytest.raises(RepoNotFound):
        desk.hub.repos.find(desk.bob, of(OWN), Action.READ)


def test_an_answer_that_is_said_counts_and_the_last_word_stands(desk: Desk) -> None:
    put(desk, asked(desk))
    put(desk, asked(desk, "Who painted the Sistine Chapel?"))
    put(desk, replace(asked(desk), answers=("6,650 km", "4,132 miles")))
    found = {item.question: item for item in items(desk)}
    assert found[LENGTH].answers == ("6,650 km", "4,132 miles")
    nobody = found["Who painted the Sistine Chapel?"]
    assert (nobody.unanswerable, nobody.answers, nobody.pack) == (True, (), "")
    put(desk, replace(asked(desk, "Who painted the Sistine Chapel?"), answers=("Michelangelo",)))
    assert [item.unanswerable for item in items(desk)] == [False, False]


def test_words_too_many_to_compare_ask_for_an_answer(desk: Desk) -> None:
    keeping = asked(desk)
    assert keeping.place is not None
    with desk.library.opened(desk.library.find(desk.ann, "ann/rivers")) as pack:
        length = len(pack.article("nile.md").text)
    whole = replace(keeping, place=replace(keeping.place, start=0, stop=length))
    with pytest.raises(BadRequest, match="say one answer"):
        put(desk, whole)
    with pytest.raises(RepoNotFound):
        desk.hub.repos.find(desk.ann, of(OWN), Action.READ)
    put(desk, replace(whole, answers=("6,650 km",)))


def test_a_place_that_the_pack_does_not_have_is_refused(desk: Desk) -> None:
    keeping = asked(desk)
    assert keeping.place is not None
    for changed in ({"stop": 1 << 20}, {"start": 9, "stop": 9}, {"article": "none.md"}):
        with pytest.raises(EntryNotFound):
            put(desk, replace(keeping, place=replace(keeping.place, **changed)))
    other = desk.library.find(desk.ann, "ann/diary")
    strange = replace(keeping.place, pack=f"{other.name}@{other.commit}")
    with pytest.raises(BadRequest, match="not one of the page's"):
        put(desk, replace(keeping, place=strange))
    for packs in ((), keeping.packs * 9):
        with pytest.raises(BadRequest, match="not one of the page's"):
            put(desk, replace(keeping, packs=packs))
    for changed in ({"question": " "}, {"question": "x" * 2_001}, {"answers": ("x" * 501,)}):
        with pytest.raises(BadRequest):
            put(desk, replace(keeping, **changed))


def test_who_may_not_read_a_pack_keeps_nothing_of_it(desk: Desk) -> None:
    private = asked(desk, "What did we see in May?", "ann/diary", "bob/mine")
    absent = replace(private, packs=(private.packs[0].replace("diary", "absent"),), place=None)
    told = []
    for keeping in (private, absent):
        with pytest.raises(RepoNotFound) as refused:
            put(desk, keeping, desk.bob)
        told.append(refused.value.message)
    assert told[0] == told[1]


def test_a_set_is_written_by_who_may(desk: Desk) -> None:
    put(desk, asked(desk))
    told = []
    for into in (OWN, "ann/absent"):
        with pytest.raises(Forbidden) as refused:
            put(desk, asked(desk, into=into), desk.bob)
        told.append(refused.value.message.replace(into, "it"))
    assert told[0] == told[1], "a private set is not there for others"
    with pytest.raises(Unauthenticated):
        put(desk, asked(desk, into="ann/absent"), ANONYMOUS)
    with pytest.raises(InvalidName):
        put(desk, asked(desk, into="no name"))


def test_another_dataset_is_left_as_it_is(desk: Desk) -> None:
    before = desk.files("ann/rivers")
    with pytest.raises(BadRequest, match="dataset of something else"):
        put(desk, asked(desk, into="ann/rivers"))
    assert desk.files("ann/rivers") == before
    desk.hub.repos.create(desk.ann, of("ann/empty"), Visibility.PRIVATE)
    assert put(desk, asked(desk, into="datasets/ann/empty")) == "ann/empty"


def test_a_public_set_tells_of_public_packs_alone(desk: Desk) -> None:
    desk.hub.repos.create(desk.ann, of("ann/shown"), Visibility.PUBLIC)
    with pytest.raises(BadRequest, match="Not everybody may read ann/diary"):
        put(desk, asked(desk, "What did we see in May?", "ann/diary", "ann/shown"))
    put(desk, asked(desk, into="ann/shown"))
    assert len(items(desk, "ann/shown", desk.bob)) == 1
