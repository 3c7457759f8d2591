"""Books and manuals are asked by their sections: what a heading names is what its text is of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.ask.calibration import GENERAL, NAMES, RISKS
from groundswell.ask.evaluation.asking import ask_set
from groundswell.ask.evaluation.making import Item, Kind, Lack, make_set
from groundswell.ask.making import calibration_of, make_pack, open_folder
from groundswell.ask.packs.building import Options
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.packs.sources import FolderSource
from groundswell.ask.retrieval.searching import Shelf
from groundswell.wire.documents import BlockKind
from tests.hub.pack_world import names

ONE = Options(processes=1)
HARBOURS = """# 3. Harbours

A harbour is where ships lie when they do not sail, and where they come in.

## 3.1. Deep-Water Berths (DWBs)

Some ships need more water below them than others. Such places are called deep-water berths, and
are not many. A berth has to be paid for.

## 3.2. The master of the port

Every harbour has a master, who says which ship lies where. A scuttle is a small round window of
a ship, and has to be shut in here.

## 3.3. Buoys and lamps

In a dark night nobody sees the way in. The keeper looks after all of them, and rows out there.

## 3.4. Words of the port

| word | meaning |
|---|---|
| leeside | The side to which the wind blows is called so. |
| fee | 12 crowns |

## 3.5. History

Harbours of stone were built here early on, and some of them can be seen when the tide is low.
"""
SHIPS = """# 4. Ships

Ships are what this book is about, and their parts have many names.

## 4.1. Scuttles are shut

In bad weather the crew goes round, and every scuttle is looked at before the night begins.

## 4.2. History

The oldest ships that were found here had no keel, and were sewn together from long planks.

The mizzen is the mast behind the main one. It carries a smaller sail.
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPack]:
    folder = tmp_path_factory.mktemp("books")
    (folder / "src").mkdir()
    (folder / "src" / "harbours.md").write_text(HARBOURS)
    (folder / "src" / "ships.md").write_text(SHIPS)
    make_pack([FolderSource(folder / "src")], folder / "pack", ONE)
    opened = open_folder(folder / "pack")
    yield opened
    opened.close()


@pytest.fixture
def shelf(pack: OpenPack) -> Iterator[Shelf]:
    opened = Shelf([pack])
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("What is a deep-water berth?", "Such places are called deep-water berths"),
        ("What are DWBs?", "Such places are called deep-water berths"),
        ("What does leeside mean?", "3. Harbours — leeside — meaning: The side"),
        # A sentence that says what something is comes before a section that only speaks of it.
        ("What is a scuttle?", "A scuttle is a small round window of a ship"),
        ("What is the mizzen?", "The mizzen is the mast behind the main one."),
        ("What are Harbours?", "A harbour is where ships lie"),
    ],
)
def test_a_section_is_what_its_heading_says(shelf: Shelf, question: str, sentence: str) -> None:
    best = shelf.search(question).candidates[0]
    assert best.text.startswith(sentence)
    assert (best.features.named, best.features.lead, best.features.unnamed) == (1.0, 1.0, 0.0)


def test_a_section_may_speak_of_something_and_not_say_what_it_is(
    pack: OpenPack, shelf: Shelf
) -> None:
    """Its first sentence was taken for the meaning of its heading, whatever it said."""
    best = shelf.search("What are buoys and lamps?").candidates[0]
    assert best.passage.headings[-1] == "3.3. Buoys and lamps"
    assert (best.features.named, best.features.lead, best.features.unnamed) == (0.0, 0.0, 1.0)
    sets = [make_set(pack, 200, seed) for seed in range(8)]
    items = [each for made in sets for each in made if "Buoys and lamps" in each.question]
    assert items
    assert {each.lacks for each in items} == {Lack.SENTENCE}
    assert not any(each.is_right for each in ask_set(shelf, items))
    assert not [i for i in make_set(pack, 200, hidden=0.0) if "Buoys and lamps" in i.question]


def test_questions_are_asked_as_people_ask(pack: OpenPack) -> None:
    items = make_set(pack, 200, hidden=0.0)
    meanings = [each for each in items if each.kind is Kind.MEANING]
    asked = "\n".join(each.question for each in meanings)
    for name in ("Deep-Water Berths (DWBs)", "Ships"):
        assert name in asked
    facts = [each for each in items if each.kind is Kind.FACT]
    assert [each for each in facts if "leeside" in each.question]
    assert not [each for each in facts if "meaning" in each.question and "fee" not in each.question]
    assert [each for each in facts if "fee" in each.question and "Harbours" in each.question]
    sets = [make_set(pack, 200, seed) for seed in range(8)]
    everything = "\n".join(each.question for made in sets for each in made)
    assert "The master of the port" in everything  # which nothing says
    assert "Scuttles are shut" in everything
    assert "History" not in everything  # of which of them?
    assert not [each for each in items if "3." in each.question or "4." in each.question]
    article = pack.article("harbours.md")
    for each in meanings:
        if "berths" in each.question.casefold():
            assert article.text[each.start : each.stop].startswith("Such places are called")


def test_without_its_section_a_meaning_is_not_answered_by_what_is_left_of_it(
    pack: OpenPack, shelf: Shelf
) -> None:
    article = pack.article("harbours.md")
    start = article.text.index("Such places are")
    stop = article.text.index(" A berth has to")
    item = Item(
        "What is a deep-water berth?", Kind.MEANING, article.path, start, stop, article.text[start:stop],
        lacks=Lack.ROW,
    )  # fmt: skip
    (judged,) = ask_set(shelf, [item])
    seen = shelf.search(item.question).candidates[0].text
    assert seen.startswith("Such places are")
    assert not judged.is_right
    assert (
        judged.described is None or judged.described[NAMES.index("lead")] == 0.0
    )  # no lead is left


def test_a_single_book_has_thresholds_of_its_own(tmp_path: Path) -> None:
    """A hidden question of a book with one article leaves the book there, without its section."""
    lines = ["# The Islands\n\nThese islands are many, and each of them has a name.\n"]
    for number, (name, other) in enumerate(zip(names(80), names(80, seed=2), strict=True)):
        lines.append(
            f"## {number + 1}.1. {name} {other}\n\nThis island has {number + 3} wells and some goats.\n"
        )
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "islands.md").write_text("\n".join(lines))
    made = make_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", ONE)
    pack = open_folder(tmp_path / "pack")
    assert made.report.counts.articles == 1
    items = make_set(pack, 800)
    hidden = [each for each in items if each.hidden]
    assert hidden
    assert all(each.lacks is Lack.ROW for each in hidden)
    calibration = calibration_of(tmp_path / "pack")
    assert calibration.samples >= 60
    assert set(calibration.thresholds) == set(RISKS)
    if calibration.samples < 200:
        assert calibration.weights == GENERAL.weights
    kinds = Counter(each.kind for each in pack.article("islands.md").blocks)
    assert kinds[BlockKind.HEADING] == 80
    pack.close()
