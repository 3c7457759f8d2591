"""Packs that contradict one another are shown side by side; those that agree in other words are not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from groundswell.ask.answering import Asking, Conflict, Extract, answer
from groundswell.ask.making import calibration_of, make_pack, open_folder
from groundswell.ask.packs.building import Options
from groundswell.ask.packs.sources import FolderSource
from groundswell.ask.retrieval.searching import Shelf

KENYA = "# Mount Kenya\n\nMount Kenya is the highest mountain in Kenya. Mount Kenya is {height} high.\n\n"
CLIMB = "## Climbing\n\n{who} climbed Mount Kenya first. The first ascent of Mount Kenya was made in {year}.\n\n"
CAPITAL = "# Utopia\n\nThe capital of Utopia is {capital}.\n"

Ask = Callable[[str], list[Any]]


def pack(folder: Path, name: str, **said: str) -> Path:
    (folder / f"{name}-src").mkdir()
    text = KENYA.format(**said) + CLIMB.format(**said)
    (folder / f"{name}-src" / "kenya.md").write_text(text)
    (folder / f"{name}-src" / "utopia.md").write_text(CAPITAL.format(**said))
    source = FolderSource(folder / f"{name}-src")
    make_pack([source], folder / name, Options(name, "en", "", "", 1))
    return folder / name


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("sides")
    one = {
        "height": "5,199 metres",
        "who": "Halford Mackinder",
        "year": "1899",
        "capital": "Amaurot",
    }
    folders = [
        pack(folder, "one", **one),
        pack(folder, "other", height="5,895 m (19,341 ft)", who="Kisoi Munyao", year="1959", capital="Achora"),
        pack(folder, "same", height="5199 m", who="Halford John Mackinder", year="1899", capital="Amaurot"),
    ]  # fmt: skip
    with ExitStack() as stack:
        opened = [open_folder(each) for each in folders]
        for each in opened:
            stack.callback(each.close)
        shelf = Shelf(opened)
        stack.callback(shelf.close)
        calibrations = [calibration_of(each) for each in folders]

        def run(question: str) -> list[Any]:
            return list(answer(shelf, calibrations, Asking(question, risk=0.2)))

        yield run


@pytest.mark.parametrize(
    ("question", "differs", "said"),
    [
        ("How high is Mount Kenya?", "number", {("5199",), ("19341", "5895")}),
        ("When was the first ascent of Mount Kenya made?", "date", {("1899",), ("1959",)}),
        ("Who climbed Mount Kenya first?", "name", {("Kisoi", "Munyao")}),
        ("What is the capital of Utopia?", "name", {("Amaurot",), ("Achora",)}),
    ],
)
def test_what_differs_is_told(ask: Ask, question: str, differs: str, said: set[Any]) -> None:
    events = ask(question)
    (conflict,) = (event for event in events if isinstance(event, Conflict))
    assert conflict.differs == differs
    assert {side.said for side in conflict.sides} >= said
    packs = [side.quote.citation.pack for side in conflict.sides]
    assert len(set(packs)) == len(packs) == 2, "who agrees with the first is no side"
    first = next(event for event in events if isinstance(event, Extract))
    assert conflict.sides[0].quote == first.quote
    receipt = json.loads(json.dumps(events[-1].receipt))
    assert receipt["conflict"]["sides"][1]["quote"]["citation"] in receipt["evidence"]


def test_one_pack_and_packs_that_agree_are_no_conflict(ask: Ask) -> None:
    for question in ("What is Mount Kenya?", "Which mountain is the highest in Kenya?"):
        events = ask(question)
        assert any(isinstance(event, Extract) for event in events)
        assert not [event for event in events if isinstance(event, Conflict)], question
