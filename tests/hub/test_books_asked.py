"""Books and manuals are asked by their sections: what a heading names is what its text is of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.ask.calibration import GENERAL, NAMES, RISKS
from groundswell.ask.evaluation.asking import ask_set
from groundswell.ask.evaluation.making import Item, Kind, make_set
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

Some ships need more water below them than others. A berth of this kind has twelve metres of it.

## 3.2. The master of the port

Every harbour has a master, who says which ship lies where. A scuttle is a small round window of
a ship, and has to be shut in here.

## 3.3. History

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
        ("What is a deep-water berth?", "Some ships need more water below them than others."),
        ("What are DWBs?", "Some ships need more water below them than others."),
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


def test_questions_are_asked_as_people_ask(pack: OpenPack) -> None:
    items = make_set(pack, 200, hidden=0.0)
    meanings = [each for each in items if each.kind is Kind.MEANING]
    asked = "\n".join(each.question for each in meanings)
    for name in (
        "Deep-Water Berths (DWBs)",
        "The master of the port",
        "Scuttles are shut",
        "Ships",
    ):
        assert name in asked
    assert "History" not in asked  # of which of them?
    assert not [each for each in items if "3." in each.question or "4." in each.question]
    article = pack.article("harbours.md")
    for each in meanings:
        if "berths" in each.question.casefold():
            assert article.text[each.start : each.stop].startswith("Some ships need")


def test_without_its_section_a_meaning_is_not_answered_by_what_is_left_of_it(
    pack: OpenPack, shelf: Shelf
) -> None:
    article = pack.article("harbours.md")
    start = article.text.index("Some ships need")
    stop = start + len("Some ships need more water below them than others.")
    item = Item(
        "What is a deep-water berth?", Kind.MEANING, article.path, start, stop, article.text[start:stop],
        hidden=True, row_only=True,
    )  # fmt: skip
    (judged,) = ask_set(shelf, [item])
    seen = shelf.search(item.question).candidates[0].text
    assert seen.startswith("Some ships need")
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
    assert all(each.row_only for each in hidden)
    calibration = calibration_of(tmp_path / "pack")
    assert calibration.samples >= 60
    assert set(calibration.thresholds) == set(RISKS)
    if calibration.samples < 200:
        assert calibration.weights == GENERAL.weights
    kinds = Counter(each.kind for each in pack.article("islands.md").blocks)
    assert kinds[BlockKind.HEADING] == 80
    pack.close()
