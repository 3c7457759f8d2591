"""Results beside a set: listed, read whatever they hold, and judged again."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groundswell import settings as configuration
from groundswell import wiring
from groundswell.ask.comparing import shelved
from groundswell.ask.comparing.reading import read_result
from groundswell.ask.comparing.shelved import Comparisons
from groundswell.core.errors import EntryNotFound, Malformed
from groundswell.core.values import AddRegular, CommitHeader, Principal, Visibility
from groundswell.hub.repos import Repository
from tests.hub.compared import file_of, items, result, set_files
from tests.hub.test_pack_library import of

QUESTIONS = items()
RESULT = result(QUESTIONS)


class Shelf:
    """A set of questions on a hub."""

    def __init__(self, hub: wiring.Hub, ann: Principal) -> None:
        self.hub = hub
        self.ann = ann
        self.set = hub.repos.create(ann, of("ann/questions"), Visibility.PRIVATE)

    @property
    def comparisons(self) -> Comparisons:
        return self.hub.comparisons

    def put(self, files: dict[str, bytes]) -> str:
        work = [AddRegular(path, data) for path, data in files.items()]
        header = CommitHeader("By hand")
        return self.hub.commits.commit(self.ann, self.set, "main", header, work).commit

    def checked(self, told: dict[str, Any]) -> shelved.Checked:
        self.put(file_of(told))
        found, where = self.comparisons.one(self.set, told["id"])
        asked, questions, why_not = self.comparisons.questions(self.set, found)
        assert questions is not None, why_not
        return self.comparisons.checked(found, where, asked, questions)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    settings = configuration.load({"data": tmp_path / "data"}, environment={})
    hub = wiring.build(settings, serves=False)
    account = hub.accounts.create_user("ann", by=None)
    yield Shelf(hub, hub.accounts.refresh(account.id, None, None))
    hub.close()


def test_results_are_where_a_set_has_them(shelf: Shelf) -> None:
    comparisons, repository = shelf.comparisons, shelf.set
    assert not comparisons.are_there(repository)
    assert comparisons.listed(repository) == ([], False)
    shelf.put({"results/a.json": b"{}"})
    assert not comparisons.are_there(repository), "a folder of that name is not a set"
    shelf.put(set_files(QUESTIONS))
    assert comparisons.are_there(repository)
    assert comparisons.listed(repository) == ([], False)
    shelf.put(file_of(RESULT))
    other = result(QUESTIONS, labels=("ann/good", "ann/third"))
    shelf.put(file_of(other) | {"results/0123456789abcdef.svg": b"<svg/>"})
    found, is_more = comparisons.listed(repository)
    assert {name for name, _ in found} == {RESULT["id"], other["id"]}
    assert all(when for _, when in found)
    assert not is_more


def test_a_result_says_what_it_holds(shelf: Shelf) -> None:
    commit = shelf.put(set_files(QUESTIONS))
    told = result(QUESTIONS, commit)
    assert shelf.checked(told) == shelved.Checked()
    found, _ = shelf.comparisons.one(shelf.set, told["id"])
    good, bad = found.models
    assert (good.label, good.failed, good.right > bad.right) == ("ann/good", 1, True)
    assert "ann/good is better than ann/<b>bad</b> (95 % sure)" in found.pairs[0].sentence
    assert found.pairs[0].high < 0
    assert len(found.answers) == len(QUESTIONS)
    outline = shelf.comparisons.outline(shelf.set, told["id"])
    assert outline.sentences == (found.pairs[0].sentence,)
    assert (outline.labels, outline.asked) == (("ann/good", "ann/<b>bad</b>"), 60)


def test_the_questions_are_those_of_the_commit_that_was_asked(shelf: Shelf) -> None:
    commit = shelf.put(set_files(QUESTIONS))
    shelf.put(set_files(QUESTIONS[1:]))
    assert shelf.checked(result(QUESTIONS, commit)) == shelved.Checked()
    unknown = shelf.checked(result(QUESTIONS, "e" * 40))
    assert unknown.differences == ("It is of other questions than these.",)


def flattered(told: dict[str, Any]) -> None:
    told["models"][1]["right"] = 60


def graded(told: dict[str, Any]) -> None:
    wrong = next(each for each in told["answers"] if each["given"][1]["grade"] == "wrong")
    wrong["given"][1]["grade"] = "right"


def turned(told: dict[str, Any]) -> None:
    told["pairs"][0]["sentence"] = "ann/bad is the best of all."


def unlike(told: dict[str, Any]) -> None:
    told["answers"][0]["id"] = "\ud800"


@pytest.mark.parametrize("change", [flattered, graded, turned, unlike])
def test_what_does_not_follow_is_found(
    shelf: Shelf, change: Callable[[dict[str, Any]], None]
) -> None:
    shelf.put(set_files(QUESTIONS))
    told = copy.deepcopy(RESULT)
    change(told)
    text = json.dumps(told).encode()
    shelf.put({f"results/{told['id']}.json": text})
    found, where = shelf.comparisons.one(shelf.set, told["id"])
    asked, questions, _ = shelf.comparisons.questions(shelf.set, found)
    assert questions is not None
    checked = shelf.comparisons.checked(found, where, asked, questions)
    assert checked.differences
    "".join(checked.differences).encode()


def test_much_is_left_to_the_terminal(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put(set_files(QUESTIONS))
    monkeypatch.setattr(shelved, "COMPARED_MAX", 100)
    assert "more answers" in shelf.checked(RESULT).why_not
    monkeypatch.setattr(shelved, "SHOWN_BYTES_MAX", 1_000)
    with pytest.raises(Malformed, match="larger than is shown"):
        shelf.comparisons.one(shelf.set, RESULT["id"])
    monkeypatch.setattr(shelved, "QUESTIONS_SHOWN_BYTES_MAX", 10)
    asked, questions, why_not = shelf.comparisons.questions(
        shelf.set, read_result(json.dumps(RESULT).encode())
    )
    assert (tuple(asked), questions) == ((), None)
    assert "more than are read" in why_not


def test_a_result_is_found_by_its_own_name_alone(shelf: Shelf) -> None:
    shelf.put({f"results/{'0' * 16}.json": file_of(RESULT).popitem()[1]})
    with pytest.raises(Malformed, match="its id is not its name"):
        shelf.comparisons.one(shelf.set, "0" * 16)
    assert "its name" in shelf.comparisons.outline(shelf.set, "0" * 16).fault
    for name in (RESULT["id"], "..", "../README", "", "0" * 15, "０" * 16, "0" * 17):
        with pytest.raises(EntryNotFound):
            shelf.comparisons.one(shelf.set, name)
    empty: Repository = shelf.hub.repos.create(shelf.ann, of("ann/other"), Visibility.PUBLIC)
    with pytest.raises(EntryNotFound):
        shelf.comparisons.one(empty, RESULT["id"])


HUGE = 10**400
PLACES: list[tuple[Any, ...]] = [
    ("id",), ("set",), ("set", "commit"), ("settings", "sources"), ("settings", "questions"),
    ("planned",), ("asked",), ("stopped",), ("models",), ("models", 0), ("models", 0, "label"),
    ("models", 0, "adapters"), ("models", 0, "by_kind"), ("models", 0, "by_kind", "row"),
    ("models", 0, "grades"), ("models", 0, "peak_bytes"), ("models", 0, "tokens_per_second"),
    ("models", 0, "seconds_per_question"), ("pairs",), ("pairs", 0, "low"), ("pairs", 0, "outcome"),
    ("pairs", 0, "first"), ("pairs", 0, "sentence"), ("answers",), ("answers", 0, "given"),
    ("answers", 0, "given", 0), ("answers", 0, "given", 0, "text"), ("answers", 0, "given", 0, "grade"),
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_any_value_anywhere_is_read_or_refused(place: tuple[Any, ...]) -> None:
    values: list[Any] = [
        None, True, -1, HUGE, 1.5, float("inf"), float("nan"), "", "x" * 5_000, [], [[]] * 20_000, {},
        {"a": []}, "<script>",
    ]  # fmt: skip
    refused = 0
    for value in values:
        told = copy.deepcopy(RESULT)
        inner = told
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value
        try:
            read_result(json.dumps(told).encode())
        except Malformed:
            refused += 1
    assert refused >= len(values) // 2


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"{}", b"[" * 100_000, b"\xff", b'{"a":1}']
)
def test_what_is_no_result_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_result(data)


def test_how_soon_a_model_fails_is_not_how_quick_it_is() -> None:
    """Each of the two failed once, within a tenth of a second."""
    told = result(items())
    assert [model["seconds_per_question"] for model in told["models"]] == [0.5, 1.5]
